/*
 * address.h - where an instance is reached, in one spelling, and the document that says which
 * instance is at an address. It lies in the partition of its instance, so that both are written in
 * one transaction: {gamesim-addresses, first digit of the id, "address:port"} -> the id. That digit
 * is therefore not random but follows from the address.
 */
#ifndef MATCHMAKING_ADDRESS_H
#define MATCHMAKING_ADDRESS_H

#include "../plugin.h"

#define ADDRESS_TEXT_SIZE 80 /* "[address]:port" */

/* Reads an IPv4 or IPv6 literal, as which a client can be sent somewhere. False: it is none. */
bool address_read(hearth_str text, uint16_t port, char out[INSTANCE_ADDRESS_SIZE]);
/* The same with the port inside: "1.2.3.4:40000", "[2001:db8::1]:40000". */
bool address_read_with_port(hearth_str text, char out[INSTANCE_ADDRESS_SIZE]);

/* A fresh id for the instance, which has its address and port already. */
void address_make_id(struct mm_loop *loop, struct instance *instance);

/* The key of the document of an instance's address; its strings live in the buffers and the
 * instance. */
hearth_key address_key(const struct instance *instance, char bucket[2],
                       char text[ADDRESS_TEXT_SIZE]);
/* Its body, and the way back. False: it is not such a document. */
void address_body(const struct instance *instance, char out[HEARTH_UUID_SIZE + 16]);
bool address_holder(struct mm_loop *loop, hearth_str body, char out[HEARTH_UUID_SIZE]);

/* Deletes the document of an instance that is final, unless another one is there now. Calls done
 * whether or not it could: what remains costs a few bytes until the address is used again. [loop]
 */
void address_forget(struct mm_loop *loop, const struct instance *instance, void (*done)(void *arg),
                    void *arg);

#endif
