/*
 * new.c - `hearth new ID`: writes a plugin from the template: it builds and passes its test as it
 * is. In the template @ID@ is the id, @NAME@ the id as a C identifier, @PREFIX@ where the SDK is.
 */
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/str.h"
#include "plugin/manifest.h"

#define MAX_FILE 65536

typedef struct fresh {
    const char *id;
    char name[64];
    char prefix[TOOL_PATH];
} fresh;

static hearth_status expand(const fresh *f, hearth_str text, hearth_buf *out)
{
    const struct {
        hearth_str mark, value;
    } marks[] = {{HEARTH_STR("@ID@"), str_from(f->id)},
                 {HEARTH_STR("@NAME@"), str_from(f->name)},
                 {HEARTH_STR("@PREFIX@"), str_from(f->prefix)}};
    hearth_status status = HEARTH_OK;
    for (size_t at = 0; at < text.len && status == HEARTH_OK;) {
        hearth_str rest = str_slice(text, at, text.len);
        size_t i = 0;
        while (i < HEARTH_COUNT(marks) && !str_starts_with(rest, marks[i].mark))
            i++;
        bool found = i < HEARTH_COUNT(marks);
        status = found ? buf_append_str(out, marks[i].value) : buf_append_char(out, text.ptr[at]);
        at += found ? marks[i].mark.len : 1;
    }
    return status;
}

static int write_file(const char *path, hearth_str text)
{
    FILE *file = fopen(path, "wx");
    if (!file)
        return tool_fail(TOOL_FAILED, "%s: %s", path, strerror(errno));
    bool whole = fwrite(text.ptr, 1, text.len, file) == text.len;
    whole = fclose(file) == 0 && whole;
    return whole ? TOOL_OK : tool_fail(TOOL_FAILED, "%s: cannot be written", path);
}

static int copy_file(const fresh *f, const char *from, const char *to)
{
    char text[MAX_FILE];
    FILE *file = fopen(from, "r");
    if (!file)
        return tool_fail(TOOL_FAILED, "%s: %s", from, strerror(errno));
    size_t len = fread(text, 1, sizeof(text), file);
    bool whole = len < sizeof(text) && !ferror(file);
    fclose(file);
    if (!whole)
        return tool_fail(TOOL_FAILED, "%s: cannot be read", from);
    hearth_buf out;
    buf_init(&out, (size_t)16 * MAX_FILE);
    int status = expand(f, (hearth_str){text, len}, &out) == HEARTH_OK
                     ? write_file(to, buf_str(&out))
                     : tool_fail(TOOL_FAILED, "out of memory");
    buf_finish(&out);
    return status;
}

static int copy_folder(const fresh *f, const char *from, const char *to);

static int copy_entry(const fresh *f, const char *from, const char *to, const char *entry)
{
    char source[TOOL_PATH], target[TOOL_PATH], renamed[80];
    struct stat info;
    snprintf(renamed, sizeof(renamed), "%s.yaml", f->id);
    if (!tool_path(source, "%s/%s", from, entry) ||
        !tool_path(target, "%s/%s", to, strcmp(entry, "plugin.yaml") ? entry : renamed))
        return TOOL_FAILED;
    if (stat(source, &info) != 0)
        return tool_fail(TOOL_FAILED, "%s: %s", source, strerror(errno));
    return S_ISDIR(info.st_mode) ? copy_folder(f, source, target) : copy_file(f, source, target);
}

static int copy_folder(const fresh *f, const char *from, const char *to)
{
    DIR *folder = opendir(from);
    if (!folder)
        return tool_fail(TOOL_FAILED, "%s: %s", from, strerror(errno));
    int status = TOOL_OK;
    if (mkdir(to, 0777) != 0)
        status = tool_fail(TOOL_FAILED, "%s: %s", to, strerror(errno));
    struct dirent *entry;
    while (status == TOOL_OK && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            status = copy_entry(f, from, to, entry->d_name);
    closedir(folder);
    return status;
}

/* "com.studio.auth" -> "com_studio_auth"; a digit in front gets a letter before it. */
static void make_name(fresh *f)
{
    size_t len = 0;
    if (f->id[0] >= '0' && f->id[0] <= '9')
        f->name[len++] = 'p';
    for (const char *at = f->id; *at && len + 1 < sizeof(f->name); at++)
        f->name[len++] = *at == '.' || *at == '-' ? '_' : *at;
    f->name[len] = '\0';
}

int tool_new(const tool *t)
{
    fresh f = {.id = t->args[0]};
    const char *directory = t->count > 1 ? t->args[1] : f.id;
    char template[TOOL_PATH];
    if (!manifest_id_is_valid(f.id))
        return tool_fail(TOOL_USAGE,
                         "%s: expected a plugin's id: [a-z0-9] first, then [a-z0-9.-], "
                         "as com.studio.quests",
                         f.id);
    make_name(&f);
    if (!tool_prefix(f.prefix) || !tool_path(template, "%s/share/hearth/template", f.prefix))
        return TOOL_FAILED;
    int status = copy_folder(&f, template, directory);
    if (status == TOOL_OK)
        printf("%s is ready. Build and test it:\n"
               "  cmake -S %s -B %s/build && cmake --build %s/build && ctest --test-dir %s/build\n",
               directory, directory, directory, directory, directory);
    return status;
}
