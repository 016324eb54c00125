/*
 * session.c: the frame reader and the parent's side of a whole session, against a helper whose bytes are the input.
 *
 * No call fails here, so the verdict must be exactly the oracle's. The input: a byte each for how the helper ends, its
 * exit status, the size of the pieces, and how often its first frame is repeated; then what it sends. A fuzz target.
 */
#include "world.h"

#include <string.h>

enum { CONTROL = 4, MOST = 12000, SELDOM = 240 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CONTROL || size > MOST) {
        return 0;
    }
    const struct world world = {
        .ending = (enum ending)(data[0] % 3),
        .leaving = (enum leaving)(data[0] / 4 % 4),
        .exit = data[1],
        .piece = data[2],
        .repeats = data[3] < SELDOM ? 0 : data[3],
        .bytes = {data + CONTROL, size - CONTROL},
        .replies = {(const unsigned char *)"alice@example.com\n123456", 24},
        .user = "alice",
        .lowest = 3,
    };
    const char *arguments[] = {"debug"};
    char text[] = "timeout = 5\n", anchors[] = "anchors";
    const struct document config = {.text = text, .length = strlen(text)};
    const struct document trusted = {.text = anchors, .length = strlen(anchors)};
    int handle = 0;
    struct login login = {
        .pamh = (pam_handle_t *)&handle,
        .account = (data[0] & 16) != 0,
        .user = "alice",
        .rhost = "192.0.2.1",
        .service = "sshd",
        .config = "/etc/wpam/wpam.conf",
        .helper = "/usr/lib/wpam/wpam-auth",
        .log_file = "/var/log/wpam.log",
        .offline_dir = "/var/lib/wpam/offline",
        .argc = 1,
        .argv = arguments,
        .nonce = "0123456789abcdef0123456789abcdef",
        .ref = "k7m2p9qa",
    };
    char reason[REASON_MAX] = "", id[REPLY_MAX + 1];

    world_begin(&world);
    if (!login.account) {
        REQUIRE(prompt_ask(login.pamh, true, ID_PROMPT, id, reason));
        login.id = id;
    }
    enum verdict verdict = session_run(&login, &config, &trusted, reason);
    const struct story *story = world_story();
    bool closed = verdict != VERDICT_NONE && verdict != VERDICT_UNANSWERED;
    REQUIRE(verdict == oracle_verdict(&world, login.account));
    REQUIRE(story->forks == 1 && story->told && story->reaped);
    REQUIRE(story->closings == (closed ? 1 : 0));
    REQUIRE(story->closed_as_allowed == (verdict == VERDICT_ALLOWED));
    REQUIRE(closed || oracle_is_printable((const unsigned char *)reason, strlen(reason)));
    world_end();
    world_count(verdict == VERDICT_ALLOWED);
    return 0;
}
