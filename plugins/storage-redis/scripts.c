/*
 * scripts.c - see keys.h for the keys. Versions and epochs are compared as decimal strings: Lua's
 * numbers would lose the last bits of a u64.
 *
 * A document is a hash with the fields v (version), e (epoch), w (write id), x (expiry, unix ms, 0:
 * never) and b (body). An expired one counts as absent at once; Redis removes it a minute later, so
 * that its clock and ours need not agree.
 */
#include "scripts.h"

#define READ_DOC                                                                                   \
    "local function read(key)"                                                                     \
    "  local d = redis.call('HMGET', key, 'v', 'e', 'w', 'x', 'b')"                                \
    "  if not d[1] then return nil end"                                                            \
    "  if d[4] ~= '0' and tonumber(d[4]) <= now then return nil end"                               \
    "  return d "                                                                                  \
    "end "

/*
 * KEYS: partitions, then for each op its document and its index.
 * ARGV: now, then for each op: action, condition, base version, base epoch, sort, the partition's
 * member, and for a put version, epoch, write id, expiry, body (else five empty strings).
 * Answers for each op {1} or {0, v, e, w, x, b} or {0}; all or nothing.
 *
 * This is what a flush costs, so the common case, a newer version of a document that never expires,
 * is two commands: the body is read only to be shown, and what is there already is in its index
 * and, where `lasts` is true, has no expiry.
 */
static const char write_source[] =
    "local now = tonumber(ARGV[1]) " READ_DOC
    "local n, out, good, lasts = (#KEYS - 1) / 2, {}, true, false "
    "for i = 1, n do"
    "  local a = 1 + (i - 1) * 11"
    "  local cond = tonumber(ARGV[a + 2])"
    "  out[i] = {1}"
    "  if cond ~= 0 then"
    "    local d = redis.call('HMGET', KEYS[i * 2], 'v', 'e', 'x')"
    "    if not d[1] or (d[3] ~= '0' and tonumber(d[3]) <= now) then d = nil end"
    "    lasts = n == 1 and d and d[3] == '0'"
    "    local holds"
    "    if cond == 1 then holds = not d"
    "    else"
    "      holds = d and (cond % 4 < 2 or d[1] == ARGV[a + 3]) and (cond < 4 or d[2] == ARGV[a + "
    "4])"
    "    end"
    "    if not holds then"
    "      good = false"
    "      d = d and read(KEYS[i * 2])"
    "      out[i] = d and {0, d[1], d[2], d[3], d[4], d[5]} or {0}"
    "    end"
    "  end "
    "end "
    "if not good then return out end "
    "for i = 1, n do"
    "  local a, doc, index = 1 + (i - 1) * 11, KEYS[i * 2], KEYS[i * 2 + 1]"
    "  if ARGV[a + 1] == '1' then"
    "    local new = redis.call('HSET', doc, 'v', ARGV[a + 7], 'e', ARGV[a + 8], 'w', ARGV[a + 9],"
    "                           'x', ARGV[a + 10], 'b', ARGV[a + 11]) == 5"
    "    if ARGV[a + 10] ~= '0' then redis.call('PEXPIREAT', doc, tonumber(ARGV[a + 10]) + 60000)"
    "    elseif not new and not lasts then redis.call('PERSIST', doc) end"
    "    if new then"
    "      redis.call('ZADD', index, 0, ARGV[a + 5])"
    "      redis.call('ZADD', KEYS[1], 0, ARGV[a + 6])"
    "    end"
    "  else"
    "    redis.call('DEL', doc)"
    "    redis.call('ZREM', index, ARGV[a + 5])"
    "    if redis.call('EXISTS', index) == 0 then redis.call('ZREM', KEYS[1], ARGV[a + 6]) end"
    "  end "
    "end "
    "return out";

/* Adds documents of one index to `out` until `limit` of them or 4 MiB are there. Members whose
 * document is gone are removed on the way. Returns true when more follow. */
