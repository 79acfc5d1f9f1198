/*
 * text.c - the two formats differ little: OpenMetrics names a counter's family without "_total",
 * tells units, writes bucket bounds as floats, and ends with "# EOF".
 */
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CEILING (16u << 20)

void text_init(struct text *text, enum format format)
{
    *text = (struct text){.format = format};
}

void text_finish(struct text *text)
{
    free(text->bytes);
    text->bytes = NULL;
}

static void append(struct text *text, const char *bytes, size_t len)
{
    if (text->failed)
        return;
    if (text->len + len > text->size) {
        size_t size = text->size ? text->size * 2 : 16384;
        while (size < text->len + len)
            size *= 2;
        char *grown = size <= CEILING ? realloc(text->bytes, size) : NULL;
        if (!grown) {
            text->failed = true;
            return;
        }
        text->bytes = grown;
        text->size = size;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

static void append_str(struct text *text, const char *s)
{
    append(text, s, strlen(s));
}

/* Escapes as label values do; help texts need no escaped quotes, but bear them in OpenMetrics. */
static void append_escaped(struct text *text, hearth_str s, bool quotes)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\')
            append_str(text, "\\\\");
        else if (c == '\n')
            append_str(text, "\\n");
        else if (c == '"' && quotes)
            append_str(text, "\\\"");
        else
            append(text, &c, 1);
    }
}

/* The shortest decimal that reads back as the same double. */
static void append_number(struct text *text, double value)
{
    char number[40];

    if (isnan(value) || isinf(value)) {
        append_str(text, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(number, sizeof(number), "%.*g", digits, value);
        if (strtod(number, NULL) == value)
            break;
    }
    append_str(text, number);
}

static size_t family_length(const struct text *text, const hearth_metric *metric)
{
    static const char total[] = "_total";
    size_t len = strlen(metric->name), suffix = sizeof(total) - 1;

    if (text->format == FORMAT_OPENMETRICS && metric->kind == HEARTH_COUNTER && len > suffix &&
        strcmp(metric->name + len - suffix, total) == 0)
        return len - suffix;
    return len;
}

static void begin_family(struct text *text, const hearth_metric *metric)
{
    static const char *const kinds[] = {
        [HEARTH_COUNTER] = "counter", [HEARTH_GAUGE] = "gauge", [HEARTH_HISTOGRAM] = "histogram"};
    size_t len = family_length(text, metric);

    append_str(text, "# HELP ");
    append(text, metric->name, len);
    append_str(text, " ");
    append_escaped(text, (hearth_str){metric->help, strlen(metric->help)},
                   text->format == FORMAT_OPENMETRICS);
    append_str(text, "\n# TYPE ");
    append(text, metric->name, len);
    append_str(text, " ");
    append_str(text, kinds[metric->kind]);
    append_str(text, "\n");
    size_t unit = metric->unit ? strlen(metric->unit) : 0;
    bool named =
        unit > 0 && len > unit && memcmp(metric->name + len - unit, metric->unit, unit) == 0;
    if (text->format == FORMAT_OPENMETRICS && named) { /* a unit must be the name's suffix */
        append_str(text, "# UNIT ");
        append(text, metric->name, len);
        append_str(text, " ");
        append_str(text, metric->unit);
        append_str(text, "\n");
    }
}

/* name{a="b",le="0.5"}; `bound` NULL: no le. */
static void begin_line(struct text *text, const hearth_metric_sample *sample, const char *suffix,
                       const double *bound)
{
    const char *separator = "{";

    append_str(text, sample->metric->name);
    append_str(text, suffix);
    for (uint32_t i = 0; i < sample->label_count; i++) {
        append_str(text, separator);
        append(text, sample->label_names[i].ptr, sample->label_names[i].len);
        append_str(text, "=\"");
        append_escaped(text, sample->label_values[i], true);
        append_str(text, "\"");
        separator = ",";
    }
    if (bound) {
        append_str(text, separator);
        append_str(text, "le=\"");
        append_number(text, *bound);
        if (text->format == FORMAT_OPENMETRICS && *bound == floor(*bound) && fabs(*bound) < 1e6)
            append_str(text, ".0");
        append_str(text, "\"");
    }
    append_str(text, bound || sample->label_count ? "} " : " ");
}

static void sample_line(struct text *text, const hearth_metric_sample *sample, const char *suffix,
                        const double *bound, double value)
{
    begin_line(text, sample, suffix, bound);
    append_number(text, value);
    append_str(text, "\n");
}

static void histogram(struct text *text, const hearth_metric_sample *sample)
{
    const double infinity = INFINITY;
    uint64_t below = 0;

    for (size_t i = 0; i <= sample->metric->bucket_count; i++) {
        const double *bound =
            i < sample->metric->bucket_count ? &sample->metric->buckets[i] : &infinity;
        below += sample->buckets[i];
        sample_line(text, sample, "_bucket", bound, (double)below);
    }
    sample_line(text, sample, "_sum", NULL, sample->value);
    sample_line(text, sample, "_count", NULL, (double)below);
}

void text_sample(struct text *text, const hearth_metric_sample *sample)
{
    if (sample->metric != text->family)
        begin_family(text, sample->metric);
    text->family = sample->metric;
    if (sample->metric->kind == HEARTH_HISTOGRAM)
        histogram(text, sample);
    else
        sample_line(text, sample, "", NULL, sample->value);
}

void text_end(struct text *text)
{
    if (text->format == FORMAT_OPENMETRICS)
        append_str(text, "# EOF\n");
}

enum format text_negotiate(hearth_str accept)
{
    static const char name[] = "application/openmetrics-text";
    size_t len = sizeof(name) - 1;

    for (size_t i = 0; i + len <= accept.len; i++) {
        if (strncasecmp(accept.ptr + i, name, len) == 0)
            return FORMAT_OPENMETRICS;
    }
    return FORMAT_PROMETHEUS;
}

hearth_str text_content_type(enum format format)
{
    return format == FORMAT_OPENMETRICS
               ? HEARTH_STR("application/openmetrics-text; version=1.0.0; charset=utf-8")
               : HEARTH_STR("text/plain; version=0.0.4; charset=utf-8");
}
