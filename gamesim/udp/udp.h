/*
 * udp.h - one UDP socket on a libuv loop that reads and writes datagrams in batches.
 * A raw socket with recvmmsg and sendmmsg, because one system call for each packet is what a match
 * server would otherwise spend most of its time on. Buffers are allocated once, at open.
 */
#ifndef GAMESIM_UDP_H
#define GAMESIM_UDP_H

#include <netcode_address.h>
#include <uv.h>

typedef struct udp_socket udp_socket;

/* [loop] One datagram, in a buffer that the callee may change. */
typedef void (*udp_datagram_fn)(void *arg, const netcode_address *from, uint8_t *bytes, size_t len);

/* [loop] After a batch of datagrams: the place to flush answers. */
typedef void (*udp_batch_fn)(void *arg);

typedef struct udp_stats {
    uint64_t truncated;   /* longer than any packet */
    uint64_t send_failed; /* refused by the system, such as a full socket buffer */
} udp_stats;

/* Binds and starts reading. `[::]:PORT` also takes IPv4. Port 0 lets the kernel choose.
 * On failure `error` says what could not be done. */
HEARTH_MUST_CHECK hearth_status udp_open(udp_socket **out, uv_loop_t *loop,
                                         const netcode_address *address, udp_datagram_fn datagram,
                                         udp_batch_fn batch, void *arg, char error[256]);

/* [loop] Queues a datagram of at most NETCODE_PACKET_BYTES_MAX bytes; a full queue is flushed. */
void udp_send(udp_socket *udp, const netcode_address *to, const uint8_t *bytes, size_t len);

/* [loop] Hands everything queued to the system. What it does not take now is lost, as UDP allows.
 */
void udp_flush(udp_socket *udp);

/* The address that was bound, with the port that the kernel chose. */
netcode_address udp_address(const udp_socket *udp);
udp_stats udp_stats_get(const udp_socket *udp);

/* [loop] Flushes and closes; the memory goes when the loop has seen the handle close. NULL is fine.
 */
void udp_close(udp_socket *udp);

#endif
