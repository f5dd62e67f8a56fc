/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Local addresses that carry endpoints, and the table of ports of each. */
#include "dataplane/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "regiongate.skel.h"

/* Longer than a run of the program that is not stopped meanwhile: for when the kernel refuses to wait. */
#define QUIET_NS 100000000

static int proto_of(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? RG_PROTO_TCP : RG_PROTO_UDP;
}

static bool in_use(const struct rg_dp_local *local)
{
	return local->ports[0] || local->ports[1];
}

static struct rg_dp_local *local_find(struct rg_dp *dp, const struct rg_addr *address)
{
	for (uint32_t i = 0; i < dp->config.max_locals; i++)
		if (in_use(&dp->locals[i]) && !rg_addr_cmp(&dp->locals[i].address, address))
			return &dp->locals[i];
	return NULL;
}

/* The kernel waits for one whenever an entry of a map of maps is written (since 5.0), also the same again.
 * membarrier() does not everywhere: it refuses to with nohz_full CPUs. */
bool rg_dp_grace(struct rg_dp *dp)
{
	__u32 zero = 0;

	/* without a table it is not in force yet, so no packet reads it */
	if (dp->geo_fd >= 0 && bpf_map_update_elem(bpf_map__fd(dp->skel->maps.rg_geo), &zero, &dp->geo_fd, BPF_ANY))
		return false;
	dp->flipped = false;
	dp->n_graces++;
	return true;
}

uint64_t rg_dp_graces(const struct rg_dp *dp)
{
	return dp->n_graces;
}

/* Wait until no packet reads the generation of rg_locals that was in force before the last switch. */
static void wait_for_readers(struct rg_dp *dp)
{
	struct timespec rest = { .tv_nsec = QUIET_NS };

	if (dp->flipped && !rg_dp_grace(dp))
		nanosleep(&rest, NULL);
}

static struct rg_dp_local *local_new(struct rg_dp *dp, const struct rg_addr *address)
{
	struct rg_dp_local *free_one = NULL;

	/* the table that it had before, if that is free: a shadow numbers them as its original does */
	for (uint32_t i = dp->config.max_locals; i-- > 0;) {
		if (in_use(&dp->locals[i]))
			continue;
		free_one = &dp->locals[i];
		if (!rg_addr_cmp(&free_one->address, address))
			return free_one;
	}
	if (!free_one)
		return NULL;
	/* a packet to the address that had it may still be on its way to the table's ports */
	if (!rg_addr_is_any(&free_one->address))
		wait_for_readers(dp);
	free_one->address = *address;
	return free_one;
}

struct rg_dp_local *rg_dp_home(struct rg_dp *dp, const struct rg_addr *address, bool add)
{
	struct rg_dp_local *local;

	if (rg_addr_is_any(address))
		return &dp->any;
	local = local_find(dp, address);
	return local || !add ? local : local_new(dp, address);
}

uint32_t rg_dp_locals_free(const struct rg_dp *dp)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dp->config.max_locals; i++)
		n += !in_use(&dp->locals[i]);
	return n;
}

bool rg_dp_local_known(const struct rg_dp *dp, const struct rg_addr *address)
{
	return rg_addr_is_any(address) || local_find((struct rg_dp *)dp, address);
}

static uint32_t protocols_of(const struct rg_dp_local *local)
{
	return (local->ports[RG_PROTO_UDP] ? RG_PROTO_BIT(RG_PROTO_UDP) : 0) |
	       (local->ports[RG_PROTO_TCP] ? RG_PROTO_BIT(RG_PROTO_TCP) : 0);
}

/* An entry that is farther from its home takes the slot of one that is nearer: so the farthest is as
 * near as it can be, in whatever order they come, and a set that fits once fits after a restart. */
