/*
 * pam_app.c: a PAM application played by a test, on a service folder of its own (no root needed).
 *
 * A test tool: it decides nothing, wipes nothing and never sleeps for a refusal. It talks with the
 * test by lines on its standard input and output. Built for Linux-PAM, and for the small OpenPAM of
 * test/fake/openpam. Called by test/rung_pam.ts.
 *
 *   pam_app --confdir DIR --service NAME --user NAME [--rhost R] [--tty T] [--env NAME=VALUE]…
 *           [--no-conversation] [--silent] [--sigchld note|default|ignore|nowait|reap]
 *           [--interrupt MICROSECONDS] CALL…
 *                                            calls: authenticate account setcred open_session
 *                                            close_session user=NAME (another PAM_USER from
 *                                            here on); they end with the first that fails
 *
 *   it prints   prompt echo|hidden "TEXT"    and reads one line:
 *                                            text HEX | null | no-array | fail
 *               message info|error "TEXT"
 *               delay MICROSECONDS           before the result of a refused authenticate
 *               CALL PAM_NAME                the result of each call
 *               memory KIB               at the end: the most that a child has taken
 *               fds N, children N, signals N: what the calls left open, alive or changed
 */
#include <dirent.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_appl.h>

enum { SIGNALS = 32, LINE_SIZE = 32768 };

/* Microseconds between two interruptions of the calls; none when 0. */
static suseconds_t interruption;

/* Has a signal interrupt this process again and again, but for the time in which the user is asked. */
static void interrupt_every(suseconds_t microseconds)
{
    const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static const struct {
    int code;
    const char *name;
} names[] = {
#define NAME(code) {code, #code}
    NAME(PAM_SUCCESS),          NAME(PAM_OPEN_ERR),        NAME(PAM_SYMBOL_ERR),
    NAME(PAM_SERVICE_ERR),      NAME(PAM_SYSTEM_ERR),      NAME(PAM_BUF_ERR),
    NAME(PAM_PERM_DENIED),      NAME(PAM_AUTH_ERR),        NAME(PAM_CRED_INSUFFICIENT),
    NAME(PAM_AUTHINFO_UNAVAIL), NAME(PAM_USER_UNKNOWN),    NAME(PAM_MAXTRIES),
    NAME(PAM_NEW_AUTHTOK_REQD), NAME(PAM_ACCT_EXPIRED),    NAME(PAM_SESSION_ERR),
    NAME(PAM_CRED_UNAVAIL),     NAME(PAM_CRED_EXPIRED),    NAME(PAM_CRED_ERR),
    NAME(PAM_NO_MODULE_DATA),   NAME(PAM_CONV_ERR),        NAME(PAM_AUTHTOK_ERR),
    NAME(PAM_IGNORE),           NAME(PAM_ABORT),           NAME(PAM_TRY_AGAIN),
    NAME(PAM_MODULE_UNKNOWN),   NAME(PAM_BAD_ITEM),
#undef NAME
};

static const char *name_of(int code)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return "PAM_WITHOUT_A_NAME";
}

static void print_json(const char *text)
{
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            printf("\\%c", *c);
        } else if (*c < 0x20 || *c == 0x7f) {
            printf("\\u%04x", *c);
        } else {
            putchar(*c);
        }
    }
    puts("\"");
    (void)fflush(stdout);
}

static char *from_hex(const char *hex)
{
    size_t length = strlen(hex) / 2;
    char *text = calloc(length + 1, 1);
    for (size_t i = 0; text && i < length; i++) {
        unsigned byte = 0;
        (void)sscanf(hex + 2 * i, "%2x", &byte);
        text[i] = (char)byte;
    }
    return text;
}

