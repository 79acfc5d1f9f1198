/*
 * process.c - /proc/self, see proc(5).
 */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool read_stat(struct process *process, double *start_ticks)
{
    char line[1024];
    unsigned long user, kernel, virtual_bytes;
    long resident_pages;
    unsigned long long start;
    FILE *file = fopen("/proc/self/stat", "re");

    if (!file)
        return false;
    size_t len = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[len] = '\0';
    const char *rest = strrchr(line, ')'); /* the command's name may hold anything */
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
                        "%*d %llu %lu %ld",
                        &user, &kernel, &start, &virtual_bytes, &resident_pages) != 5)
        return false;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    process->cpu_seconds = ((double)user + (double)kernel) / ticks;
    process->virtual_bytes = (double)virtual_bytes;
    process->resident_bytes = (double)resident_pages * (double)sysconf(_SC_PAGESIZE);
    *start_ticks = (double)start / ticks;
    return true;
}

static double boot_time(void)
{
    char line[256];
    double seconds = 0;
    FILE *file = fopen("/proc/stat", "re");

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "btime %lf", &seconds) == 1)
            break;
    }
    if (file)
        fclose(file);
    return seconds;
}

static double count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    double count = -1; /* the directory's own */
    const struct dirent *entry;

    if (!dir)
        return 0;
    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

bool process_sample(struct process *process)
{
    struct rlimit limit;
    double start;

    if (!read_stat(process, &start))
        return false;
    process->start_seconds = boot_time() + start;
    process->open_fds = count_fds();
    process->max_fds = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : 0;
    return true;
}
