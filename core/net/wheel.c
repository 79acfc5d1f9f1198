/*
 * wheel.c - four wheels of 256 slots: 10 ms, 2.56 s, 11 min and 46 h per slot.
 * A timer stands in the slot of the coarsest wheel whose span holds it; when that slot comes up it
 * moves to a finer one. Bitmaps of occupied slots let the loop sleep until something is due.
 */
#include "net/wheel.h"

#define SLOT_BITS 8
#define SLOT_MASK (WHEEL_SLOTS - 1)
#define SPAN      (UINT64_C(1) << (SLOT_BITS * WHEEL_LEVELS))

void wheel_init(hearth_wheel *wheel, uint64_t now_ms)
{
    *wheel = (hearth_wheel){.tick = now_ms / WHEEL_TICK_MS};
    for (int level = 0; level < WHEEL_LEVELS; level++)
        for (int slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&wheel->slots[level][slot]);
}

static void mark(hearth_wheel *wheel, unsigned level, unsigned slot)
{
    wheel->occupied[level][slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* The tick at whose run a timer is not early any more. */
static uint64_t tick_of(uint64_t due_ms)
{
    return due_ms / WHEEL_TICK_MS + (due_ms % WHEEL_TICK_MS != 0);
}

static void place(hearth_wheel *wheel, hearth_wheel_timer *timer, uint64_t earliest)
{
    uint64_t tick = tick_of(timer->due_ms);
    if (tick < earliest)
        tick = earliest;
    if (tick - wheel->tick >= SPAN)
        tick = wheel->tick + SPAN - 1;
    uint64_t differs = tick ^ wheel->tick;
    unsigned level = 0;
    while (level < WHEEL_LEVELS - 1 && differs >> (SLOT_BITS * (level + 1)))
        level++;
    unsigned slot = (unsigned)(tick >> (SLOT_BITS * level)) & SLOT_MASK;
    timer->slot_ms = (tick >> (SLOT_BITS * level) << (SLOT_BITS * level)) * WHEEL_TICK_MS;
    list_push_back(&wheel->slots[level][slot], &timer->link);
    mark(wheel, level, slot);
    wheel->pending++;
}

static void unplace(hearth_wheel *wheel, hearth_wheel_timer *timer)
{
    list_remove(&timer->link);
    timer->slot_ms = WHEEL_NEVER;
    wheel->pending--;
}

void wheel_set(hearth_wheel *wheel, hearth_wheel_timer *timer, uint64_t due_ms)
{
    timer->due_ms = due_ms;
    if (timer->slot_ms != WHEEL_NEVER) {
        if (timer->slot_ms <= due_ms)
            return;
        unplace(wheel, timer);
    }
    if (due_ms != WHEEL_NEVER)
        place(wheel, timer, wheel->tick + 1);
}

void wheel_stop(hearth_wheel *wheel, hearth_wheel_timer *timer)
{
    timer->due_ms = WHEEL_NEVER;
    if (timer->slot_ms != WHEEL_NEVER)
        unplace(wheel, timer);
}

/* Empties a slot: what is due runs, what was moved or stands too coarse is placed anew. */
static void run_slot(hearth_wheel *wheel, unsigned level, unsigned slot)
{
    hearth_list due;
    list_init(&due);
    list_splice_back(&due, &wheel->slots[level][slot]);
    wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    hearth_list *link;
    while ((link = list_pop_front(&due))) {
        hearth_wheel_timer *timer = HEARTH_LIST_ENTRY(link, hearth_wheel_timer, link);
        timer->slot_ms = WHEEL_NEVER;
        wheel->pending--;
        if (timer->due_ms == WHEEL_NEVER)
            continue;
        if (tick_of(timer->due_ms) > wheel->tick) {
            place(wheel, timer, wheel->tick + 1);
        } else if (level > 0) {
            place(wheel, timer, wheel->tick); /* level 0 of this very tick, run next */
        } else {
            timer->due_ms = WHEEL_NEVER;
            timer->fn(timer);
        }
    }
}

/* Ticks from `tick` (exclusive) to the next occupied slot of a level, in units of that level's
 * slots; 0: none. */
static unsigned next_slot(const hearth_wheel *wheel, unsigned level)
{
    unsigned now = (unsigned)(wheel->tick >> (SLOT_BITS * level)) & SLOT_MASK;
    for (unsigned ahead = 1; ahead <= WHEEL_SLOTS;) {
        unsigned slot = (now + ahead) & SLOT_MASK;
        uint64_t bits = wheel->occupied[level][slot / 64] >> (slot % 64);
        if (bits)
            return ahead + (unsigned)__builtin_ctzll(bits);
        ahead += 64 - slot % 64;
    }
    return 0;
}

/* The next tick at which a slot of any level comes up; UINT64_MAX: none. */
static uint64_t next_tick(const hearth_wheel *wheel)
{
    uint64_t soonest = UINT64_MAX;
    for (unsigned level = 0; wheel->pending > 0 && level < WHEEL_LEVELS; level++) {
        unsigned ahead = next_slot(wheel, level);
        if (ahead == 0)
            continue;
        uint64_t shift = SLOT_BITS * level;
        uint64_t tick = ((wheel->tick >> shift) + ahead) << shift;
        if (tick < soonest)
            soonest = tick;
    }
    return soonest;
}

void wheel_advance(hearth_wheel *wheel, uint64_t now_ms)
{
    uint64_t now = now_ms / WHEEL_TICK_MS;
    while (wheel->tick < now) {
        uint64_t tick = next_tick(wheel);
        if (tick > now) {
            wheel->tick = now;
            return;
        }
        wheel->tick = tick;
        for (unsigned level = WHEEL_LEVELS; level-- > 0;) {
            uint64_t below = (UINT64_C(1) << (SLOT_BITS * level)) - 1;
            if ((tick & below) == 0)
                run_slot(wheel, level, (unsigned)(tick >> (SLOT_BITS * level)) & SLOT_MASK);
        }
    }
}

uint64_t wheel_next(const hearth_wheel *wheel, uint64_t now_ms)
{
    uint64_t tick = next_tick(wheel);
    if (tick == UINT64_MAX)
        return WHEEL_NEVER;
    uint64_t at = tick * WHEEL_TICK_MS;
    return at > now_ms ? at - now_ms : 0;
}
