// A kernel that makes the records of TLS 1.3 (kTLS), laid over the calls by which a program would have it do so
// (LD_PRELOAD), as Documentation/networking/tls.rst and net/tls/tls_sw.c of Linux have it, for sending, with AES-GCM:
//
// - TCP_ULP "tls" on a connected socket whose peer has not ended its direction, then TLS_TX, once, with the key of a version
//   and a cipher;
// - each send ends a record, and fills as many before as hold 16 KiB; a control message's record type is for that sendmsg;
// - what is taken may be less than what was given. A record that was taken and that TCP has no room for is held, and sent on
//   later (here: when the program next waits for events); nothing further is taken before that. What is held when the socket
//   is shut down or closed is lost.
//
// So that this happens in tests, where sockets seldom are full, now and then a part is taken, nothing is, or a record held.
// What the program under test has no use for, such as MSG_MORE and sendfile, ends it. See ktls.py, which lays `struct
// control` out too.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS_MAX = 4096, CONTENT_MAX = 16384, HEADER = 5, TAG = 16, NONCE = 12, ALERT = 21, DATA = 23 };

struct control {
    _Atomic uint32_t refusal;  // The errno with which TLS_TX fails; 0 for none.
    _Atomic uint32_t taken;    // Sockets whose records were made here.
    _Atomic uint32_t records;  // Of application data.
    _Atomic uint32_t alerts;
    _Atomic uint32_t cut;      // Calls of which a part was taken, or nothing.
    _Atomic uint32_t held;     // Records of which a part had to wait.
    _Atomic uint32_t lost;     // Records of which a part was held at the end.
};

struct tls {
    int has_ulp;
    EVP_CIPHER_CTX *cipher;
    unsigned char nonce_base[NONCE];
    uint64_t number;
    unsigned char held[HEADER + CONTENT_MAX + 1 + TAG];
    size_t start, end;
    unsigned calls, records;
};

static struct control *control;
static struct tls *sockets[SOCKETS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_setsockopt)(int, int, int, const void *, socklen_t);
static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static int (*real_shutdown)(int, int);
static int (*real_close)(int);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static ssize_t (*real_sendfile)(int, int, off_t *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);

__attribute__((constructor)) static void begin(void) {
    real_setsockopt = dlsym(RTLD_NEXT, "setsockopt");
    real_send = dlsym(RTLD_NEXT, "send");
    real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
    real_shutdown = dlsym(RTLD_NEXT, "shutdown");
    real_close = dlsym(RTLD_NEXT, "close");
    real_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");
    real_sendfile = dlsym(RTLD_NEXT, "sendfile");
    real_write = dlsym(RTLD_NEXT, "write");
    const char *path = getenv("KTLS_FILE");
    if (!path) abort();
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    real_close(file);
    control = memory;
}

static void refuse(const char *what) {
    fprintf(stderr, "ktls.c does not emulate %s\n", what);
    abort();
}

static struct tls *of(int number) { return number >= 0 && number < SOCKETS_MAX ? sockets[number] : NULL; }

static struct tls *encrypting(int number) {
    struct tls *tls = of(number);
    return tls && tls->cipher ? tls : NULL;
}

// Sends what is held; whether nothing is any more. A socket that fails drops it, as the kernel does.
static int push(int number, struct tls *tls) {
    while (tls->start < tls->end) {
        ssize_t sent = real_send(number, tls->held + tls->start, tls->end - tls->start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) return 0;
        if (sent < 0) tls->start = tls->end;
        else tls->start += sent;
    }
    return 1;
}

// Makes a record, which is held then (RFC 8446 section 5.2).
static void seal(struct tls *tls, const unsigned char *content, size_t count, unsigned char type) {
    unsigned char nonce[NONCE], *body = tls->held + HEADER;
    memcpy(nonce, tls->nonce_base, NONCE);
    for (int index = 0; index < 8; index++) nonce[4 + index] ^= tls->number >> (56 - 8 * index);
    tls->number++;
    size_t sealed = count + 1 + TAG;
    unsigned char header[HEADER] = {DATA, 3, 3, sealed >> 8, sealed & 255};
    memcpy(tls->held, header, HEADER);
    int got;
    if (EVP_EncryptInit_ex2(tls->cipher, NULL, NULL, nonce, NULL) != 1
        || EVP_EncryptUpdate(tls->cipher, NULL, &got, header, HEADER) != 1
        || EVP_EncryptUpdate(tls->cipher, body, &got, content, count) != 1
        || EVP_EncryptUpdate(tls->cipher, body + count, &got, &type, 1) != 1
        || EVP_EncryptFinal_ex(tls->cipher, body + count + 1, &got) != 1
        || EVP_CIPHER_CTX_ctrl(tls->cipher, EVP_CTRL_AEAD_GET_TAG, TAG, body + count + 1) != 1)
        abort();
    tls->start = 0;
    tls->end = HEADER + sealed;
    if (type == ALERT) control->alerts++;
    else control->records++;
}

static ssize_t take(int number, struct tls *tls, const void *octets, size_t count, unsigned char type, int flags) {
    if (flags & ~(MSG_NOSIGNAL | MSG_DONTWAIT)) refuse("these flags");
    unsigned call = tls->calls++;
    if (!push(number, tls) || call % 5 == 3) {
        control->cut++;
        errno = EAGAIN;
        return -1;
    }
    if (call % 3 == 1 && count > 100) {
        control->cut++;
        count -= count / 3;
    }
    size_t done = 0;
    do {
        size_t piece = count - done < CONTENT_MAX ? count - done : CONTENT_MAX;
        seal(tls, (const unsigned char *)octets + done, piece, type);
        done += piece;
        if (type == DATA && tls->records++ % 7 == 2) {
            // As if TCP had room for no more than this.
            size_t end = tls->end;
            tls->end /= 2;
            push(number, tls);
            tls->end = end;
            control->held++;
            break;
        }
    } while (push(number, tls) && done < count);
    return done;
}

