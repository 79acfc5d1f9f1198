/*
 * redis_reply.c - see redis_reply.h.
 */
#include "redis_reply.h"

hearth_str redis_reply_str(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return (hearth_str){NULL, 0};
    return (hearth_str){reply->str, (size_t)reply->len};
}

static bool read_number(const redisReply *reply, uint64_t *out)
{
    hearth_str s = redis_reply_str(reply);
    uint64_t value = 0;

    if (s.len == 0 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(s.ptr[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool redis_reply_doc(redisReply *const *elements, hearth_doc *doc)
{
    uint64_t expires = 0;

    doc->struct_size = sizeof(*doc);
    doc->write_id = redis_reply_str(elements[2]);
    doc->body = redis_reply_str(elements[4]);
    if (!read_number(elements[0], &doc->version) || !read_number(elements[1], &doc->epoch) ||
        !doc->write_id.ptr || !read_number(elements[3], &expires) || expires > INT64_MAX ||
        !doc->body.ptr)
        return false;
    doc->expires_ms = (int64_t)expires;
    return true;
}

const char *redis_reply_problem(const redisReply *reply)
{
    if (!reply)
        return "redis: the connection was lost before the answer came";
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    return "redis: the answer has another form than expected";
}
