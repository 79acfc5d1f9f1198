/*
 * shape.h - what every answer must look like, whatever was asked: sizes, keys, errors. Each
 * function fails the present check when it does not.
 */
#ifndef CONFORMANCE_SHAPE_H
#define CONFORMANCE_SHAPE_H

#include <hearth/service/storage.h>

struct run;

/* `key` is what was asked for; `what` names the answer in the report. [any] */
void shape_doc(struct run *run, const hearth_doc *doc, const hearth_key *key, const char *what);
void shape_result(struct run *run, const hearth_storage_result *result,
                  const hearth_storage_op *op);

/* `asked`: collection, and of a query also partition and prefix. [any] */
void shape_page(struct run *run, hearth_status status, const hearth_doc *const *docs, size_t count,
                hearth_str cursor, const hearth_key *asked, uint32_t limit, int is_query);

#endif
