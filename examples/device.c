/*
 * A device that posts a reading ten times a second, with the time at which it was taken: device CHANNEL [COUNT]
 *
 *     cc -Wall -o device device.c -lcurl
 *
 * The server's times are milliseconds since 1970. A reading that could not be sent is tried again under the same
 * Idempotency-Key, so that it is stored once.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static long long now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void rest(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* The secret: from the environment, or from the file that the server made. */
static int read_secret(char *secret, size_t size) {
    const char *given = getenv("SYNCSTREAMER_SECRET");
    if (given) return snprintf(secret, size, "%s", given) < (int)size;
    FILE *file = fopen("data/secret", "r");
    if (!file) return 0;
    int read = fgets(secret, (int)size, file) != NULL;
    fclose(file);
    secret[strcspn(secret, "\n")] = 0;
    return read;
}

int main(int count, char **arguments) {
    if (count < 2) return fprintf(stderr, "usage: device CHANNEL [COUNT]\n"), 2;
    long readings = count > 2 ? atol(arguments[2]) : -1;
    char secret[256], field[512], key[128], url[1024], body[128];
    if (!read_secret(secret, sizeof secret)) return fprintf(stderr, "no secret\n"), 1;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    char *channel = curl_easy_escape(curl, arguments[1], 0);
    curl_easy_setopt(curl, CURLOPT_CAINFO, setting("SYNCSTREAMER_CACERT", "certs/cert.pem"));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    snprintf(field, sizeof field, "Authorization: Bearer %s", secret);

    for (long number = 0; readings < 0 || number < readings; number++) {
        long long taken = now_milliseconds();
        snprintf(url, sizeof url, "%s/channel/%s?timestamp=%lld",
                 setting("SYNCSTREAMER_URL", "https://localhost:8080"), channel, taken);
        snprintf(body, sizeof body, "{\"n\": %ld, \"celsius\": %.1f}", number, 21 + number % 10 / 10.0);
        snprintf(key, sizeof key, "Idempotency-Key: device-%lld-%ld", taken, number);
        struct curl_slist *fields = curl_slist_append(NULL, field);
        fields = curl_slist_append(fields, "Content-Type: application/json");
        fields = curl_slist_append(fields, "Prefer: return=minimal");
        fields = curl_slist_append(fields, key);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);

        for (long wait = 500;; wait = wait < 15000 ? 2 * wait : 30000) {
            long status = 0;
            CURLcode result = curl_easy_perform(curl);
            if (result == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
            if (status == 204) break; /* It is on the server's disk. */
            if (status >= 400 && status < 500 && status != 408 && status != 429) {
                fprintf(stderr, "\nrefused with status %ld\n", status);
                return 1;
            }
            fprintf(stderr, "not sent, trying again: %s\n", status ? "the server is busy" : curl_easy_strerror(result));
            rest(wait);
        }
        curl_slist_free_all(fields);
        rest(100);
    }
    curl_free(channel);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return 0;
}
