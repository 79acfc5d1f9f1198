/*
 * hash.h - argon2id on the task pool. One queue for the process, on loop 0: so many at a time
 * (memory!), so many waiting, and past that a plain "overloaded" at once.
 */
#ifndef AUTH_HASH_H
#define AUTH_HASH_H

#include "auth.h"

enum hash_kind { HASH_MAKE, HASH_VERIFY };

struct hash_job {
    enum hash_kind kind;
    char hash[crypto_pwhash_STRBYTES]; /* MAKE: the result; VERIFY: what to compare with */
    int good;                          /* MAKE: it was made; VERIFY: it is the password */
    hearth_status status;              /* OK, EUNAVAILABLE: the queue is full */
    void (*done)(hearth_ctx *ctx, struct hash_job *job); /* on the loop that submitted */

    /* the rest is hash.c's */
    char *password;
    size_t password_len;
    unsigned long long passes;
    size_t memory;
    uint64_t duration_ns;
    uint32_t loop;
    struct hash_job *next;
    const struct shared *shared;
    hearth_ctx *ctx;
};

/* Copies the password, which is wiped when it was hashed. The job is the caller's and lives until
 * done. done runs exactly once, later. ENOMEM: it does not run. [loop] */
hearth_status hash_submit(hearth_ctx *ctx, struct hash_job *job,
                          hearth_str password) HEARTH_MUST_CHECK;

/* Loop 0's queue; NULL: out of memory. */
struct hasher *hasher_create(void);
void hasher_destroy(struct hasher *hasher);
size_t hasher_waiting(const struct hasher *hasher);

/* Makes the hash that is verified for accounts that do not exist. 0: no memory for it. [any] */
int hash_make_dummy(const struct config *config, char out[crypto_pwhash_STRBYTES]);
/* Whether the hash was made with other parameters than the configured ones. [any] */
int hash_is_old(const struct config *config, const char *hash);

#endif
