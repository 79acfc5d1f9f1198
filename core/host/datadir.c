/* datadir.c - see datadir.h. */
#include "host/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *datadir_resolve(hearth_arena *arena, const char *path)
{
    char absolute[PATH_MAX];
    return realpath(path, absolute) ? arena_dup(arena, absolute, strlen(absolute)) : NULL;
}

char *datadir_open(hearth_arena *arena, const char *path, hearth_error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        (void)error_set(error, HEARTH_EUNAVAILABLE, "data_dir: %s cannot be made: %s", path,
                        strerror(errno));
        return NULL;
    }
    char *absolute = datadir_resolve(arena, path);
    struct stat info;
    if (absolute && stat(absolute, &info) == 0) {
        if (S_ISDIR(info.st_mode) && access(absolute, R_OK | W_OK | X_OK) == 0)
            return absolute;
        if (!S_ISDIR(info.st_mode))
            errno = ENOTDIR;
    }
    (void)error_set(error, HEARTH_EUNAVAILABLE,
                    "data_dir: expected a directory that may be written, found %s: %s", path,
                    strerror(errno));
    return NULL;
}

int datadir_lock(const char *data_dir, hearth_error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/lock", data_dir) >= (int)sizeof(path)) {
        (void)error_set(error, HEARTH_EINVAL, "data_dir: its path is too long");
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        (void)error_set(error, HEARTH_EUNAVAILABLE, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        char text[32];
        int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
        if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
            (void)error_set(error, HEARTH_OK, "%s: %s", path, strerror(errno));
        return fd;
    }
    (void)error_set(error, errno == EWOULDBLOCK ? HEARTH_ECONFLICT : HEARTH_EUNAVAILABLE, "%s: %s",
                    path, errno == EWOULDBLOCK ? "another hearthd holds it" : strerror(errno));
    close(fd);
    return -1;
}

bool datadir_is_ours(const char *data_dir, int lock)
{
    char path[PATH_MAX];
    struct stat held, there;
    return snprintf(path, sizeof(path), "%s/lock", data_dir) < (int)sizeof(path) &&
           fstat(lock, &held) == 0 && stat(path, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}
