// The floor that scripts/bench measures against, and its stopwatch. Compiled at bench time.
//
//   floor replay FILE        sends the netlink messages of FILE in sends of 64 KiB, and nothing else:
//                            no dump, no acknowledgement but an error's; prints nanoseconds
//   floor run COUNT COMMAND  runs it COUNT times, output discarded; prints nanoseconds and peak KiB
//   floor udp FROM TO COUNT  sends COUNT datagrams, bound and unconnected; prints nanoseconds each

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SEND_SIZE = 64 << 10 };

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void check_refusals(int link) {
    char reply[8192];
    ssize_t length = recv(link, reply, sizeof reply, MSG_DONTWAIT);
    if (length < 0) {
        if (errno == EAGAIN) return;
        fail("recv");
    }
    const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
    if (NLMSG_OK(header, length) && header->nlmsg_type == NLMSG_ERROR) {
        errno = -((const struct nlmsgerr *)NLMSG_DATA(header))->error;
        if (errno) fail("the kernel refused a message");
    }
}

static void replay(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0) fail(path);
    char *data = malloc(status.st_size);
    if (!data || read(file, data, status.st_size) != status.st_size) fail(path);

    int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int size = 4 << 20;
    setsockopt(link, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (link < 0) fail("socket");
    long long begin = now();
    for (char *at = data, *end = data + status.st_size; at < end;) {
        size_t length = 0;
        while (at + length < end) {
            size_t next = NLMSG_ALIGN(((const struct nlmsghdr *)(at + length))->nlmsg_len);
            if (length + next > SEND_SIZE) break;
            length += next;
        }
        if (send(link, at, length, 0) < 0) fail("send");
        check_refusals(link);
        at += length;
    }
    printf("%lld\n", now() - begin);
}

static void run(int count, char **command) {
    while (count-- > 0) {
        long long begin = now();
        pid_t child = fork();
        if (child == 0) {
            int nowhere = open("/dev/null", O_RDWR);
            dup2(nowhere, STDIN_FILENO);
            dup2(nowhere, STDOUT_FILENO);
            execvp(*command, command);
            _exit(127);
        }
        int status;
        struct rusage usage;
        if (child < 0 || wait4(child, &status, 0, &usage) != child) fail("fork");
        long long end = now();
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "floor: %s: wait status %#x\n", *command, status);
            exit(1);
        }
        printf("%lld %ld\n", end - begin, usage.ru_maxrss);
    }
}

static void udp(const char *from, const char *to, int count) {
    struct sockaddr_in source = {.sin_family = AF_INET}, target = {.sin_family = AF_INET};
    target.sin_port = htons(9);
    inet_pton(AF_INET, from, &source.sin_addr);
    inet_pton(AF_INET, to, &target.sin_addr);
    int out = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(out, (struct sockaddr *)&source, sizeof source) < 0) fail(from);
    long long begin = now();
    for (int i = 0; i < count; i++)
        if (sendto(out, "12345678", 8, 0, (struct sockaddr *)&target, sizeof target) < 0) fail(to);
    printf("%.1f\n", (double)(now() - begin) / count);
}

int main(int count, char **words) {
    if (count == 3 && !strcmp(words[1], "replay")) replay(words[2]);
    else if (count >= 4 && !strcmp(words[1], "run")) run(atoi(words[2]), words + 3);
    else if (count == 5 && !strcmp(words[1], "udp")) udp(words[2], words[3], atoi(words[4]));
    else return 64;
    return 0;
}
