/*
 * secret.c - secrets come from the environment or from a file of their own, never from the YAML.
 * Their text goes into the struct and nowhere else; it is wiped when the configuration is freed.
 */
#include "conf/internal.h"

#include <stdlib.h>

#include "base/error.h"

typedef struct wipe {
    char *text;
    size_t len;
} wipe;

static void wipe_text(void *arg)
{
    const wipe *w = arg;
    explicit_bzero(w->text, w->len);
}

/* Without the newline that editors leave at the end of a file. */
static hearth_str without_newline(hearth_str text)
{
    if (str_ends_with(text, HEARTH_STR("\r\n")))
        text.len -= 2;
    else if (str_ends_with(text, HEARTH_STR("\n")))
        text.len -= 1;
    return text;
}

static bool keep(const filling *f, const char *key, const conf_node *node, hearth_str text,
                 hearth_str *out)
{
    if (text.len == 0 || str_has_nul(text) || !str_is_utf8(text)) {
        conf_errors_add(f->errors, node->place, key, "expected a secret, found %s",
                        text.len == 0 ? "an empty text" : "bytes that are no text");
        return false;
    }
    *out = arena_dup_str(f->arena, text);
    wipe *w = arena_alloc(f->arena, sizeof(*w));
    if (!out->ptr || !w) {
        conf_errors_add(f->errors, node->place, key, "out of memory");
        return false;
    }
    *w = (wipe){(char *)(uintptr_t)out->ptr, out->len};
    if (arena_defer(f->arena, wipe_text, w) == HEARTH_OK)
        return true;
    wipe_text(w);
    conf_errors_add(f->errors, node->place, key, "out of memory");
    return false;
}

static bool from_environment(const filling *f, const char *key, const conf_node *node,
                             const char *name, hearth_str *out)
{
    const char *value = getenv(name);
    if (value)
        return keep(f, key, node, str_from(value), out);
    char text[QUOTE_SIZE];
    quote(str_from(name), text, sizeof(text));
    conf_errors_add(f->errors, node->place, key,
                    "expected the environment variable %s, found it not set", text);
    return false;
}

static bool from_file(const filling *f, const char *key, const conf_node *node, const char *name,
                      hearth_str *out)
{
    const char *directory = f->source->doc ? f->source->doc->directory : ".";
    const char *path = name[0] == '/' ? name : arena_printf(f->arena, "%s/%s", directory, name);
    hearth_buf content;
    hearth_error error;
    buf_init(&content, CONF_SECRET_MAX);
    bool good = false;
    if (!path)
        conf_errors_add(f->errors, node->place, key, "out of memory");
    else if (read_small_file(path, &content, &error) != HEARTH_OK)
        conf_errors_add(f->errors, node->place, key, "%s: %s", path, error.text);
    else
        good = keep(f, key, node, without_newline(buf_str(&content)), out);
    if (content.base)
        explicit_bzero(content.base, content.capacity);
    buf_finish(&content);
    return good;
}

bool resolve_secret(const filling *f, const char *key, const conf_node *node, hearth_str *out)
{
    if (str_starts_with(node->text, HEARTH_STR("env:")))
        return from_environment(f, key, node, node->text.ptr + 4, out);
    return from_file(f, key, node, node->text.ptr + 5, out);
}