#define READ_INDEX                                                                                 \
    "local bytes = 0 "                                                                             \
    "local function walk(index, prefix, min, max, emit)"                                           \
    "  while true do"                                                                              \
    "    local sorts = redis.call('ZRANGEBYLEX', index, min, max, 'LIMIT', 0, 256)"                \
    "    for _, sort in ipairs(sorts) do"                                                          \
    "      local d = read(prefix .. sort)"                                                         \
    "      if d then"                                                                              \
    "        if count == limit or bytes >= 4194304 then return true end"                           \
    "        count = count + 1"                                                                    \
    "        bytes = bytes + #d[5]"                                                                \
    "        emit(sort, d)"                                                                        \
    "      elseif redis.call('EXISTS', prefix .. sort) == 0 then"                                  \
    "        redis.call('ZREM', index, sort)"                                                      \
    "      end"                                                                                    \
    "    end"                                                                                      \
    "    if #sorts < 256 then return false end"                                                    \
    "    min = '(' .. sorts[#sorts]"                                                               \
    "  end "                                                                                       \
    "end "

/* KEYS: index. ARGV: now, limit, document prefix, min, max. Answers {more, sort, v, e, w, x, b,
 * ...}. */
static const char query_source[] =
    "local now, limit, count, out = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, {0} " READ_DOC
        READ_INDEX "local more = walk(KEYS[1], ARGV[3], ARGV[4], ARGV[5], function(sort, d)"
    "  out[#out + 1] = sort"
    "  for i = 1, 5 do out[#out + 1] = d[i] end "
    "end) "
    "if more then out[1] = 1 end "
    "return out";

/*
 * Walks the partitions in order. A member of the partitions is collection NUL partition NUL encoded
 * partition. KEYS: partitions. ARGV: now, limit, key prefix, first member or '', min of its index,
 * min, max of the members. Answers {more, collection, partition, sort, v, e, w, x, b, ...}. It
 * reads keys that it was not given: one Redis, not a cluster.
 */
static const char scan_source[] =
    "local now, limit, count, out = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, {0} " READ_DOC
        READ_INDEX "local from, visited = ARGV[6], 0 "
    "while true do"
    "  local members = redis.call('ZRANGEBYLEX', KEYS[1], from, ARGV[7], 'LIMIT', 0, 64)"
    "  for _, member in ipairs(members) do"
    "    local collection, partition, tag = string.match(member, '^(%Z*)%z(%Z*)%z(%Z*)$')"
    "    local min = member == ARGV[4] and ARGV[5] or '-'"
    "    local index = ARGV[3] .. 'i:{' .. tag .. '}:' .. collection"
    "    local prefix = ARGV[3] .. 'd:{' .. tag .. '}:' .. collection .. '\\0'"
    "    local more = walk(index, prefix, min, '+', function(sort, d)"
    "      out[#out + 1] = collection"
    "      out[#out + 1] = partition"
    "      out[#out + 1] = sort"
    "      for i = 1, 5 do out[#out + 1] = d[i] end "
    "    end)"
    "    if more then out[1] = 1 return out end"
    "    if redis.call('EXISTS', index) == 0 then redis.call('ZREM', KEYS[1], member) end"
    "  end"
    "  if #members < 64 then return out end"
    "  from = '(' .. members[#members] "
    "end";

/* KEYS: one that nothing else uses. Whether a document could be read and written at present. */
static const char try_source[] = "redis.call('HMGET', KEYS[1], 'v') "
                                 "redis.call('HSET', KEYS[1], 'v', '1') "
                                 "redis.call('DEL', KEYS[1]) "
                                 "return 1";

struct redis_script scripts[SCRIPT_COUNT] = {
    [SCRIPT_WRITE] = {.source = write_source},
    [SCRIPT_QUERY] = {.source = query_source},
    [SCRIPT_SCAN] = {.source = scan_source},
    [SCRIPT_TRY] = {.source = try_source},
};
