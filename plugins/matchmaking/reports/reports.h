/*
 * reports.h - the reports of one loop. All requests of an instance run on its home loop, so that
 * this is where the reports of a session meet and are taken in one at a time.
 */
#ifndef MATCHMAKING_REPORTS_H
#define MATCHMAKING_REPORTS_H

#include "../plugin.h"

#define REPORT_BODY_MAX (128u << 10) /* for the route table: EVENTS_MAX events, and results */

/* NULL: no memory. [loop] */
struct reports *reports_create(struct mm_loop *loop);
/* Calls done when no report is on its way any more; at once if none is. [loop] */
void reports_drain(struct reports *reports, void (*done)(void *arg), void *arg);
void reports_destroy(struct reports *reports); /* NULL is fine. [loop] */

/* Something that reports_drain waits for begins, or has ended. [loop] */
void reports_began(struct reports *reports);
void reports_ended(struct reports *reports);

#endif