/* Answers one question as the test says; the words are those of the head of this file. */
static int answer(struct pam_response **answers)
{
    char line[LINE_SIZE];
    *answers = NULL;
    if (!fgets(line, sizeof line, stdin)) {
        return PAM_CONV_ERR;
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "fail") == 0) {
        return PAM_CONV_ERR;
    }
    if (strcmp(line, "no-array") == 0) {
        return PAM_SUCCESS;
    }
    *answers = calloc(1, sizeof **answers);
    if (*answers && strncmp(line, "text ", 5) == 0) {
        (*answers)->resp = from_hex(line + 5);
    }
    return *answers ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int talk(int count, const struct pam_message **messages, struct pam_response **answers)
{
    if (count != 1) {
        puts("broken: more than one message at once");
        return PAM_CONV_ERR;
    }
    switch (messages[0]->msg_style) {
    case PAM_PROMPT_ECHO_ON:
    case PAM_PROMPT_ECHO_OFF:
        printf("prompt %s ", messages[0]->msg_style == PAM_PROMPT_ECHO_ON ? "echo" : "hidden");
        print_json(messages[0]->msg);
        return answer(answers);
    case PAM_TEXT_INFO:
    case PAM_ERROR_MSG:
        printf("message %s ", messages[0]->msg_style == PAM_TEXT_INFO ? "info" : "error");
        print_json(messages[0]->msg);
        *answers = calloc(1, sizeof **answers);
        return PAM_SUCCESS;
    default:
        return PAM_CONV_ERR;
    }
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers,
                    void *data)
{
    (void)data;
    interrupt_every(0);
    int result = talk(count, messages, answers);
    interrupt_every(interruption);
    return result;
}

#ifdef PAM_FAIL_DELAY
static void report_delay(int status, unsigned microseconds, void *data)
{
    (void)data;
    if (status != PAM_SUCCESS && microseconds > 0) {
        printf("delay %u\n", microseconds);
    }
}
#endif

/* Has a delay told instead of slept; OpenPAM has none. */
static void watch_delays(pam_handle_t *pamh)
{
#ifdef PAM_FAIL_DELAY
    union {
        void (*function)(int, unsigned, void *);
        const void *item;
    } delay = {.function = report_delay};
    (void)pam_set_item(pamh, PAM_FAIL_DELAY, delay.item);
#else
    (void)pamh;
#endif
}

static int call(pam_handle_t *pamh, const char *word, int flags)
{
    if (strcmp(word, "authenticate") == 0) {
        return pam_authenticate(pamh, (int)PAM_DISALLOW_NULL_AUTHTOK | flags);
    }
    if (strcmp(word, "account") == 0) {
        return pam_acct_mgmt(pamh, flags);
    }
    if (strcmp(word, "setcred") == 0) {
        return pam_setcred(pamh, PAM_ESTABLISH_CRED);
    }
    if (strcmp(word, "open_session") == 0) {
        return pam_open_session(pamh, 0);
    }
    if (strcmp(word, "close_session") == 0) {
        return pam_close_session(pamh, 0);
    }
    if (strncmp(word, "user=", 5) == 0) {
        return pam_set_item(pamh, PAM_USER, word + 5);
    }
    return PAM_SYMBOL_ERR;
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder)) {
        count++;
    }
    if (folder) {
        (void)closedir(folder);
    }
    return count;
}

static int count_children(void)
{
    int count = 0;
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        count++;
    }
    return pid == 0 ? count + 1 : count;
}

static void note_signal(int number)
{
    (void)number;
}

