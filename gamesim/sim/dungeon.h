/*
 * dungeon.h - what a match is played in: rooms, monsters and the stand-alone hero, from
 * dungeon.json. Loaded once at start and then shared by all sessions, which never change it.
 */
#ifndef SIM_DUNGEON_H
#define SIM_DUNGEON_H

#include <hearth/types.h>
#include <session_claims.h>

#define DUNGEON_ROOMS_MAX    16
#define DUNGEON_KINDS_MAX    32
#define DUNGEON_BLOCKS_MAX   8
#define DUNGEON_SPAWNS_MAX   8
#define DUNGEON_DROPS_MAX    4
#define DUNGEON_MONSTERS_MAX 24 /* in one room */

/* Distances are hundredths of a foot: whole numbers, so that every machine computes the same. */
#define FEET(n_)             ((n_)*100)

struct dungeon_point {
    int32_t x, y;
};

struct dungeon_block {
    int32_t x, y, width, height;
};

struct dungeon_drop {
    uint32_t item_id; /* of the character service's item data */
    uint16_t quantity;
    uint8_t percent;
};

struct dungeon_monster {
    char name[32];
    uint8_t armor_class;
    session_dice hitpoints;
    int32_t speed; /* in a round */
    int8_t attack_bonus;
    session_dice damage;
    int32_t range;
    uint32_t experience;
    session_dice gold;
    struct dungeon_drop drops[DUNGEON_DROPS_MAX];
    uint8_t drop_count;
};

struct dungeon_spawn {
    uint8_t kind, count;
};

struct dungeon_room {
    int32_t width, height;
    struct dungeon_point entry, exit;
    struct dungeon_block blocks[DUNGEON_BLOCKS_MAX];
    struct dungeon_spawn spawns[DUNGEON_SPAWNS_MAX];
    uint8_t block_count, spawn_count;
};

struct dungeon {
    uint64_t version;     /* a hash of the file, shown to clients */
    uint32_t round_ticks; /* everybody attacks once in a round */
    uint32_t match_ticks; /* a match that lasts longer is lost */
    uint32_t rest_ticks;  /* between two matches, stand-alone */
    session_combat hero;  /* for clients that bring no character */
    struct dungeon_monster kinds[DUNGEON_KINDS_MAX];
    struct dungeon_room rooms[DUNGEON_ROOMS_MAX];
    uint8_t kind_count, room_count;
};

/* Reads DIR/dungeon.json. EINVAL with one sentence in `error` that names the file, the key and what
 * is wrong with it. */
HEARTH_MUST_CHECK hearth_status dungeon_load(struct dungeon *out, const char *dir, char error[512]);

#endif
