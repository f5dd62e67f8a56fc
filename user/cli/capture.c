/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <string.h>
#include "base/cleanup.h"

#define ETHERNET_HEADER 14
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_NONE 0 /* an 802.3 length: no protocol that the filter knows */

struct rg_capture {
	pcap_t *pcap;
	const struct link *link;
	uint8_t *frame; /* room for a converted packet */
	size_t room;
};

/* How packets of a link type start. @network_type: the Ethernet type that the @header_length
 * bytes before the network header (and that header) stand for. */
struct link {
	int dlt;
	const char *name;
	size_t header_length;
	uint16_t (*network_type)(const uint8_t *packet, size_t length);
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint16_t type_of_sll(const uint8_t *packet, size_t length)
{
	(void)length;
	return be16(packet + 14);
}

static uint16_t type_of_sll2(const uint8_t *packet, size_t length)
{
	(void)length;
	return be16(packet);
}

static uint16_t type_of_raw(const uint8_t *packet, size_t length)
{
	int version = length ? packet[0] >> 4 : 0;

	return version == 4 ? TYPE_IPV4 : version == 6 ? TYPE_IPV6 : TYPE_NONE;
}

/* The address family of the capturing host, in its byte order (NULL) or in network order (LOOP):
 * families are small numbers, so one half of the field is zero and tells the order. */
static uint16_t type_of_loop(const uint8_t *packet, size_t length)
{
	unsigned int family = packet[0] | packet[1] ? packet[0] | packet[1] << 8 : be16(packet + 2);

	(void)length;
	switch (family) {
	case 2:
		return TYPE_IPV4;
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return TYPE_IPV6;
	default:
		return TYPE_NONE;
	}
}

static const struct link links[] = {
	{ DLT_EN10MB, "EN10MB", 0, NULL },
	{ DLT_LINUX_SLL, "LINUX_SLL", 16, type_of_sll },
	{ DLT_LINUX_SLL2, "LINUX_SLL2", 20, type_of_sll2 },
	{ DLT_RAW, "RAW", 0, type_of_raw },
	{ DLT_IPV4, "IPV4", 0, type_of_raw },
	{ DLT_IPV6, "IPV6", 0, type_of_raw },
	{ DLT_NULL, "NULL", 4, type_of_loop },
	{ DLT_LOOP, "LOOP", 4, type_of_loop },
};

static const struct link *link_find(int dlt)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (links[i].dlt == dlt)
			return &links[i];
	return NULL;
}

int rg_capture_open(const char *path, struct rg_capture **ret, struct rg_err *err)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	struct rg_capture *capture = calloc(1, sizeof(*capture));
	int dlt;

	if (!capture)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	capture->pcap = pcap_open_offline(path, reason);
	if (!capture->pcap) {
		rg_capture_close(capture);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "can not read the capture '%s': %s",
				  path, reason);
	}
	dlt = pcap_datalink(capture->pcap);
	capture->link = link_find(dlt);
	if (!capture->link) {
		const char *name = pcap_datalink_val_to_name(dlt);

		rg_capture_close(capture);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "the capture '%s' has link type %d (%s), which has no Ethernet frames",
				  path, dlt, name ? name : "unknown");
	}
	*ret = capture;
	return 0;
}

void rg_capture_close(struct rg_capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap);
	free(capture->frame);
	free(capture);
}

const char *rg_capture_converted_from(const struct rg_capture *capture)
{
	return capture->link->network_type ? capture->link->name : NULL;
}

/* Put an Ethernet header in place of the link's own. A packet too short for that is handed on
 * as it is: it is no frame, and has no network protocol. */
static int convert(struct rg_capture *capture, const uint8_t *packet, size_t length,
		   struct rg_capture_frame *ret, struct rg_err *err)
{
	const struct link *link = capture->link;
	size_t payload;
	uint16_t type;

	ret->data = packet;
	ret->length = 0;
	if (length < link->header_length)
		return 0;
	type = link->network_type(packet, length);
	payload = length - link->header_length;
	if (ETHERNET_HEADER + payload > capture->room) {
		uint8_t *grown = realloc(capture->frame, ETHERNET_HEADER + payload);

		if (!grown)
			return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
		capture->frame = grown;
		capture->room = ETHERNET_HEADER + payload;
	}
	memset(capture->frame, 0, ETHERNET_HEADER - 2);
	capture->frame[ETHERNET_HEADER - 2] = (uint8_t)(type >> 8);
	capture->frame[ETHERNET_HEADER - 1] = (uint8_t)type;
	memcpy(capture->frame + ETHERNET_HEADER, packet + link->header_length, payload);
	ret->data = capture->frame;
	ret->length = ETHERNET_HEADER + payload;
	return 0;
}

int rg_capture_next(struct rg_capture *capture, struct rg_capture_frame *ret, struct rg_err *err)
{
	struct pcap_pkthdr *header;
	const u_char *packet;
	int r = pcap_next_ex(capture->pcap, &header, &packet);

	if (r == PCAP_ERROR_BREAK)
		return 0;
	if (r != 1)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "the capture is bad: %s",
				  pcap_geterr(capture->pcap));
	ret->partial = header->caplen < header->len;
	ret->data = packet;
	ret->length = header->caplen;
	ret->time = header->ts.tv_sec;
	if (capture->link->network_type) {
		r = convert(capture, packet, header->caplen, ret, err);
		if (r)
			return r;
	}
	ret->wire_length = ret->length + (ret->partial ? header->len - header->caplen : 0);
	return 1;
}