static int set_key(int number, const void *value, socklen_t length) {
    struct tls *tls = of(number);
    const struct tls12_crypto_info_aes_gcm_128 *small = value;
    const struct tls12_crypto_info_aes_gcm_256 *large = value;
    int error = 0;
    if (!tls || !tls->has_ulp) error = ENOPROTOOPT;
    else if (tls->cipher) error = EBUSY;
    else if (control->refusal) error = control->refusal;
    else if (length < sizeof small->info || small->info.version != TLS_1_3_VERSION) error = EINVAL;
    else if (small->info.cipher_type == TLS_CIPHER_AES_GCM_128) error = length == sizeof *small ? 0 : EINVAL;
    else if (small->info.cipher_type == TLS_CIPHER_AES_GCM_256) error = length == sizeof *large ? 0 : EINVAL;
    else error = EINVAL;
    if (error) {
        errno = error;
        return -1;
    }
    int is_small = length == sizeof *small;
    const unsigned char *key = is_small ? small->key : large->key;
    const unsigned char *record = is_small ? small->rec_seq : large->rec_seq;
    memcpy(tls->nonce_base, is_small ? small->salt : large->salt, 4);
    memcpy(tls->nonce_base + 4, is_small ? small->iv : large->iv, 8);
    for (int index = 0; index < 8; index++) tls->number = tls->number << 8 | record[index];
    tls->cipher = EVP_CIPHER_CTX_new();
    if (EVP_EncryptInit_ex2(tls->cipher, is_small ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), key, NULL, NULL) != 1) abort();
    control->taken++;
    return 0;
}

int setsockopt(int number, int level, int option, const void *value, socklen_t length) {
    if (level == IPPROTO_TCP && option == TCP_ULP) {
        struct tcp_info info;
        socklen_t size = sizeof info;
        if (length < 3 || memcmp(value, "tls", 3) != 0 || number >= SOCKETS_MAX) refuse("this protocol or descriptor");
        if (getsockopt(number, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
        if (info.tcpi_state != TCP_ESTABLISHED) {
            errno = ENOTCONN;
            return -1;
        }
        pthread_mutex_lock(&lock);
        int is_new = !sockets[number];
        if (is_new) sockets[number] = calloc(1, sizeof(struct tls));
        sockets[number]->has_ulp = 1;
        pthread_mutex_unlock(&lock);
        if (!is_new) errno = EEXIST;
        return is_new ? 0 : -1;
    }
    if (level == SOL_TLS) {
        if (option != TLS_TX) refuse("this option");
        pthread_mutex_lock(&lock);
        int result = set_key(number, value, length);
        pthread_mutex_unlock(&lock);
        return result;
    }
    return real_setsockopt(number, level, option, value, length);
}

ssize_t send(int number, const void *octets, size_t count, int flags) {
    pthread_mutex_lock(&lock);
    struct tls *tls = encrypting(number);
    ssize_t sent = tls ? take(number, tls, octets, count, DATA, flags) : 0;
    pthread_mutex_unlock(&lock);
    return tls ? sent : real_send(number, octets, count, flags);
}

ssize_t sendmsg(int number, const struct msghdr *message, int flags) {
    pthread_mutex_lock(&lock);
    struct tls *tls = encrypting(number);
    ssize_t sent = 0;
    if (tls) {
        unsigned char type = DATA;
        struct cmsghdr *header = CMSG_FIRSTHDR(message);
        if (message->msg_iovlen != 1) refuse("several pieces");
        if (header) {
            if (header->cmsg_level != SOL_TLS || header->cmsg_type != TLS_SET_RECORD_TYPE || header->cmsg_len != CMSG_LEN(1)
                || CMSG_NXTHDR((struct msghdr *)message, header))
                refuse("this control message");
            type = *CMSG_DATA(header);
        }
        sent = take(number, tls, message->msg_iov->iov_base, message->msg_iov->iov_len, type, flags);
    }
    pthread_mutex_unlock(&lock);
    return tls ? sent : real_sendmsg(number, message, flags);
}

ssize_t sendfile(int number, int file, off_t *offset, size_t count) {
    if (encrypting(number)) refuse("sendfile");
    return real_sendfile(number, file, offset, count);
}

ssize_t write(int number, const void *octets, size_t count) {
    if (encrypting(number)) refuse("write");
    return real_write(number, octets, count);
}

static void note_loss(struct tls *tls) {
    if (tls->start < tls->end) control->lost++;
    tls->start = tls->end;
}

int shutdown(int number, int direction) {
    pthread_mutex_lock(&lock);
    struct tls *tls = encrypting(number);
    if (tls && direction != SHUT_RD) note_loss(tls);
    pthread_mutex_unlock(&lock);
    return real_shutdown(number, direction);
}

int close(int number) {
    pthread_mutex_lock(&lock);
    struct tls *tls = of(number);
    if (tls) {
        note_loss(tls);
        EVP_CIPHER_CTX_free(tls->cipher);
        free(tls);
        sockets[number] = NULL;
    }
    pthread_mutex_unlock(&lock);
    return real_close(number);
}

// The kernel's own work goes on when a socket has room again: whoever waits lets it.
int epoll_wait(int poller, struct epoll_event *events, int count, int milliseconds) {
    pthread_mutex_lock(&lock);
    for (int number = 0; number < SOCKETS_MAX; number++) {
        struct tls *tls = encrypting(number);
        if (tls) push(number, tls);
    }
    pthread_mutex_unlock(&lock);
    return real_epoll_wait(poller, events, count, milliseconds);
}
