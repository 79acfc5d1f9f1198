/*
 * login_limits.h - how often a login may fail: per account and address, and per address. All
 * counters of an address live on that address's home loop, so they are exact without locks. An
 * attempt in flight holds a place, and one past the last place waits for its outcome: guessing in
 * parallel gains nothing, and a crowd with the right password is not refused.
 */
#ifndef AUTH_LOGIN_LIMITS_H
#define AUTH_LOGIN_LIMITS_H

#include <hearth/types.h>

#define LIMITS_ADDRESS_SIZE 64

struct limits;
struct counter;

struct limits_rule {
    size_t per_account, per_address; /* failures within the window; 0: no limit */
    uint64_t window_ms;
    size_t max_counters; /* of each kind; the longest unused are forgotten */
    size_t max_waiting;  /* attempts */
};

enum limits_verdict { LIMITS_GO, LIMITS_REFUSED, LIMITS_OVERLOADED };
enum limits_outcome { LIMITS_FAILED, LIMITS_SUCCEEDED, LIMITS_VOID }; /* VOID: it came to no end */

/* One attempt: the caller's memory, from enter until leave (or until a verdict other than GO). */
struct limits_ticket {
    /* Runs once, at once or later; retry_ms is for REFUSED. [loop] */
    void (*decided)(struct limits_ticket *ticket, enum limits_verdict verdict, uint64_t retry_ms);
    struct counter *address, *account;
    struct limits_ticket *next;
};

/* NULL: out of memory. [loop] */
struct limits *limits_create(const struct limits_rule *rule, const unsigned char hash_key[16]);
/* No attempt may be in flight or waiting. NULL is fine. [loop] */
void limits_destroy(struct limits *limits);
/* A reload. [loop] */
void limits_set_rule(struct limits *limits, const struct limits_rule *rule);
/* now_ms: monotonic. [loop] */
void limits_enter(struct limits *limits, struct limits_ticket *ticket, hearth_str address,
                  hearth_str account, uint64_t now_ms);
/* Only after LIMITS_GO, once. [loop] */
void limits_leave(struct limits_ticket *ticket, enum limits_outcome outcome, uint64_t now_ms);

/* The part of an address that counts: an IPv6 client owns a /64, so its last 64 bits do not.
 * Writes it with NUL. [any] */
hearth_str limits_address(hearth_str peer, char out[LIMITS_ADDRESS_SIZE]);

#endif
