/*
 * libpam.c: a small PAM with OpenPAM's numbers and manners, linked into a build of test/pam_app.c.
 *
 * It loads modules as OpenPAM does, from a policy whose only control word is `required`, and breaks one of
 * its own functions if FAKE_PAM_FAULT names it. What a module says to syslog becomes a line `syslog PRIORITY
 * "TEXT"` of the application's output. For tests alone: it checks no owner, has no session and no passwords.
 *
 *   FAKE_PAM_FAULT=FUNCTION         fails (pam_getenv: finds nothing)
 *   FAKE_PAM_FAULT=FUNCTION:null    succeeds without a value
 *   FAKE_PAM_FAULT=pam_get_item:N   fails for item N alone; pam_get_item:N:null as above
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

enum { LINES = 8, WORDS = 64, ITEMS = PAM_USER_PROMPT + 1, VARIABLES = 16, DATA = 8, SIZE = 8192 };

enum facility { AUTH, ACCOUNT, OTHER };

typedef int service_function(pam_handle_t *, int, int, const char **);

struct line {
    enum facility facility;
    void *module;
    char *text;               /* holds the words */
    int argc;
    const char *argv[WORDS];
};

struct datum {
    char *name;
    void *value;
    void (*clean_up)(pam_handle_t *, void *, int);
};

struct pam_handle {
    struct pam_conv conversation;
    char *items[ITEMS];
    char *variables[VARIABLES];
    struct datum data[DATA];
    struct line lines[LINES];
};

/* Tells whether a function is the one to break, `what` being the rest of its fault's name. */
static bool broken(const char *function, const char *what)
{
    const char *fault = getenv("FAKE_PAM_FAULT");
    size_t length = strlen(function);
    return fault && strncmp(fault, function, length) == 0 && strcmp(fault + length, what) == 0;
}

/* What libc's own would print; a hardened build calls the second. */
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void print_syslog(int priority, const char *format, va_list values) __attribute__((format(printf, 2, 0)));

