/*
 * second_reader.h - another program that reads the same head, as a proxy in front of us would.
 */
#ifndef FUZZ_SECOND_READER_H
#define FUZZ_SECOND_READER_H

#include "http/head.h"

/* Whether llhttp refuses the head or sees in it what head_parse has seen: the target, the fields,
 * and how long the body is. */
bool second_reader_agrees(hearth_str bytes, const http_head *head);

#endif
