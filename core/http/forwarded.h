/*
 * forwarded.h - who the client is behind proxies that we trust.
 */
#ifndef HEARTH_HTTP_FORWARDED_H
#define HEARTH_HTTP_FORWARDED_H

#include "http/server.h"

/*
 * The rightmost address that is not a trusted proxy's, starting from `peer` itself. What cannot be
 * understood ends the search: the last address that a trusted proxy vouched for is the answer.
 */
hearth_ip forwarded_peer(const http_options *options, const http_headers *headers, hearth_ip peer);

#endif
