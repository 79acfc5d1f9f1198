/*
 * ec2.h - `--public ec2`: the public address of this machine, asked of the EC2 instance metadata
 * service (IMDSv2), so that one image serves a whole fleet.
 */
#ifndef HOST_EC2_H
#define HOST_EC2_H

#include <netcode_address.h>

/* [main] Waits for at most a few seconds. AWS_EC2_METADATA_SERVICE_ENDPOINT in the environment
 * replaces the service's address, as in Amazon's own tools. EUNAVAILABLE with one sentence. */
HEARTH_MUST_CHECK hearth_status ec2_public_address(netcode_address *out, uint16_t port,
                                                   char error[512]);

#endif
