/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Captured packets as Ethernet frames. capture.c is the only includer of pcap.h. */
#ifndef RG_CLI_CAPTURE_H
#define RG_CLI_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct rg_capture;

struct rg_capture_frame {
	const void *data; /* of the capture, until the next call */
	size_t length;
	bool partial;     /* the wire carried more than was captured */
	size_t wire_length; /* of the frame on the wire */
	int64_t time;     /* when it was captured, seconds since 1970; 0: the file does not say */
};

/** Open a pcap or pcapng file, "-" is standard input. Ethernet is taken as it is. Of LINUX_SLL,
 *  LINUX_SLL2, RAW, IPV4, IPV6, NULL and LOOP each packet gets an Ethernet header that says the
 *  same network protocol. -EINVAL for other link types and for what is no capture. */
int rg_capture_open(const char *path, struct rg_capture **ret, struct rg_err *err);
void rg_capture_close(struct rg_capture *capture);

/** "LINUX_SLL" if packets are converted; NULL if they are Ethernet frames. */
const char *rg_capture_converted_from(const struct rg_capture *capture);

/** 1: @ret is the next frame; 0: the end; -EINVAL: the file is cut off or malformed here. */
int rg_capture_next(struct rg_capture *capture, struct rg_capture_frame *ret, struct rg_err *err);

#endif
