/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A piece of an array that somebody else has written to is put right: each of its entries is written as it was
 * first, so that what costs a start for all maps costs a millisecond for what was found (drift.c). */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"

/* Packets read meanwhile: each word is whole. */
static void clear(void *at, size_t size)
{
	for (size_t i = 0; i < size / sizeof(__u64); i++)
		__atomic_store_n((__u64 *)at + i, 0, __ATOMIC_RELEASE);
}

/* Not by rg_dp_port_put(), which counts by what is there. */
static void mend_ports(struct rg_dp *dp, uint32_t index, const struct rg_dp_mend *mend)
{
	size_t table = index / RG_PORT_BLOCKS / 2;
	uint8_t protocol = index / RG_PORT_BLOCKS % 2 == RG_PROTO_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	const struct rg_addr *address = rg_dp_table_address(dp, table);

	for (uint32_t i = 0; i < RG_PORTS_PER_BLOCK; i++) {
		uint32_t port = index % RG_PORT_BLOCKS * RG_PORTS_PER_BLOCK + i;
		uint32_t value = address ? mend->port(mend->arg, address, protocol, (uint16_t)port) : 0;

		__atomic_store_n(&dp->ports[index].meeting[i], value, __ATOMIC_RELEASE);
	}
}

static void mend_entry(struct rg_dp *dp, const struct rg_dp_piece *piece, uint32_t index, const struct rg_dp_mend *mend)
{
	const struct rg_dp_array *array = &dp->arrays[piece->array];
	size_t stride = rg_dp_stride(array);

	if (!strcmp(piece->map, "rg_ports"))
		mend_ports(dp, index, mend);
	else if (!mend->entry(mend->arg, piece->map, index))
		clear((char *)array->at + index * stride, stride);
}

/* Which of the two generations was written to does not matter: the other one is made, and put in force. */
static int mend_state(struct rg_dp *dp, struct rg_dp_map_check *ret)
{
	ret->differences = 1;
	ret->repaired = !rg_dp_locals_mend(dp);
	return 0;
}

int rg_dp_mend(struct rg_dp *dp, const struct rg_dp_piece *piece, const struct rg_dp_mend *mend,
	       struct rg_dp_map_check *ret)
{
	const struct rg_dp_array *array = &dp->arrays[piece->array];
	size_t stride = rg_dp_stride(array);
	char *at = (char *)array->at + piece->first * stride;
	_cleanup_(rg_freep) char *before = NULL;

	*ret = (struct rg_dp_map_check){ .compared = piece->n };
	memcpy(ret->name, piece->map, sizeof(ret->name));
	if (!strcmp(piece->map, "rg_state") || !strcmp(piece->map, "rg_locals"))
		return mend_state(dp, ret);
	before = malloc(piece->n * stride);
	if (!before)
		return -ENOMEM;
	memcpy(before, at, piece->n * stride);
	dp->mending = true;
	for (uint32_t i = 0; i < piece->n; i++)
		mend_entry(dp, piece, piece->first + i, mend);
	dp->mending = false;
	for (uint32_t i = 0; i < piece->n; i++)
		ret->differences += memcmp(before + i * stride, at + i * stride, stride) != 0;
	ret->repaired = ret->differences;
	rg_dp_drift_known(dp, piece);
	return 0;
}
