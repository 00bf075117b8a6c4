// Preloaded into the binary under test: SIGKILL straight after its Nth change (KILL_AFTER=N).
//
// A change is a netlink request that changes something, a write below /proc/sys, and a file renamed
// or removed (the journal). A send of many requests is cut after the Nth. The product has no hook.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static long done;

static long limit(void) {
    const char *text = getenv("KILL_AFTER");
    return text ? atol(text) : -1;
}

static void step(void) {
    if (++done == limit()) kill(getpid(), SIGKILL);
}

static int changes_something(const struct nlmsghdr *message) {
    return message->nlmsg_type >= RTM_BASE && (message->nlmsg_type - RTM_BASE) % 4 != 2;
}

ssize_t sendto(int to, const void *data, size_t size, int flags, const struct sockaddr *address,
               socklen_t length) {
    ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        dlsym(RTLD_NEXT, "sendto");
    if (!address || address->sa_family != AF_NETLINK)
        return next(to, data, size, flags, address, length);
    size_t at = 0;
    long found = done;
    while (at + sizeof(struct nlmsghdr) <= size) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)((const char *)data + at);
        at += NLMSG_ALIGN(message->nlmsg_len);
        if (changes_something(message) && ++found == limit()) {
            next(to, data, at, flags, address, length);
            kill(getpid(), SIGKILL);
        }
    }
    done = found;
    return next(to, data, size, flags, address, length);
}

ssize_t write(int to, const void *data, size_t size) {
    ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    ssize_t written = next(to, data, size);
    char link[64], path[256] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", to);
    if (readlink(link, path, sizeof path - 1) > 0 && !strncmp(path, "/proc/sys/", 10)) step();
    return written;
}

int rename(const char *from, const char *to) {
    int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    int result = next(from, to);
    step();
    return result;
}

int unlink(const char *path) {
    int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");
    int result = next(path);
    step();
    return result;
}
