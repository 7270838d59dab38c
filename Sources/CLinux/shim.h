// What Linux offers and Swift's Glibc module lacks. Used only by the target Posix.
#ifndef SYNCSTREAMER_CLINUX_H
#define SYNCSTREAMER_CLINUX_H

#include <errno.h>
#include <linux/tls.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

// accept4(2) hides behind _GNU_SOURCE, which the Glibc module was built without.
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

// pthread_setname_np(3) hides there too.
extern int pthread_setname_np(pthread_t thread, const char *name);

// The POSIX form of strerror_r(3), under the name glibc gives it beside its own form.
extern int __xpg_strerror_r(int error, char *buffer, size_t length);

// Macros that take something, or are made of others.
static const uint16_t shim_TLS_1_3_VERSION = TLS_1_3_VERSION;

static inline size_t shim_CMSG_LEN(size_t count) {
    return CMSG_LEN(count);
}

static inline size_t shim_CMSG_SPACE(size_t count) {
    return CMSG_SPACE(count);
}

#endif