static int slot_insert(struct rg_local *generation, struct rg_local entry)
{
	__u32 at = rg_local_hash(&entry.address);

	for (__u32 far = 0; far < RG_LOCALS_PROBES; far++, at = (at + 1) & (RG_LOCALS_SLOTS - 1)) {
		struct rg_local there = generation[at];
		__u32 their_far = (at - rg_local_hash(&there.address)) & (RG_LOCALS_SLOTS - 1);

		if (!there.table || their_far < far) {
			generation[at] = entry;
			if (!there.table)
				return 0;
			entry = there;
			far = their_far;
		}
	}
	return -ENOSPC;
}

/* Build the other generation of rg_locals whole, then switch to it. */
static int locals_publish(struct rg_dp *dp)
{
	__u32 first = dp->state->locals_first ? 0 : RG_LOCALS_SLOTS;
	struct rg_local *generation = dp->slots + first;
	__u32 any = protocols_of(&dp->any), protocols = any;

	wait_for_readers(dp);
	memset(generation, 0, RG_LOCALS_SLOTS * sizeof(*generation));
	rg_dp_wrote(dp, generation, RG_LOCALS_SLOTS * sizeof(*generation));
	for (uint32_t i = 0; i < dp->config.max_locals; i++) {
		struct rg_local entry = { .address = dp->locals[i].address, .table = i + 1,
					  .protocols = protocols_of(&dp->locals[i]) };

		if (entry.protocols && slot_insert(generation, entry))
			return -ENOSPC;
		protocols |= entry.protocols;
	}
	__atomic_store_n(&dp->state->any_protocols, any, __ATOMIC_RELAXED);
	__atomic_store_n(&dp->state->protocols, protocols, __ATOMIC_RELAXED);
	__atomic_store_n(&dp->state->locals_first, first, __ATOMIC_RELEASE);
	rg_dp_wrote(dp, dp->state, sizeof(*dp->state));
	dp->flipped = true;
	for (uint32_t i = 0; i < dp->config.max_locals; i++)
		dp->locals[i].published = protocols_of(&dp->locals[i]);
	dp->any.published = any;
	return 0;
}

int rg_dp_locals_mend(struct rg_dp *dp)
{
	dp->state->abi_version = RG_ABI_VERSION;
	__atomic_store_n(&dp->state->geo_generation, dp->generation, __ATOMIC_RELEASE);
	__atomic_store_n(&dp->state->flags, dp->flags, __ATOMIC_RELEASE);
	return locals_publish(dp);
}

const struct rg_addr *rg_dp_table_address(const struct rg_dp *dp, size_t table)
{
	if (!table)
		return &dp->any.address;
	return table <= dp->config.max_locals && in_use(&dp->locals[table - 1]) ? &dp->locals[table - 1].address : NULL;
}

int rg_dp_locals_sync(struct rg_dp *dp)
{
	bool same = dp->any.published == protocols_of(&dp->any);

	for (uint32_t i = 0; same && i < dp->config.max_locals; i++)
		same = dp->locals[i].published == protocols_of(&dp->locals[i]);
	return same ? 0 : locals_publish(dp);
}

static uint32_t *port_slot(struct rg_dp *dp, const struct rg_dp_local *home, uint8_t protocol, uint16_t port)
{
	size_t table = home == &dp->any ? 0 : (size_t)(home - dp->locals) + 1;
	size_t block = (table * 2 + (size_t)proto_of(protocol)) * RG_PORT_BLOCKS + port / RG_PORTS_PER_BLOCK;

	return &dp->ports[block].meeting[port % RG_PORTS_PER_BLOCK];
}

uint32_t rg_dp_port(struct rg_dp *dp, const struct rg_dp_local *home, uint8_t protocol, uint16_t port)
{
	return *port_slot(dp, home, protocol, port);
}

void rg_dp_port_put(struct rg_dp *dp, struct rg_dp_local *home, uint8_t protocol, uint16_t port, uint32_t value)
{
	uint32_t *slot = port_slot(dp, home, protocol, port), old = *slot;

	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	rg_dp_wrote(dp, slot, sizeof(*slot));
	if (!old && value)
		home->ports[proto_of(protocol)]++;
	else if (old && !value)
		home->ports[proto_of(protocol)]--;
}
