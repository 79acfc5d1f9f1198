/*
 * text.c - see text.h.
 */
#include "text.h"

#include <string.h>

int text_equal(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

hearth_str text_of(const char *c_string)
{
    return (hearth_str){c_string, strlen(c_string)};
}

static int is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

int text_username(hearth_str username, char out[USERNAME_MAX + 1])
{
    if (username.len < USERNAME_MIN || username.len > USERNAME_MAX)
        return 0;
    for (size_t i = 0; i < username.len; i++) {
        char c = username.ptr[i];
        if (!is_alphanumeric(c) && !is_one_of(c, "._@+-"))
            return 0;
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    out[username.len] = '\0';
    return 1;
}

int text_is_subject(hearth_str subject)
{
    if (subject.len < 1 || subject.len > USER_MAX)
        return 0;
    for (size_t i = 0; i < subject.len; i++)
        if (!is_alphanumeric(subject.ptr[i]) && !is_one_of(subject.ptr[i], "_:.@-"))
            return 0;
    return 1;
}

int text_is_scope(hearth_str scope)
{
    if (scope.len < 1 || scope.len > SCOPE_MAX)
        return 0;
    for (size_t i = 0; i < scope.len; i++) {
        char c = scope.ptr[i];
        int space = c == ' ';
        if (space && (i == 0 || i + 1 == scope.len || scope.ptr[i - 1] == ' '))
            return 0;
        if (!space && !is_alphanumeric(c) && !is_one_of(c, ":._-"))
            return 0;
    }
    return 1;
}

void text_digest(const void *data, size_t len, char out[DIGEST_HEX_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, data, len);
    sodium_bin2hex(out, DIGEST_HEX_SIZE, digest, sizeof(digest));
}

int64_t text_duration_ms(hearth_str text)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t value = 0;
    size_t i = 0;

    while (i < text.len && i < 10 && text.ptr[i] >= '0' && text.ptr[i] <= '9')
        value = value * 10 + (text.ptr[i++] - '0');
    hearth_str unit = {text.ptr + i, text.len - i};
    for (size_t u = 0; i > 0 && u < sizeof(units) / sizeof(units[0]); u++)
        if (text_equal(unit, text_of(units[u].name)))
            return value * units[u].ms;
    return 0;
}

int text_has_scope(hearth_str scopes, const char *scope)
{
    size_t start = 0;

    for (size_t i = 0; i <= scopes.len; i++) {
        if (i < scopes.len && scopes.ptr[i] != ' ')
            continue;
        if (text_equal((hearth_str){scopes.ptr + start, i - start}, text_of(scope)))
            return 1;
        start = i + 1;
    }
    return 0;
}

void text_member(const hearth_json *json, hearth_json_writer *w, const char *name,
                 const char *value)
{
    json->key(w, text_of(name));
    json->string(w, text_of(value));
}
