/*
 * secret.c - reading credentials from text that somebody else wrote.
 */
#include "secret.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool copy(char *to, size_t size, hearth_str from)
{
    if (from.len >= size)
        return false;
    for (size_t i = 0; i < from.len; i++) {
        if (from.ptr[i] <= ' ' || from.ptr[i] > '~')
            return false;
    }
    if (from.len > 0)
        memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
    return true;
}

bool secret_set(struct secret_text *secret, hearth_str id, hearth_str key, hearth_str token)
{
    return id.len > 0 && key.len > 0 && copy(secret->id, sizeof(secret->id), id) &&
           copy(secret->key, sizeof(secret->key), key) &&
           copy(secret->token, sizeof(secret->token), token);
}

static hearth_str trim(hearth_str s)
{
    while (s.len > 0 && (*s.ptr == ' ' || *s.ptr == '\t'))
        s = (hearth_str){s.ptr + 1, s.len - 1};
    while (s.len > 0 && strchr(" \t\r", s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static bool equals(hearth_str s, const char *literal)
{
    return s.len == strlen(literal) && memcmp(s.ptr, literal, s.len) == 0;
}

static hearth_str next_line(hearth_str *text)
{
    const char *end = memchr(text->ptr, '\n', text->len);
    hearth_str line = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
    size_t taken = line.len + (end != NULL);

    *text = (hearth_str){text->ptr + taken, text->len - taken};
    return trim(line);
}

bool secret_from_file(struct secret_text *secret, hearth_str text, hearth_str profile)
{
    hearth_str id = {NULL, 0}, key = id, token = id;
    bool inside = false;

    while (text.len > 0) {
        hearth_str line = next_line(&text);
        if (line.len == 0 || *line.ptr == '#' || *line.ptr == ';')
            continue;
        if (*line.ptr == '[') {
            hearth_str name = trim((hearth_str){line.ptr + 1, line.len - 1});
            if (name.len > 0 && name.ptr[name.len - 1] == ']')
                name = trim((hearth_str){name.ptr, name.len - 1});
            inside = name.len == profile.len && memcmp(name.ptr, profile.ptr, name.len) == 0;
            continue;
        }
        const char *sign = memchr(line.ptr, '=', line.len);
        if (!inside || !sign)
            continue;
        hearth_str name = trim((hearth_str){line.ptr, (size_t)(sign - line.ptr)});
        hearth_str value = trim((hearth_str){sign + 1, (size_t)(line.ptr + line.len - sign - 1)});
        if (equals(name, "aws_access_key_id"))
            id = value;
        else if (equals(name, "aws_secret_access_key"))
            key = value;
        else if (equals(name, "aws_session_token"))
            token = value;
    }
    secret->expires_ms = 0;
    return secret_set(secret, id, key, token);
}

int64_t secret_moment_ms(hearth_str text)
{
    char copied[40];
    struct tm tm = {0};
    int end = 0;

    if (text.len >= sizeof(copied))
        return -1;
    if (text.len > 0)
        memcpy(copied, text.ptr, text.len);
    copied[text.len] = '\0';
    if (sscanf(copied, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6)
        return -1;
    const char *rest = copied + end;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "Z") != 0 || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000;
}

bool secret_from_json(struct secret_text *secret, const hearth_json *json,
                      const hearth_json_value *root)
{
    hearth_str code = json->as_string(json->get(root, "Code"));

    if (code.ptr && !equals(code, "Success"))
        return false;
    secret->expires_ms = secret_moment_ms(json->as_string(json->get(root, "Expiration")));
    return secret->expires_ms > 0 &&
           secret_set(secret, json->as_string(json->get(root, "AccessKeyId")),
                      json->as_string(json->get(root, "SecretAccessKey")),
                      json->as_string(json->get(root, "Token")));
}
