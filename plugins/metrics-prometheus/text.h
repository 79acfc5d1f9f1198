/*
 * text.h - writes metric families in the two text formats that Prometheus reads.
 * Sources: Prometheus text exposition format 0.0.4; OpenMetrics 1.0.0.
 */
#ifndef METRICS_PROMETHEUS_TEXT_H
#define METRICS_PROMETHEUS_TEXT_H

#include <hearth/metrics.h>

#include <stdbool.h>

enum format { FORMAT_PROMETHEUS, FORMAT_OPENMETRICS };

/* A page being written. Out of memory, or past the ceiling, `failed` is set and the rest is
 * dropped. */
struct text {
    enum format format;
    bool failed;
    char *bytes;
    size_t len, size;
    const hearth_metric *family; /* of the sample before */
};

void text_init(struct text *text, enum format format);
void text_finish(struct text *text);

/* Adds a series; those of one family follow each other. */
void text_sample(struct text *text, const hearth_metric_sample *sample);
/* Ends the page. */
void text_end(struct text *text);

/* The format that an Accept header asks for, and the Content-Type that names it. */
enum format text_negotiate(hearth_str accept);
hearth_str text_content_type(enum format format);

#endif
