/*
 * script.c - see key.h for the fields. Versions are compared as decimal strings: Lua's numbers
 * would lose the last bits of a u64. Both answer 1, or 0 when something newer is there, or {2, why}
 * when Redis takes no document; then nothing older is there any more either.
 */
#include "script.h"

#define BELOW                                                                                      \
    "local function below(a, b) return #a < #b or (#a == #b and a < b) end "                       \
    "local there = redis.call('HGET', KEYS[1], 'v') "

/* ARGV: generation, version, epoch, write id, expiry, body, time to live. */
static const char put_source[] =
    BELOW "if there and below(ARGV[2], there) then return 0 end "
          "local kept = redis.pcall('HSET', KEYS[1], 'g', ARGV[1], 'v', ARGV[2], 'e', ARGV[3],"
          "                         'w', ARGV[4], 'x', ARGV[5], 'b', ARGV[6]) "
          "if type(kept) == 'table' then redis.call('DEL', KEYS[1]) return {2, kept['err']} end "
          "redis.call('PEXPIRE', KEYS[1], ARGV[7]) "
          "return 1";

/* ARGV: version, how long older ones are refused. */
static const char invalidate_source[] =
    BELOW "if there and not below(there, ARGV[1]) then return 0 end "
          "redis.call('DEL', KEYS[1]) "
          "redis.pcall('HSET', KEYS[1], 'v', ARGV[1]) "
          "redis.call('PEXPIRE', KEYS[1], ARGV[2]) "
          "return 1";

struct redis_script scripts[SCRIPT_COUNT] = {
    [SCRIPT_PUT] = {.source = put_source},
    [SCRIPT_INVALIDATE] = {.source = invalidate_source},
};