static void reap_all(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

/* What applications do with SIGCHLD; sshd's monitor has a handler that only notes it. */
static bool handle_children(const char *how)
{
    struct sigaction action = {.sa_handler = note_signal};
    if (strcmp(how, "default") == 0 || strcmp(how, "nowait") == 0) {
        action.sa_handler = SIG_DFL;
        action.sa_flags = how[0] == 'n' ? SA_NOCLDWAIT : 0;
    } else if (strcmp(how, "ignore") == 0) {
        action.sa_handler = SIG_IGN;
    } else if (strcmp(how, "reap") == 0) {
        action.sa_handler = reap_all;
    } else if (strcmp(how, "note") != 0) {
        return false;
    }
    return sigaction(SIGCHLD, &action, NULL) == 0;
}

/* Handlers and mask of this process; the last place stands for the mask. */
static void read_signals(struct sigaction state[SIGNALS + 1])
{
    memset(state, 0, (SIGNALS + 1) * sizeof *state);
    for (int number = 1; number < SIGNALS; number++) {
        (void)sigaction(number, NULL, &state[number]);
    }
    (void)sigprocmask(SIG_SETMASK, NULL, &state[SIGNALS].sa_mask);
}

static int count_changes(const struct sigaction before[], const struct sigaction after[])
{
    /* Without SA_RESTORER, which libc adds to whatever it sets, the default too. */
    const unsigned flags = (unsigned)SA_NOCLDSTOP | (unsigned)SA_NOCLDWAIT | (unsigned)SA_SIGINFO |
                           (unsigned)SA_ONSTACK | (unsigned)SA_RESTART | (unsigned)SA_NODEFER |
                           (unsigned)SA_RESETHAND;
    int count = 0;
    for (int number = 1; number <= SIGNALS; number++) {
        bool same = before[number].sa_handler == after[number].sa_handler &&
                    (((unsigned)before[number].sa_flags ^ (unsigned)after[number].sa_flags) & flags) == 0;
        for (int member = 1; same && member < SIGNALS; member++) {
            same = sigismember(&before[number].sa_mask, member) ==
                   sigismember(&after[number].sa_mask, member);
        }
        count += same ? 0 : 1;
    }
    return count;
}

static _Noreturn void stop(const char *why)
{
    (void)fprintf(stderr, "pam_app: %s\n", why);
    exit(2);
}

int main(int argc, char **argv)
{
    const char *confdir = NULL, *service = NULL, *user = NULL, *rhost = NULL, *tty = NULL;
    const char *sigchld = "note", *environment[8];
    size_t variables = 0;
    bool conversation = true;
    int flags = 0;
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--no-conversation") == 0) {
            conversation = false;
            continue;
        }
        if (strcmp(argv[at], "--silent") == 0) {
            flags = (int)PAM_SILENT;
            continue;
        }
        if (at + 1 == argc) {
            stop("an option without its value");
        }
        const char *option = argv[at++];
        if (strcmp(option, "--confdir") == 0) {
            confdir = argv[at];
        } else if (strcmp(option, "--service") == 0) {
            service = argv[at];
        } else if (strcmp(option, "--user") == 0) {
            user = argv[at];
        } else if (strcmp(option, "--rhost") == 0) {
            rhost = argv[at];
        } else if (strcmp(option, "--tty") == 0) {
            tty = argv[at];
        } else if (strcmp(option, "--sigchld") == 0) {
            sigchld = argv[at];
        } else if (strcmp(option, "--interrupt") == 0) {
            interruption = (suseconds_t)atol(argv[at]);
        } else if (strcmp(option, "--env") == 0 && variables < 8) {
            environment[variables++] = argv[at];
        } else {
            stop("unknown option");
        }
    }

    /* sshd clears its groups, su and login do not: the helper must not inherit them. */
    const gid_t group = 1;
    if (geteuid() == 0) {
        (void)setgroups(1, &group);
    }
    struct pam_conv with = {converse, NULL}, without = {NULL, NULL};
    pam_handle_t *pamh = NULL;
    int result = pam_start_confdir(service, user, conversation ? &with : &without, confdir, &pamh);
    if (result != PAM_SUCCESS) {
        printf("start %s\n", name_of(result));
        return 1;
    }
    watch_delays(pamh);
    (void)pam_set_item(pamh, PAM_RHOST, rhost);
    (void)pam_set_item(pamh, PAM_TTY, tty);
    for (size_t i = 0; i < variables; i++) {
        (void)pam_putenv(pamh, environment[i]);
    }

    /* Not restarted, so that every call that can be interrupted is. */
    struct sigaction interrupted = {.sa_handler = note_signal}, before[SIGNALS + 1], after[SIGNALS + 1];
    (void)sigaction(SIGALRM, &interrupted, NULL);
    if (!handle_children(sigchld)) {
        stop("no such way to handle SIGCHLD");
    }
    /* syslog's socket is no leak of the module. */
    openlog("pam_app", LOG_NDELAY, LOG_AUTHPRIV);
    read_signals(before);
    int descriptors = count_descriptors();

    for (; at < argc && result == PAM_SUCCESS; at++) {
        interrupt_every(interruption);
        result = call(pamh, argv[at], flags);
        interrupt_every(0);
        printf("%s %s\n", argv[at], name_of(result));
        (void)fflush(stdout);
    }

    struct rusage used = {0};
    (void)getrusage(RUSAGE_CHILDREN, &used);
    printf("memory %ld\n", used.ru_maxrss);
    read_signals(after);
    printf("fds %d\nchildren %d\nsignals %d\n", count_descriptors() - descriptors, count_children(),
           count_changes(before, after));
    (void)pam_end(pamh, result);
    return 0;
}
