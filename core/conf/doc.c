/*
 * doc.c - configuration files as documents: reading them, finding things in them.
 */
#include "conf/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 256

static const conf_doc *make_doc(hearth_arena *arena, const char *file, hearth_str text,
                                conf_errors *errors)
{
    conf_doc *doc = arena_alloc(arena, sizeof(*doc));
    char *name = arena_dup(arena, file, strlen(file));
    const char *slash = strrchr(file, '/');
    size_t len = slash == file ? 1 : slash ? (size_t)(slash - file) : 0;
    char *directory = slash ? arena_dup(arena, file, len) : arena_dup(arena, ".", 1);
    if (!doc || !name || !directory) {
        conf_errors_add(errors, (conf_place){.file = file}, NULL, "out of memory");
        return NULL;
    }
    conf_node *root = yaml_read(arena, name, text, errors);
    if (!root)
        return NULL;
    if (root->kind != CONF_MAPPING) {
        conf_errors_add(errors, root->place, "yaml", "expected keys and values, found a %s",
                        root->kind == CONF_SCALAR ? "text" : "list");
        return NULL;
    }
    *doc = (conf_doc){.file = name, .directory = directory, .root = root};
    return doc;
}

const conf_doc *conf_parse(hearth_arena *arena, const char *file, hearth_str text,
                           conf_errors *errors)
{
    if (text.len > CONF_FILE_MAX) {
        conf_errors_add(errors, (conf_place){.file = file}, NULL,
                        "expected at most 1 MiB, found %zu bytes", text.len);
        return NULL;
    }
    return make_doc(arena, file, text, errors);
}

const conf_doc *conf_read(hearth_arena *arena, const char *path, conf_errors *errors)
{
    hearth_buf content;
    hearth_error error;
    const conf_doc *doc = NULL;
    buf_init(&content, CONF_FILE_MAX);
    if (read_small_file(path, &content, &error) == HEARTH_OK)
        doc = make_doc(arena, path, buf_str(&content), errors);
    else
        conf_errors_add(errors, (conf_place){.file = path}, NULL, "%s", error.text);
    buf_finish(&content);
    return doc;
}

static hearth_status read_all(int fd, hearth_buf *out, hearth_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return error_set(error, HEARTH_EINVAL, "expected a regular file, found something else");
    for (;;) {
        char chunk[4096];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got == 0)
            return HEARTH_OK;
        if (got < 0 && errno != EINTR)
            return error_set(error, HEARTH_EINVAL, "expected a readable file, found: %s",
                             strerror(errno));
        if (got > 0 && buf_append(out, chunk, (size_t)got) != HEARTH_OK)
            return error_set(error, HEARTH_EINVAL, "expected at most %zu bytes, found more",
                             out->ceiling);
    }
}

hearth_status read_small_file(const char *path, hearth_buf *out, hearth_error *error)
{
    /* O_NONBLOCK: opening a FIFO must not wait for somebody to write into it */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, errno == ENOENT ? HEARTH_ENOTFOUND : HEARTH_EINVAL,
                         "expected a readable file, found: %s", strerror(errno));
    hearth_status status = read_all(fd, out, error);
    close(fd);
    return status;
}

const conf_doc *conf_read_link(hearth_arena *arena, const char *path, conf_errors *errors)
{
    const conf_doc *doc = conf_read(arena, path, errors);
    char target[PATH_MAX];
    ssize_t len = doc ? readlink(path, target, sizeof(target) - 1) : -1;
    if (len < 0)
        return doc;
    target[len] = '\0';
    char *slash = strrchr(target, '/');
    if (!slash)
        return doc;
    *slash = '\0';
    conf_doc *moved = arena_alloc(arena, sizeof(*moved));
    const char *directory = slash == target ? "/"
                            : target[0] == '/'
                                ? arena_dup(arena, target, strlen(target))
                                : arena_printf(arena, "%s/%s", doc->directory, target);
    if (!moved || !directory) {
        conf_errors_add(errors, (conf_place){.file = doc->file}, NULL, "out of memory");
        return NULL;
    }
    *moved = *doc;
    moved->directory = directory;
    return moved;
}

const conf_node *conf_child(const conf_node *mapping, hearth_str key)
{
    if (!mapping || mapping->kind != CONF_MAPPING)
        return NULL;
    for (const conf_node *child = mapping->first; child; child = child->next) {
        if (str_eq(child->key, key))
            return child;
    }
    return NULL;
}

conf_place conf_locate(const conf_doc *doc, const char *path)
{
    conf_place place = doc->root->place;
    const conf_node *node = doc->root;
    hearth_str rest = str_from(path), part;
    while (node && str_split(&rest, '.', &part)) {
        node = conf_child(node, part);
        if (node)
            place = node->key_place;
    }
    return place;
}

static int glob_failed(const char *path, int reason)
{
    (void)path;
    return reason != ENOENT;
}

hearth_conf_list conf_glob(hearth_arena *arena, const char *directory, const char *pattern,
                           conf_place place, conf_errors *errors)
{
    hearth_conf_list none = {NULL, 0};
    const char *full =
        pattern[0] == '/' ? pattern : arena_printf(arena, "%s/%s", directory, pattern);
    glob_t found = {0};
    int outcome = full ? glob(full, 0, glob_failed, &found) : GLOB_NOSPACE;
    hearth_str *items = NULL;
    size_t count = outcome == 0 ? found.gl_pathc : 0;
    if (outcome == GLOB_NOMATCH) { /* a pattern may match nothing; a name is meant */
        if (!strpbrk(pattern, "*?["))
            conf_errors_add(errors, place, "include", "expected a readable file, found none: %s",
                            full);
        return none;
    }
    if (outcome != 0 || count > FILES_MAX) {
        conf_errors_add(errors, place, "include", "expected at most %d readable files, found %s",
                        FILES_MAX, outcome != 0 ? "an unreadable directory" : "more");
        globfree(&found);
        return none;
    }
    items = arena_calloc(arena, count, sizeof(*items));
    for (size_t i = 0; items && i < count; i++) {
        items[i] = arena_dup_str(arena, str_from(found.gl_pathv[i]));
        if (!items[i].ptr)
            items = NULL;
    }
    globfree(&found);
    if (!items)
        conf_errors_add(errors, place, "include", "out of memory");
    return items ? (hearth_conf_list){items, count} : none;
}
