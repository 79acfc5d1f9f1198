/*
 * sample.h - what the tests look at inside the sample plugin.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <hearth/timer.h>

struct sample_conf {
    hearth_str greeting;
    int64_t limit, wait, size;
    uint32_t mode;
    hearth_conf_list names;
};

struct sample_state {
    hearth_timer *beat;
    int beats, nobody, canceled, number, visits, fetched, last_status;
    hearth_status fetch_status;
    hearth_async *forgotten;
};

extern const hearth_plugin_desc hearth_plugin_main;

#endif
