/*
 * characters.h - hearth.characters/1: changes to characters that the server itself decides (a match
 * reports damage, loot and experience), and what a match needs to know of one.
 *
 * The first argument is the provider's ctx: host->provider(ctx, HEARTH_CHARACTERS_ID). Callable on
 * any loop: the work goes to the user's home loop and the answer comes back to the calling one.
 * What is passed is copied before the call returns; a callback runs exactly once, never before.
 */
#ifndef HEARTH_SERVICE_CHARACTERS_H
#define HEARTH_SERVICE_CHARACTERS_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_CHARACTERS_ID "hearth.characters/1"

/* What a match is told of a character. Strings are borrowed until the callback returns. */
typedef struct hearth_character_view {
    uint32_t struct_size;
    int32_t level;
    hearth_str character_id;
    hearth_str user_id;
    hearth_str name;
    int32_t hitpoints, max_hitpoints;
    int32_t armor_class, movement_speed;
    int32_t modifiers[6]; /* STR DEX CON INT WIS CHA */
    int32_t attack_bonus;
    int32_t damage_dice, damage_sides, damage_modifier; /* 1d8+2; no dice: 0, 0, fixed */
    int32_t unconscious;
    uint64_t version;
    int32_t attack_range; /* feet; 5 without a weapon that reaches farther */
    int32_t reserved;
} hearth_character_view;

typedef enum hearth_character_change_kind {
    HEARTH_CHANGE_DAMAGE = 1,     /* amount */
    HEARTH_CHANGE_HEAL = 2,       /* amount */
    HEARTH_CHANGE_EXPERIENCE = 3, /* amount */
    HEARTH_CHANGE_LOOT = 4,       /* item_id, amount: quantity */
    HEARTH_CHANGE_CURRENCY = 5    /* coins */
} hearth_character_change_kind;

typedef struct hearth_character_change {
    uint32_t struct_size;
    hearth_character_change_kind kind;
    int64_t amount;
    int64_t item_id;
    int64_t coins[5]; /* copper, silver, electrum, gold, platinum; signed */
} hearth_character_change;

/* Where a batch comes from. A character that has already applied this source's sequence (or a later
 * one) is skipped: exactly once, whatever crashes. */
typedef struct hearth_change_source {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_str id; /* the gameSimId */
    uint64_t sequence;
} hearth_change_source;

/* codes[i]: NULL when change i was applied, else why it was refused ("INSUFFICIENT_FUNDS").
 * status: OK (applied and in class JOURNAL or better, or skipped as applied before), ENOTFOUND,
 * EFORBIDDEN (not this user's), EUNAVAILABLE (nothing changed; try again), EINTERNAL. */
typedef void (*hearth_characters_apply_fn)(hearth_status status, const char *const *codes,
                                           size_t count, void *arg);

/* The one answer of a reservation: see hold. */
typedef void (*hearth_characters_fn)(hearth_status status, const hearth_character_view *view,
                                     void *arg);

/* Asked before a held character is refused: does the holder's seat still stand? Exactly once, on
 * the loop that was asked; may be at once. */
typedef void (*hearth_hold_answer_fn)(int stands, void *arg);

typedef struct hearth_characters {
    uint32_t struct_size;
    uint32_t reserved;

    /* status: OK, ENOTFOUND, EFORBIDDEN, EUNAVAILABLE. [loop] */
    void (*get)(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_characters_fn done,
                void *arg);

    /* Applies the changes that the rules allow, in order, as one commit and one version step;
     * events carry no version, may touch the unconscious, and clamp at ceilings. [loop] */
    void (*apply)(hearth_ctx *ctx, hearth_str user, hearth_str character,
                  const hearth_change_source *source, const hearth_character_change *const *changes,
                  size_t count, hearth_characters_apply_fn done, void *arg);

    /* Marks the character as sitting in session `holder`: changing intents and DELETE then answer
     * 409 CHARACTER_IN_SESSION (unless characters.during_session is allow). Again with the same
     * holder is OK; with another one it replaces it. In class JOURNAL. [loop] */
    void (*hold)(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                 hearth_characters_fn done, void *arg);
    /* Ends that holder's mark; OK also when it is not there any more. [loop] */
    void (*release)(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                    hearth_characters_fn done, void *arg);
    /* Registers, once and in start on every loop, who knows whether a hold still stands; without
     * one, holds stand. [loop] */
    hearth_status (*on_held)(hearth_ctx *ctx,
                             void (*ask)(hearth_str user, hearth_str character, hearth_str holder,
                                         hearth_hold_answer_fn answer, void *answer_arg, void *arg),
                             void *arg) HEARTH_MUST_CHECK;
} hearth_characters;

static inline const hearth_characters *hearth_characters_get(hearth_ctx *ctx)
{
    return (const hearth_characters *)ctx->host->get(ctx, HEARTH_CHARACTERS_ID,
                                                     sizeof(hearth_characters));
}

#ifdef __cplusplus
}
#endif
#endif
