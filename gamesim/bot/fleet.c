/*
 * fleet.c - see fleet.h. Players start a few at a time, so that a thousand of them do not fall into
 * one socket buffer at once.
 */
#include "bot/fleet.h"
#include "host/tick.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define TICKS_PER_SECOND 30
#define STARTS_PER_TICK  10
#define TIMEOUT_SECONDS  10
#define LEAVE_SECONDS    10 /* for hearthd to hear of it */
#define SECOND_NS        UINT64_C(1000000000)

struct fleet {
    const struct fleet_options *options;
    struct tally *tally;
    netcode_issuer issuer;
    uv_loop_t loop;
    struct tick_timer tick;
    uv_signal_t interrupt;
    struct player *players;
    enlistment *enlist; /* NULL: stand-alone */
    uint32_t started;   /* stand-alone */
    uint64_t all_in_ns; /* 0: not yet */
    bool failed, leaving, stopping;
    uint64_t leave_deadline_ns;
};

static bool start_one(struct fleet *fleet)
{
    const struct fleet_options *options = fleet->options;
    uint8_t token[NETCODE_TOKEN_BYTES];
    uint64_t client_id, expires_at;
    randombytes_buf(&client_id, sizeof(client_id));
    const netcode_grant grant = {.client_id = client_id,
                                 .timeout_seconds = TIMEOUT_SECONDS,
                                 .public_addresses = &options->server,
                                 .public_count = 1,
                                 .private_addresses = &options->server,
                                 .private_count = 1};
    if (netcode_token_write(&fleet->issuer, &grant, token, &expires_at) != HEARTH_OK)
        return false;
    uint32_t number = fleet->started++;
    bool ok = player_start(&fleet->players[number], &fleet->loop, number, fleet->tally, token);
    sodium_memzero(token, sizeof(token));
    return ok;
}

static void stop(struct fleet *fleet)
{
    if (fleet->stopping)
        return;
    fleet->stopping = true;
    for (uint32_t i = 0; i < fleet->options->players; i++)
        player_stop(&fleet->players[i]);
    enlist_stop(fleet->enlist);
    tick_stop(&fleet->tick);
    uv_close((uv_handle_t *)&fleet->interrupt, NULL);
}

/* Whether the run is over; also notes when everybody was in. */
static bool is_over(struct fleet *fleet, uint64_t now_ns)
{
    uint32_t in = 0, over = 0;
    for (uint32_t i = 0; i < fleet->options->players; i++) {
        const struct player *player = &fleet->players[i];
        in += player_is_in(player);
        over += player->state == PLAYER_FINISHED || player->state == PLAYER_FAILED;
        if (player->state == PLAYER_FAILED)
            return true; /* the run has failed; there is nothing to wait for */
    }
    if (fleet->all_in_ns == 0 && in == fleet->options->players)
        fleet->all_in_ns = now_ns;
    if (fleet->options->duration_seconds == 0)
        return over == fleet->options->players;
    return fleet->all_in_ns != 0 &&
           now_ns - fleet->all_in_ns >= fleet->options->duration_seconds * SECOND_NS;
}

static void on_token(void *arg, uint32_t number, const uint8_t token[NETCODE_TOKEN_BYTES], int seat)
{
    struct fleet *fleet = arg;
    if (player_start(&fleet->players[number], &fleet->loop, number, fleet->tally, token))
        fleet->players[number].promised_seat = seat;
}

/* The match ended while the player was away from it. */
static void on_over(void *arg, uint32_t number)
{
    struct fleet *fleet = arg;
    fleet->players[number].state = PLAYER_FINISHED;
}

static void on_failed(void *arg, uint32_t number, const char *why)
{
    struct fleet *fleet = arg;
    fprintf(stderr, "hearth-bot: player %u: %s\n", number, why);
    fleet->tally->errors++;
    fleet->failed = true;
}

/* With a duration, a match that ended is followed by the next one. */
static void play_on(struct fleet *fleet, uint32_t number)
{
    struct player *player = &fleet->players[number];
    if (fleet->options->duration_seconds == 0 || player->state != PLAYER_FINISHED)
        return;
    if (!fleet->enlist) {
        player->state = PLAYER_PLAYING;
        return;
    }
    player_stop(player);
    enlist_again(fleet->enlist, number);
}

