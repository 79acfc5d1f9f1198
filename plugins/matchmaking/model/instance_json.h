/*
 * instance_json.h - an instance as JSON, and the parts of it that the record of an ended session
 * shares.
 */
#ifndef MATCHMAKING_INSTANCE_JSON_H
#define MATCHMAKING_INSTANCE_JSON_H

#include "instance.h"

#include <hearth/service/storage.h>

enum { FLAG_CONNECTED = 1, FLAG_SEEN = 2, FLAG_LEAVING = 4 };

/* A JSON array of members, as the next value. [loop] */
void members_write(const struct member *members, uint32_t count, const hearth_json *json,
                   hearth_json_writer *writer);
/* The members of such an array, on the heap. False: not such an array, or no memory. [loop] */
bool members_read(const hearth_json_value *list, const hearth_json *json, struct member **members,
                  uint32_t *count);

#endif
