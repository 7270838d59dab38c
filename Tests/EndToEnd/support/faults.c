// A disk that fails when a test says so: laid over the calls by which a program changes files, and pread (LD_PRELOAD),
// steered through a file that both have mapped. See faults.py, which lays the same structures out.
//
// A rule is about one call, or any, on files whose path holds a text. It lets some such calls pass, and then fails
// them, cuts them short, has them wait for as long as the rule is there, or ends the program before, in the middle of or
// after one, as SIGKILL would at that moment.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RULES_MAX = 16 };
enum call { ANY, OPEN, PWRITE, PWRITEV, FDATASYNC, FSYNC, RENAME, UNLINK, FALLOCATE, MKDIR, PREAD };
enum action { PASS, FAIL, SHORT, KILL_BEFORE, KILL_WITHIN, KILL_AFTER, FAIL_AFTER, WAIT };

struct rule {
    _Atomic uint32_t is_on;
    uint32_t call, action, error;
    int64_t passes;          // Calls that pass before the first that doesn't.
    int64_t times;           // Calls that don't pass; negative: all from then on.
    _Atomic int64_t met;     // Calls that matched.
    _Atomic int64_t struck;  // Those that did not pass.
    char path[96];
};

struct control {
    _Atomic uint64_t calls;  // All calls, matched by a rule or not: shows that this is in place.
    struct rule rules[RULES_MAX];
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_FILE");
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    close(file);
    control = memory;
}

static void end_now(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// The rule that strikes this call, or NULL. `file` is the descriptor of the file or of its folder; `name` may be NULL.
static struct rule *strike(enum call call, int file, const char *name) {
    if (!control) return NULL;
    atomic_fetch_add(&control->calls, 1);
    char path[PATH_MAX + 1] = "";
    for (int i = 0; i < RULES_MAX; i++) {
        struct rule *rule = &control->rules[i];
        if (!atomic_load(&rule->is_on) || (rule->call != ANY && rule->call != call)) continue;
        if (!path[0]) {
            int saved = errno;
            size_t length = 0;
            if (file >= 0) {
                char link[64];
                snprintf(link, sizeof link, "/proc/self/fd/%d", file);
                ssize_t got = readlink(link, path, PATH_MAX);
                length = got < 0 ? 0 : (size_t)got;
            }
            path[length] = 0;
            if (name) snprintf(path + length, sizeof path - length, "/%s", name);
            errno = saved;
        }
        if (!strstr(path, rule->path)) continue;
        int64_t number = atomic_fetch_add(&rule->met, 1);
        if (rule->action == PASS || number < rule->passes || (rule->times >= 0 && number >= rule->passes + rule->times)) continue;
        atomic_fetch_add(&rule->struck, 1);
        if (rule->action == KILL_BEFORE) end_now();
        if (rule->action == WAIT) {
            while (atomic_load(&rule->is_on)) usleep(1000);
            continue;
        }
        return rule;
    }
    return NULL;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// For calls that either happen or don't: in the middle is afterwards.
#define WHOLE(rule, expression)                                        \
    do {                                                               \
        if (rule && rule->action == FAIL) {                            \
            errno = (int)rule->error;                                  \
            return -1;                                                 \
        }                                                              \
        int result = (expression);                                     \
        if (rule && rule->action != SHORT && rule->action != FAIL_AFTER) end_now(); \
        if (rule && rule->action == FAIL_AFTER) {                      \
            errno = (int)rule->error;                                  \
            return -1;                                                 \
        }                                                              \
        return result;                                                 \
    } while (0)

static int changes(int flags) { return (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) != 0; }

int openat(int folder, const char *name, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    REAL(openat);
    struct rule *rule = changes(flags) ? strike(OPEN, folder, name) : NULL;
    WHOLE(rule, real(folder, name, flags, mode));
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    struct rule *rule = strike(MKDIR, -1, path);
    WHOLE(rule, real(path, mode));
}

int renameat(int from, const char *name, int to, const char *new_name) {
    REAL(renameat);
    struct rule *rule = strike(RENAME, from, name);
    WHOLE(rule, real(from, name, to, new_name));
}

int unlinkat(int folder, const char *name, int flags) {
    REAL(unlinkat);
    struct rule *rule = strike(UNLINK, folder, name);
    WHOLE(rule, real(folder, name, flags));
}

int fdatasync(int file) {
    REAL(fdatasync);
    struct rule *rule = strike(FDATASYNC, file, NULL);
    WHOLE(rule, real(file));
}

int fsync(int file) {
    REAL(fsync);
    struct rule *rule = strike(FSYNC, file, NULL);
    WHOLE(rule, real(file));
}

int posix_fallocate(int file, off_t offset, off_t length) {
    REAL(posix_fallocate);
    struct rule *rule = strike(FALLOCATE, file, NULL);
    if (rule && (rule->action == FAIL || rule->action == FAIL_AFTER)) return (int)rule->error;
    int result = real(file, offset, length);
    if (rule && rule->action != SHORT) end_now();
    return result;
}

ssize_t pwrite(int file, const void *octets, size_t count, off_t offset) {
    REAL(pwrite);
    struct rule *rule = strike(PWRITE, file, NULL);
    if (!rule) return real(file, octets, count, offset);
    if (rule->action == FAIL) {
        errno = (int)rule->error;
        return -1;
    }
    int is_whole = rule->action == KILL_AFTER || count < 2;
    ssize_t put = real(file, octets, is_whole ? count : count / 2, offset);
    if (rule->action == FAIL_AFTER) {
        errno = (int)rule->error;
        return -1;
    }
    if (rule->action != SHORT) end_now();
    return put;
}

ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t offset) {
    REAL(pwritev);
    struct rule *rule = strike(PWRITEV, file, NULL);
    if (!rule) return real(file, pieces, count, offset);
    if (rule->action == FAIL) {
        errno = (int)rule->error;
        return -1;
    }
    size_t total = 0;
    for (int i = 0; i < count; i++) total += pieces[i].iov_len;
    size_t left = rule->action == KILL_AFTER || total < 2 ? total : total / 2;
    struct iovec parts[count];
    int used = 0;
    while (left > 0) {
        parts[used] = pieces[used];
        if (parts[used].iov_len > left) parts[used].iov_len = left;
        left -= parts[used++].iov_len;
    }
    ssize_t put = real(file, parts, used, offset);
    if (rule->action == FAIL_AFTER) {
        errno = (int)rule->error;
        return -1;
    }
    if (rule->action != SHORT) end_now();
    return put;
}

// Reads fail, or don't: what ends a program belongs to the calls above.
ssize_t pread(int file, void *octets, size_t count, off_t offset) {
    REAL(pread);
    struct rule *rule = strike(PREAD, file, NULL);
    if (rule && rule->action == FAIL) {
        errno = (int)rule->error;
        return -1;
    }
    return real(file, octets, rule && rule->action == SHORT && count > 1 ? count / 2 : count, offset);
}

// What a 64-bit program calls the same.
int openat64(int, const char *, int, ...) __attribute__((alias("openat")));
ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
ssize_t pread64(int, void *, size_t, off_t) __attribute__((alias("pread")));
ssize_t pwritev64(int, const struct iovec *, int, off_t) __attribute__((alias("pwritev")));
int posix_fallocate64(int, off_t, off_t) __attribute__((alias("posix_fallocate")));