/* Once in its life, some time into a match: the connection goes, the seat is kept, and a new token
 * brings the player back to it. */
static void go_away(struct fleet *fleet, uint32_t number, uint64_t now_ns)
{
    struct player *player = &fleet->players[number];
    uint64_t after = fleet->options->rejoin_seconds * SECOND_NS;
    if (after == 0 || player->state != PLAYER_PLAYING || player->was_away ||
        !player_is_in(player) || now_ns < player->admitted_ns + after)
        return;
    player->was_away = true;
    player_stop(player);
    enlist_rejoin(fleet->enlist, number);
}

static void finish(struct fleet *fleet, uint64_t now_ns)
{
    if (!fleet->enlist || !fleet->options->leave || fleet->failed) {
        stop(fleet);
        return;
    }
    fleet->leaving = true;
    fleet->leave_deadline_ns = now_ns + LEAVE_SECONDS * SECOND_NS;
    for (uint32_t i = 0; i < fleet->options->players; i++)
        player_stop(&fleet->players[i]);
    enlist_leave(fleet->enlist);
}

static void tick_leaving(struct fleet *fleet, uint64_t now_ns)
{
    bool late = now_ns >= fleet->leave_deadline_ns;
    if (late && !enlist_has_left(fleet->enlist)) {
        fprintf(stderr, "hearth-bot: not everybody could leave in time\n");
        fleet->tally->errors++;
    }
    if (late || fleet->failed || enlist_has_left(fleet->enlist))
        stop(fleet);
}

static void on_tick(void *arg, uint64_t now_ns)
{
    struct fleet *fleet = arg;
    if (fleet->stopping)
        return;
    if (fleet->enlist)
        enlist_tick(fleet->enlist, now_ns);
    if (fleet->leaving) {
        tick_leaving(fleet, now_ns);
        return;
    }
    for (int i = 0;
         i < STARTS_PER_TICK && !fleet->enlist && fleet->started < fleet->options->players; i++) {
        if (!start_one(fleet)) {
            stop(fleet);
            return;
        }
    }
    for (uint32_t i = 0; i < fleet->options->players; i++) {
        play_on(fleet, i);
        go_away(fleet, i, now_ns);
        player_tick(&fleet->players[i]);
    }
    if (fleet->failed || is_over(fleet, now_ns))
        finish(fleet, now_ns);
}

static void on_interrupt(uv_signal_t *handle, int number)
{
    struct fleet *fleet = handle->data;
    (void)number;
    fprintf(stderr, "hearth-bot: interrupted\n");
    fleet->tally->errors++;
    stop(fleet);
}

static hearth_status prepare(struct fleet *fleet)
{
    const struct fleet_options *options = fleet->options;
    const struct enlist_events events = {on_token, on_over, on_failed, fleet};
    if (options->enlist.url[0])
        return enlist_create(&fleet->enlist, &fleet->loop, &options->enlist, options->players,
                             &events);
    return netcode_issuer_init(&fleet->issuer, options->key, options->protocol_id,
                               options->token_lifetime_seconds);
}

hearth_status fleet_run(const struct fleet_options *options, struct tally *tally)
{
    struct fleet fleet = {.options = options, .tally = tally};
    tally->players = options->players;
    fleet.players = calloc(options->players, sizeof(*fleet.players));
    if (!fleet.players || uv_loop_init(&fleet.loop) != 0) {
        free(fleet.players);
        return HEARTH_ENOMEM;
    }
    hearth_status status = prepare(&fleet);
    if (status == HEARTH_OK) {
        uv_signal_init(&fleet.loop, &fleet.interrupt);
        fleet.interrupt.data = &fleet;
        uv_signal_start(&fleet.interrupt, on_interrupt, SIGINT);
        tick_start(&fleet.tick, &fleet.loop, TICKS_PER_SECOND, on_tick, &fleet);
        uv_run(&fleet.loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&fleet.loop);
    netcode_issuer_finish(&fleet.issuer);
    enlist_destroy(fleet.enlist);
    free(fleet.players);
    if (status != HEARTH_OK)
        return status;
    return tally->errors == 0 && tally->connected == options->players ? HEARTH_OK
                                                                      : HEARTH_EUNAVAILABLE;
}
