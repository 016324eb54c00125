/*
 * crowd.c: a PAM application in which several logins happen at the same time, in one process.
 *
 * It says how each ends and whether the process is afterwards as it was before; it judges nothing. Compiled and
 * started by test/crowd_test.ts.
 *
 *   crowd CONFDIR default|note|ignore ID RIGHT WRONG threads N
 *                   N threads log in at once, each with a handle of its own: the first, third, … with the code RIGHT,
 *                   the others with WRONG. Meanwhile another thread starts and awaits children of its own.
 *   crowd CONFDIR … ID RIGHT WRONG nested
 *                   login 0 is at its second question when login 1, with the code WRONG, runs from start to end.
 *
 *   it prints   login NUMBER AUTHENTICATE ACCOUNT     in the numbers of this PAM
 *               lost N                                children of the other thread that somebody else has reaped
 *               sigchld same|changed, fds N, children N
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <security/pam_appl.h>

enum { CROWD_MAX = 32, OWN_STATUS = 7 };

struct visitor {
    const char *code;
    struct visitor *meanwhile;   /* whose login runs at this one's second question */
    int asked;
    int authenticate, account;
};

static const char *folder, *id;
static atomic_bool over;
static int lost;

static void log_in(struct visitor *visitor);

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    struct visitor *visitor = data;
    *answers = calloc((size_t)count, sizeof **answers);
    if (!*answers || messages[0]->msg_style != PAM_PROMPT_ECHO_ON) {
        return *answers ? PAM_SUCCESS : PAM_BUF_ERR;
    }
    if (++visitor->asked == 2 && visitor->meanwhile) {
        log_in(visitor->meanwhile);
    }
    (*answers)->resp = strdup(visitor->asked == 1 ? id : visitor->code);
    return PAM_SUCCESS;
}

#ifdef PAM_FAIL_DELAY
static void skip_delay(int status, unsigned microseconds, void *data)
{
    (void)status;
    (void)microseconds;
    (void)data;
}
#endif

static void log_in(struct visitor *visitor)
{
    const struct pam_conv conversation = {converse, visitor};
    pam_handle_t *pamh = NULL;
    visitor->authenticate = pam_start_confdir("crowd", "alice", &conversation, folder, &pamh);
    if (visitor->authenticate != PAM_SUCCESS) {
        return;
    }
#ifdef PAM_FAIL_DELAY
    union {
        void (*function)(int, unsigned, void *);
        const void *item;
    } delay = {.function = skip_delay};
    (void)pam_set_item(pamh, PAM_FAIL_DELAY, delay.item);
#endif
    visitor->authenticate = pam_authenticate(pamh, 0);
    visitor->account = pam_acct_mgmt(pamh, 0);
    (void)pam_end(pamh, visitor->account);
}

static void *run_visitor(void *data)
{
    log_in(data);
    return NULL;
}

/* Starts children of its own, one after the other, and counts those that it cannot await. */
static void *run_stranger(void *unused)
{
    while (!over) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            _exit(OWN_STATUS);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        lost += WIFEXITED(status) && WEXITSTATUS(status) == OWN_STATUS ? 0 : 1;
        (void)usleep(2000);
    }
    return unused;
}

static void note_child(int number)
{
    (void)number;
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (entries && readdir(entries)) {
        count++;
    }
    if (entries) {
        (void)closedir(entries);
    }
    return count;
}

static void run_threads(struct visitor visitors[], int count)
{
    pthread_t threads[CROWD_MAX], stranger;
    (void)pthread_create(&stranger, NULL, run_stranger, NULL);
    for (int i = 0; i < count; i++) {
        (void)pthread_create(&threads[i], NULL, run_visitor, &visitors[i]);
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    over = true;
    (void)pthread_join(stranger, NULL);
}

int main(int argc, char **argv)
{
    struct visitor visitors[CROWD_MAX] = {0};
    struct sigaction before = {.sa_handler = SIG_DFL}, after;
    bool nested = argc == 7 && strcmp(argv[6], "nested") == 0;
    int count = argc == 8 ? atoi(argv[7]) : 2;
    if ((!nested && argc != 8) || count < 1 || count > CROWD_MAX) {
        return 2;
    }
    folder = argv[1];
    id = argv[3];
    if (strcmp(argv[2], "default") != 0) {
        before.sa_handler = argv[2][0] == 'n' ? note_child : SIG_IGN;
    }
    (void)sigaction(SIGCHLD, &before, NULL);
    for (int i = 0; i < count; i++) {
        visitors[i] = (struct visitor){.code = argv[4 + i % 2]};
    }

    int descriptors = count_descriptors();
    if (nested) {
        visitors[0].meanwhile = &visitors[1];
        log_in(&visitors[0]);
    } else {
        run_threads(visitors, count);
    }
    for (int i = 0; i < count; i++) {
        printf("login %d %d %d\n", i, visitors[i].authenticate, visitors[i].account);
    }
    (void)sigaction(SIGCHLD, NULL, &after);
    printf("lost %d\nsigchld %s\nfds %d\nchildren %d\n", lost,
           after.sa_handler == before.sa_handler ? "same" : "changed", count_descriptors() - descriptors,
           waitpid(-1, NULL, WNOHANG) < 0 ? 0 : 1);
    return 0;
}
