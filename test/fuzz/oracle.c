/*
 * oracle.c: what docs/protocol.md says of a helper's bytes, as a second reading that shares no code with the shim.
 *
 * Knows nothing of calls that fail, and looks at bytes alone. Called by world.c, session.c and module.c.
 */
#include "world.h"

#include <string.h>
#include <sys/wait.h>

/* Table 3-7 of the Unicode standard: the first byte, and what the second may be. All others are 80 to BF. */
static const struct {
    unsigned char first, last, low, high, length;
} forms[] = {
    {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, /* without C0, DEL and, below c2 a0, C1 */
    {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static size_t character(const unsigned char *text, size_t length)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last || forms[i].length > length) {
            continue;
        }
        for (size_t k = 1; k < forms[i].length; k++) {
            unsigned char low = k == 1 ? forms[i].low : 0x80, high = k == 1 ? forms[i].high : 0xbf;
            if (text[k] < low || text[k] > high) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

bool oracle_is_printable(const unsigned char *text, size_t length)
{
    for (size_t n; length > 0; text += n, length -= n) {
        n = character(text, length);
        if (n == 0) {
            return false;
        }
    }
    return true;
}

const char *oracle_text(const char *line)
{
    const char *colon = strstr(line, ": ");
    size_t length = colon ? (size_t)(colon - line) : 0;
    bool level = (length == 4 && (memcmp(line, "INFO", 4) == 0 || memcmp(line, "WARN", 4) == 0)) ||
                 (length == 5 && (memcmp(line, "ERROR", 5) == 0 || memcmp(line, "DEBUG", 5) == 0));
    return level ? colon + 2 : NULL;
}

static enum verdict read_word(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum verdict verdict;
    } words[] = {{"allowed", VERDICT_ALLOWED},         {"denied", VERDICT_DENIED},
                 {"exhausted", VERDICT_EXHAUSTED},     {"unreachable", VERDICT_UNREACHABLE},
                 {"undecided", VERDICT_UNDECIDED},     {"untrusted", VERDICT_UNTRUSTED},
                 {"misconfigured", VERDICT_MISCONFIGURED}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0) {
            return words[i].verdict;
        }
    }
    return VERDICT_NONE;
}

/* Reads WORD NONCE LINE. */
static enum verdict read_verdict(const char *payload, const char *nonce)
{
    const char *blank = strchr(payload, ' ');
    enum verdict verdict = blank ? read_word(payload, (size_t)(blank - payload)) : VERDICT_NONE;
    if (verdict == VERDICT_NONE || strlen(blank + 1) < 33 || memcmp(blank + 1, nonce, 32) != 0 || blank[33] != ' ') {
        return VERDICT_NONE;
    }
    const char *text = oracle_text(blank + 34);
    if (!text || strncmp(text, "login ", 6) != 0) {
        return VERDICT_NONE;
    }
    bool allowed = strncmp(text, "login allowed ", 14) == 0;
    return allowed == (verdict == VERDICT_ALLOWED) ? verdict : VERDICT_NONE;
}

static bool is_answered(const struct world *world, unsigned number)
{
    struct slice reply = world_reply(world->replies, number);
    return world->talk == TALKS && !(reply.length == 1 && reply.at[0] >= 1 && reply.at[0] <= 3);
}

bool oracle_is_code(const char *text)
{
    size_t length = 0;
    while ((text[length] >= '0' && text[length] <= '9') || (text[length] >= 'a' && text[length] <= 'f')) {
        length++;
    }
    return length == 64 && text[length] == '\0';
}

enum verdict oracle_verdict(const struct world *world, bool account)
{
    struct slice left = world_stream();
    /* The module has asked its own question before. */
    unsigned frames = 0, prompts = account ? 0 : 1, spends = 0;
    size_t sum = 0;
    for (;;) {
        char payload[LINE_MAX_BYTES + 1];
        if (left.length < 5) {
            return VERDICT_NONE;
        }
        char type = (char)left.at[0];
        size_t length = 0;
        for (int i = 1; i <= 4; i++) {
            length = length * 256 + left.at[i];
        }
        bool prompt = type == 'e' || type == 'h';
        sum += 5 + length;
        frames++;
        if (length > (prompt ? PROMPT_MAX : LINE_MAX_BYTES) || left.length - 5 < length || frames > SESSION_FRAMES ||
            sum > SESSION_BYTES || !oracle_is_printable(left.at + 5, length)) {
            return VERDICT_NONE;
        }
        memcpy(payload, left.at + 5, length);
        payload[length] = '\0';
        left.at += 5 + length;
        left.length -= 5 + length;
        const char *text = oracle_text(payload);
        if (prompt) {
            if (!is_answered(world, prompts++)) {
                return VERDICT_UNANSWERED;
            }
        } else if (type == 's') {
            if (account || spends++ == 3 || !oracle_is_code(payload)) {
                return VERDICT_NONE;
            }
        } else if (type == 'v') {
            enum verdict verdict = read_verdict(payload, world_story()->nonce);
            bool ends = left.length == 0 && world->ending != STREAM_STAYS_OPEN &&
                        world->leaving <= LEAVES_SLOWLY && world->exit == 0;
            return ends ? verdict : VERDICT_NONE;
        } else if (type != 'l' || !text || strncmp(text, "login ", 6) == 0 ||
                   strncmp(text, "offline code ", 13) == 0) {
            return VERDICT_NONE;
        }
    }
}
