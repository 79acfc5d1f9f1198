/*
 * netcode_protocol.h - the numbers of NETCODE 1.02 that issuer, server and client must agree on.
 * They are fixed by the published standard; nothing here is a setting.
 */
#ifndef NETCODE_PROTOCOL_H
#define NETCODE_PROTOCOL_H

#define NETCODE_VERSION_INFO          "NETCODE 1.02" /* the terminating zero byte belongs to it */
#define NETCODE_VERSION_BYTES         13
#define NETCODE_KEY_BYTES             32
#define NETCODE_TAG_BYTES             16
#define NETCODE_TOKEN_BYTES           2048
#define NETCODE_TOKEN_NONCE_BYTES     24
#define NETCODE_PRIVATE_BYTES         1024
#define NETCODE_USER_DATA_BYTES       256
#define NETCODE_ADDRESSES_MAX         32
#define NETCODE_CHALLENGE_BYTES       300
#define NETCODE_CHALLENGE_BODY_BYTES  308 /* sequence, then the sealed challenge token */
#define NETCODE_KEEP_ALIVE_BODY_BYTES 8
#define NETCODE_REQUEST_BYTES         1078
#define NETCODE_PAYLOAD_BYTES_MAX     1200
#define NETCODE_PACKET_BYTES_MIN      18
#define NETCODE_PACKET_BYTES_MAX      1300 /* readers drop what is longer; writers need 1225 */
#define NETCODE_REPLAY_WINDOW         256
#define NETCODE_SEND_INTERVAL_NS      100000000u /* handshake packets and keep-alives: 10 a second */
#define NETCODE_DISCONNECT_PACKETS    10

/* Packet types: the low four bits of the first byte. */
enum {
    NETCODE_REQUEST = 0,
    NETCODE_DENIED = 1,
    NETCODE_CHALLENGE = 2,
    NETCODE_RESPONSE = 3,
    NETCODE_KEEP_ALIVE = 4,
    NETCODE_PAYLOAD = 5,
    NETCODE_DISCONNECT = 6
};

#endif
