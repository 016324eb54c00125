/*
 * syslogd.c: prints what programs say to syslog, a line each, instead of a real one.
 *
 * It answers nothing and keeps nothing. Compiled and started by test/syslog_test.ts with the path of the
 * socket that it is to make; it prints `ready` once it listens.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
        return 2;
    }
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror(argv[1]);
        return 1;
    }
    puts("ready");
    for (;;) {
        char line[16384];
        (void)fflush(stdout);
        ssize_t length = recv(fd, line, sizeof line - 1, 0);
        if (length < 0) {
            return 1;
        }
        line[length] = '\0';
        puts(line);
    }
}
