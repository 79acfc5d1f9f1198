/*
 * suggest.c - "did you mean": the candidate with the fewest slips of the keyboard.
 * Counts insertions, deletions, replacements and swapped neighbours (optimal string alignment).
 */
#include "conf/internal.h"

#include <stdio.h>

#define LONGEST 48

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(hearth_str a, hearth_str b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = above[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, replaced);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}

void suggestion_init(suggestion *s, hearth_str wanted)
{
    *s = (suggestion){.wanted = wanted, .distance = wanted.len / 3 + 2};
}

void suggestion_offer(suggestion *s, hearth_str candidate)
{
    if (candidate.len > LONGEST || s->wanted.len > LONGEST || s->wanted.len == 0)
        return;
    size_t found = distance(s->wanted, candidate);
    if (found < s->distance && found < candidate.len) {
        s->distance = found;
        s->best = candidate;
    }
}

void suggestion_text(const suggestion *s, char *out, size_t size)
{
    out[0] = '\0';
    if (s->best.len > 0)
        snprintf(out, size, "; did you mean \"%" HEARTH_PRIS "\"?", HEARTH_ARG(s->best));
}
