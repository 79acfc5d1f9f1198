/*
 * main.c - hearthd: reads the command line and runs the host. Everything else is in host/.
 */
#include <stdio.h>
#include <string.h>

#include "base/descriptors.h"
#include "host/host.h"

static const char usage[] =
    "usage: hearthd [--config FILE] [--listen ADDR:PORT]... [--data-dir DIR] [--plugin-dir DIR]\n"
    "               [--loops N] [--with ID]... [--without ID]... [--set KEY=VALUE]...\n"
    "       hearthd --version | --help\n";

int main(int argc, char **argv)
{
    descriptors_fill_standard();
    host_argv args;
    host_argv_init(&args);
    int result = -1;
    for (int i = 1; i < argc && result < 0;) {
        hearth_error error;
        hearth_status status = host_argv_take(&args, argc, argv, &i, &error);
        if (status == HEARTH_OK)
            continue;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
            (void)fputs(argv[i][2] == 'h' ? usage : "hearthd " HEARTH_VERSION "\n", stdout);
            result = 0;
        } else {
            (void)fprintf(stderr, "hearthd: %s%s\n%s",
                          status == HEARTH_ENOTFOUND ? "unknown argument " : "",
                          status == HEARTH_ENOTFOUND ? argv[i] : error.text, usage);
            result = 2;
        }
    }
    if (result < 0)
        result = host_run(&args.options);
    host_argv_finish(&args);
    return result;
}
