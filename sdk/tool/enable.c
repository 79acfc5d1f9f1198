/*
 * enable.c - `hearth enable` and `hearth disable`: a plugin is enabled when its file is in
 * plugins.d/. The configuration is checked as it would be afterwards, and only then changed, by one
 * rename.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/manifest.h"

typedef struct places {
    char available[TOOL_PATH], enabled[TOOL_PATH];
} places;

static int find_places(const tool *t, places *p)
{
    char dir[TOOL_PATH];
    const char *id = t->args[0];
    if (!manifest_id_is_valid(id))
        return tool_fail(TOOL_USAGE, "%s: expected a plugin's id of [a-z0-9.-]", id);
    if (!tool_config_dir(t, dir) ||
        !tool_path(p->available, "%s/plugins.available/%s.yaml", dir, id) ||
        !tool_path(p->enabled, "%s/plugins.d/%s.yaml", dir, id))
        return TOOL_FAILED;
    return TOOL_OK;
}

/* Would hearthd start with this plugin more, or less? */
static int check_with(const tool *t, bool more)
{
    const char *one[1] = {t->args[0]};
    host_options options = *t->options;
    if (more) {
        options.with = one;
        options.with_count = 1;
    } else {
        options.without = one;
        options.without_count = 1;
    }
    if (host_check(&options, tool_complain, NULL) == HEARTH_OK)
        return TOOL_OK;
    return tool_fail(TOOL_USAGE, "%s stays %s: the configuration would not be good", t->args[0],
                     more ? "disabled" : "enabled");
}

static void say_when(const tool *t, const char *what)
{
    printf("%s is %s; hearthd takes this up at its next start\n", t->args[0], what);
}

/* A link made beside its place and renamed into it: it is there whole, or not at all. */
static int link_file(const tool *t, const places *p)
{
    char target[TOOL_PATH], temporary[TOOL_PATH];
    if (!tool_path(target, "../plugins.available/%s.yaml", t->args[0]) ||
        !tool_path(temporary, "%s.%ld~", p->enabled, (long)getpid()))
        return TOOL_FAILED;
    if (symlink(target, temporary) != 0)
        return tool_fail(TOOL_FAILED, "%s: %s", temporary, strerror(errno));
    if (rename(temporary, p->enabled) != 0) {
        int why = errno;
        unlink(temporary);
        return tool_fail(TOOL_FAILED, "%s: %s", p->enabled, strerror(why));
    }
    return TOOL_OK;
}

int tool_enable(const tool *t)
{
    places p;
    int status = find_places(t, &p);
    if (status != TOOL_OK)
        return status;
    if (access(p.enabled, F_OK) == 0) {
        printf("%s is enabled already\n", t->args[0]);
        return TOOL_OK;
    }
    if (access(p.available, R_OK) != 0)
        return tool_fail(TOOL_USAGE, "%s: %s", p.available, strerror(errno));
    status = check_with(t, true);
    if (status == TOOL_OK)
        status = link_file(t, &p);
    if (status == TOOL_OK)
        say_when(t, "enabled");
    return status;
}

int tool_disable(const tool *t)
{
    places p;
    struct stat info;
    int status = find_places(t, &p);
    if (status != TOOL_OK)
        return status;
    if (lstat(p.enabled, &info) != 0) {
        if (errno != ENOENT)
            return tool_fail(TOOL_FAILED, "%s: %s", p.enabled, strerror(errno));
        if (access(p.available, F_OK) != 0)
            return tool_fail(TOOL_USAGE, "%s: %s", p.available, strerror(errno));
        printf("%s is disabled already\n", t->args[0]);
        return TOOL_OK;
    }
    bool is_link = S_ISLNK(info.st_mode);
    if (!is_link && access(p.available, F_OK) == 0)
        return tool_fail(TOOL_FAILED,
                         "%s is a file of its own, and %s is there as well: remove one", p.enabled,
                         p.available);
    status = check_with(t, false);
    if (status != TOOL_OK)
        return status;
    /* An operator's own file is kept where it can be enabled again. */
    if ((is_link ? unlink(p.enabled) : rename(p.enabled, p.available)) != 0)
        return tool_fail(TOOL_FAILED, "%s: %s", p.enabled, strerror(errno));
    say_when(t, "disabled");
    return TOOL_OK;
}
