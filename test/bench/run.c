/*
 * run.c: runs one program and prints what it took, as a line of JSON.
 *
 * Gives the program its own standard input and forgets what it prints. Processor time and memory count
 * whatever the program has waited for as well. Called by test/bench/pam.ts.
 *
 *   run PROGRAM ARGUMENT…   {"status":0,"first":1.234,"wall":2.345,"cpu":1.111,"memory":2345}
 *                           milliseconds to the first byte of output (-1: there was none) and to the end;
 *                           memory is the most that one process had, in KiB
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double to_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    int ends[2], status = 0;
    char output[4096];
    struct rusage used = {0};
    double first = -1;

    if (argc < 2 || pipe(ends) != 0) {
        (void)fputs("usage: run PROGRAM ARGUMENT…\n", stderr);
        return 2;
    }
    double begun = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execvp(argv[1], argv + 1);
        _exit(127);
    }
    (void)close(ends[1]);
    while (read(ends[0], output, sizeof output) > 0) {
        first = first < 0 ? now_ms() - begun : first;
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        return 2;
    }
    printf("{\"status\":%d,\"first\":%.3f,\"wall\":%.3f,\"cpu\":%.3f,\"memory\":%ld}\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), first, now_ms() - begun,
           to_ms(used.ru_utime) + to_ms(used.ru_stime), used.ru_maxrss);
    return 0;
}