static void print_syslog(int priority, const char *format, va_list values)
{
    char text[SIZE];
    (void)vsnprintf(text, sizeof text, format, values);
    printf("syslog %d \"", priority);
    for (const char *c = text; *c; c++) {
        printf("%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    }
    puts("\"");
    (void)fflush(stdout);
}

void syslog(int priority, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print_syslog(priority, format, values);
    va_end(values);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list values;
    (void)flag;
    va_start(values, format);
    print_syslog(priority, format, values);
    va_end(values);
}

/* Cuts the next word out of *text, with quotes as in a shell, which end with the line at the latest; NULL at the end. */
static char *next_word(char **text)
{
    char *from = *text + strspn(*text, " \t\n"), *to = from, *word = from, quote = '\0';
    if (*from == '\0' || *from == '#') {
        return NULL;
    }
    for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
        if (quote ? *from == quote : *from == '"' || *from == '\'') {
            quote = quote ? '\0' : *from;
        } else {
            from += *from == '\\' && quote != '\'' && from[1] ? 1 : 0;
            *to++ = *from;
        }
    }
    *text = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

/* Reads one line of a policy; a line that is not understood, or a module that does not load, is an error. */
static bool read_line(struct line *line, const char *source)
{
    char *text = strdup(source), *rest = text;
    const char *facility = text ? next_word(&rest) : NULL;
    line->text = text;
    line->facility = OTHER;
    if (!facility || strcmp(facility, "session") == 0 || strcmp(facility, "password") == 0) {
        return text != NULL;
    }
    const char *control = next_word(&rest), *module = next_word(&rest);
    if (!module || strcmp(control, "required") != 0) {
        return false;
    }
    line->facility = strcmp(facility, "auth") == 0 ? AUTH : ACCOUNT;
    while (line->argc < WORDS && (line->argv[line->argc] = next_word(&rest))) {
        line->argc++;
    }
    line->module = dlopen(module, RTLD_NOW);
    if (!line->module) {
        (void)fprintf(stderr, "libpam: %s\n", dlerror());
    }
    return line->module != NULL;
}

static bool read_policy(pam_handle_t *pamh, const char *folder, const char *service)
{
    char path[SIZE], source[SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", folder, service);
    FILE *file = fopen(path, "r");
    bool good = file != NULL;
    for (int i = 0; good && fgets(source, sizeof source, file); i++) {
        good = i < LINES && read_line(&pamh->lines[i], source);
    }
    if (file) {
        (void)fclose(file);
    }
    return good;
}

int pam_start_confdir(const char *service, const char *user, const struct pam_conv *conversation,
                      const char *folder, pam_handle_t **out)
{
    pam_handle_t *pamh = calloc(1, sizeof *pamh);
    if (!pamh) {
        return PAM_BUF_ERR;
    }
    pamh->conversation = *conversation;
    if (pam_set_item(pamh, PAM_SERVICE, service) != PAM_SUCCESS ||
        pam_set_item(pamh, PAM_USER, user) != PAM_SUCCESS || !read_policy(pamh, folder, service)) {
        (void)pam_end(pamh, PAM_SYSTEM_ERR);
        return PAM_SYSTEM_ERR;
    }
    *out = pamh;
    return PAM_SUCCESS;
}

int pam_start(const char *service, const char *user, const struct pam_conv *conversation,
              pam_handle_t **out)
{
    return pam_start_confdir(service, user, conversation, "/etc/pam.d", out);
}

/* A clean-up learns nothing but the status: OpenPAM has no flags for it. */
int pam_end(pam_handle_t *pamh, int status)
{
    for (int i = 0; i < DATA; i++) {
        if (pamh->data[i].clean_up) {
            pamh->data[i].clean_up(pamh, pamh->data[i].value, status);
        }
        free(pamh->data[i].name);
    }
    for (int i = 0; i < LINES; i++) {
        if (pamh->lines[i].module) {
            (void)dlclose(pamh->lines[i].module);
        }
        free(pamh->lines[i].text);
    }
    for (int i = 0; i < VARIABLES; i++) {
        free(pamh->variables[i]);
    }
    for (int i = 0; i < ITEMS; i++) {
        free(pamh->items[i]);
    }
    free(pamh);
    return PAM_SUCCESS;
}

/* Walks a chain in which every module must succeed; the first error counts, and a chain of nothing but IGNORE. */
static int dispatch(pam_handle_t *pamh, enum facility facility, const char *symbol, int flags)
{
    int result = PAM_SYSTEM_ERR;
    bool failed = false;
    for (int i = 0; i < LINES; i++) {
        struct line *line = &pamh->lines[i];
        if (!line->module || line->facility != facility) {
            continue;
        }
        union {
            void *symbol;
            service_function *function;
        } found = {.symbol = dlsym(line->module, symbol)};
        int code = found.symbol ? found.function(pamh, flags, line->argc, line->argv) : PAM_SYMBOL_ERR;
        if (code != PAM_IGNORE && !failed) {
            result = code;
            failed = code != PAM_SUCCESS;
        }
    }
    return result;
}

int pam_authenticate(pam_handle_t *pamh, int flags)
{
    return dispatch(pamh, AUTH, "pam_sm_authenticate", flags);
}

int pam_acct_mgmt(pam_handle_t *pamh, int flags)
{
    return dispatch(pamh, ACCOUNT, "pam_sm_acct_mgmt", flags);
}

int pam_setcred(pam_handle_t *pamh, int flags)
{
    return dispatch(pamh, AUTH, "pam_sm_setcred", flags);
}

int pam_open_session(pam_handle_t *pamh, int flags)
{
    (void)pamh;
    (void)flags;
    return PAM_SUCCESS;
}

int pam_close_session(pam_handle_t *pamh, int flags)
{
    return pam_open_session(pamh, flags);
}

int pam_get_item(const pam_handle_t *pamh, int type, const void **value)
{
    char one[16], null[32];
    (void)snprintf(one, sizeof one, ":%d", type);
    (void)snprintf(null, sizeof null, ":%d:null", type);
    *value = NULL;
    if (broken("pam_get_item", "") || broken("pam_get_item", one) || type < 1 || type >= ITEMS) {
        return PAM_SYSTEM_ERR;
    }
    if (!broken("pam_get_item", null)) {
        *value = type == PAM_CONV ? (const void *)&pamh->conversation : pamh->items[type];
    }
    return PAM_SUCCESS;
}

int pam_set_item(pam_handle_t *pamh, int type, const void *value)
{
    if (type < 1 || type >= ITEMS || type == PAM_CONV) {
        return PAM_SYSTEM_ERR;
    }
    char *copy = value ? strdup(value) : NULL;
    free(pamh->items[type]);
    pamh->items[type] = copy;
    return value && !copy ? PAM_BUF_ERR : PAM_SUCCESS;
}

int pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt)
{
    (void)prompt;
    *user = NULL;
    if (broken("pam_get_user", "")) {
        return PAM_CONV_ERR;
    }
    if (!broken("pam_get_user", ":null")) {
        *user = pamh->items[PAM_USER];
    }
    return PAM_SUCCESS;
}

static struct datum *find_datum(const pam_handle_t *pamh, const char *name)
{
    const struct datum *found = NULL;
    for (int i = 0; i < DATA; i++) {
        if (pamh->data[i].name && strcmp(pamh->data[i].name, name) == 0) {
            found = &pamh->data[i];
        } else if (!pamh->data[i].name && !found) {
            found = &pamh->data[i];
        }
    }
    union {
        const struct datum *in;
        struct datum *out;
    } constless = {.in = found};
    return constless.out;
}

int pam_get_data(const pam_handle_t *pamh, const char *name, const void **value)
{
    const struct datum *datum = find_datum(pamh, name);
    if (broken("pam_get_data", "") || !datum || !datum->name) {
        return PAM_NO_MODULE_DATA;
    }
    *value = datum->value;
    return PAM_SUCCESS;
}

/* A value that is replaced is cleaned up with PAM_SUCCESS, as if all were well. */
int pam_set_data(pam_handle_t *pamh, const char *name, void *value,
                 void (*clean_up)(pam_handle_t *, void *, int))
{
    struct datum *datum = find_datum(pamh, name);
    if (broken("pam_set_data", "") || !datum) {
        return PAM_SYSTEM_ERR;
    }
    if (datum->clean_up) {
        datum->clean_up(pamh, datum->value, PAM_SUCCESS);
    }
    if (!datum->name) {
        datum->name = strdup(name);
    }
    datum->value = value;
    datum->clean_up = clean_up;
    return datum->name ? PAM_SUCCESS : PAM_BUF_ERR;
}

static char **find_variable(pam_handle_t *pamh, const char *name, size_t length)
{
    for (int i = 0; i < VARIABLES; i++) {
        char *variable = pamh->variables[i];
        if (!variable || (strncmp(variable, name, length) == 0 && variable[length] == '=')) {
            return &pamh->variables[i];
        }
    }
    return NULL;
}

int pam_putenv(pam_handle_t *pamh, const char *assignment)
{
    char **place = find_variable(pamh, assignment, strcspn(assignment, "="));
    if (!place) {
        return PAM_BUF_ERR;
    }
    free(*place);
    *place = strdup(assignment);
    return *place ? PAM_SUCCESS : PAM_BUF_ERR;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
    char **place = find_variable(pamh, name, strlen(name));
    return broken("pam_getenv", "") || !place || !*place ? NULL : *place + strlen(name) + 1;
}
