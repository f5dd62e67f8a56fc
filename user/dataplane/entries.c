/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Regions, policies, meetings and endpoints: the entries that rules turn into.
 * Packets are judged while these are written, so each is written in an order in
 * which every moment is right: what is pointed to before what points to it. */
#include "dataplane/private.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

/* Longer than any run of the program: after it nobody reads the generation of
 * rg_locals that was in force before. */
#define QUIET_NS 100000000

void rg_dp_region_set(struct rg_dp *dp, unsigned int region, const char *code)
{
	if (region >= RG_REGIONS_MAX)
		return;
	if (region >= dp->n_regions)
		dp->n_regions = region + 1;
	snprintf(dp->regions[region].code, sizeof(dp->regions[region].code), "%s", code);
}

void rg_dp_policy_set(struct rg_dp *dp, uint32_t number, const struct rg_policy_entry *policy)
{
	if (number && number < RG_POLICIES_MAX)
		dp->policies[number] = *policy;
}

void rg_dp_meeting_set(struct rg_dp *dp, uint32_t number, const struct rg_meeting *meeting)
{
	struct rg_meeting *at = &dp->meetings[number];
	union { struct { __u32 policy, flags; }; __u64 both; } hot = {
		{ meeting->policy, meeting->flags }
	};

	if (!number || number >= dp->config.max_meetings)
		return;
	memcpy(at->id, meeting->id, sizeof(at->id));
	at->revision = meeting->revision;
	/* policy and flags together: no packet sees one of them without the other */
	_Static_assert(sizeof(*at) % 8 == 0 && offsetof(struct rg_meeting, flags) == 4, "one aligned word");
	__atomic_store_n((__u64 *)at, hot.both, __ATOMIC_RELEASE);
}

void rg_dp_meeting_clear(struct rg_dp *dp, uint32_t number)
{
	if (!number || number >= dp->config.max_meetings)
		return;
	__atomic_store_n((__u64 *)&dp->meetings[number], 0, __ATOMIC_RELEASE);
	memset(&dp->meetings[number], 0, sizeof(dp->meetings[number]));
	rg_dp_mtg_stats_clear(dp, number);
}

static int proto_of(__u8 protocol)
{
	return protocol == IPPROTO_TCP ? RG_PROTO_TCP : RG_PROTO_UDP;
}

static struct rg_dp_local *local_find(struct rg_dp *dp, const struct rg_addr *address)
{
	for (uint32_t i = 0; i < dp->config.max_locals; i++) {
		struct rg_dp_local *local = &dp->locals[i];

		if ((local->endpoints[0] || local->endpoints[1]) && !rg_addr_cmp(&local->address, address))
			return local;
	}
	return NULL;
}

static struct rg_dp_local *local_new(struct rg_dp *dp, const struct rg_addr *address)
{
	for (uint32_t i = 0; i < dp->config.max_locals; i++) {
		struct rg_dp_local *local = &dp->locals[i];

		if (!local->endpoints[0] && !local->endpoints[1]) {
			local->address = *address;
			return local;
		}
	}
	return NULL;
}

uint32_t rg_dp_locals_free(const struct rg_dp *dp)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dp->config.max_locals; i++)
		n += !dp->locals[i].endpoints[0] && !dp->locals[i].endpoints[1];
	return n;
}

bool rg_dp_local_known(const struct rg_dp *dp, const struct rg_addr *address)
{
	return rg_addr_is_any(address) || local_find((struct rg_dp *)dp, address);
}

static __u32 protocols_of(const uint32_t endpoints[2])
{
	return (endpoints[RG_PROTO_UDP] ? RG_PROTO_BIT(RG_PROTO_UDP) : 0) |
	       (endpoints[RG_PROTO_TCP] ? RG_PROTO_BIT(RG_PROTO_TCP) : 0);
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

/* Wait until no packet reads the generation of rg_locals that was in force before the last switch. */
static void wait_for_readers(const struct rg_dp *dp)
{
	uint64_t quiet = rg_dp_now_ns() - dp->flipped_ns;
	struct timespec rest = { .tv_nsec = QUIET_NS };

	/* not on kernels with nohz_full CPUs, and not in every sandbox */
	if (quiet < QUIET_NS && syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&rest, NULL);
}

/* Build the other generation of rg_locals whole, then switch to it. */
static int locals_publish(struct rg_dp *dp)
{
	__u32 first = dp->state->locals_first ? 0 : RG_LOCALS_SLOTS;
	struct rg_local *generation = dp->slots + first;
	__u32 protocols = protocols_of(dp->any_endpoints);

	wait_for_readers(dp);
	memset(generation, 0, RG_LOCALS_SLOTS * sizeof(*generation));
	for (uint32_t i = 0; i < dp->config.max_locals; i++) {
		struct rg_local entry = { .address = dp->locals[i].address, .table = i + 1,
					  .protocols = protocols_of(dp->locals[i].endpoints) };

		if (entry.protocols && slot_insert(generation, entry))
			return -ENOSPC;
		protocols |= entry.protocols;
	}
	__atomic_store_n(&dp->state->any_protocols, protocols_of(dp->any_endpoints), __ATOMIC_RELAXED);
	__atomic_store_n(&dp->state->protocols, protocols, __ATOMIC_RELAXED);
	__atomic_store_n(&dp->state->locals_first, first, __ATOMIC_RELEASE);
	dp->flipped_ns = rg_dp_now_ns();
	return 0;
}

static __u32 *port_slot(struct rg_dp *dp, uint32_t table, const struct rg_endpoint_key *key)
{
	size_t block = ((size_t)table * 2 + (size_t)proto_of(key->protocol)) * RG_PORT_BLOCKS +
		       key->port / RG_PORTS_PER_BLOCK;

	return &dp->ports[block].meeting[key->port % RG_PORTS_PER_BLOCK];
}

/* The counters of endpoints and the table of an address; NULL if none is free. */
static uint32_t *endpoint_home(struct rg_dp *dp, const struct rg_addr *address, bool add, uint32_t *ret_table)
{
	struct rg_dp_local *local;

	if (rg_addr_is_any(address)) {
		*ret_table = 0;
		return dp->any_endpoints;
	}
	local = local_find(dp, address);
	if (!local && add)
		local = local_new(dp, address);
	if (!local)
		return NULL;
	*ret_table = (uint32_t)(local - dp->locals) + 1;
	return local->endpoints;
}

static void endpoint_text(const struct rg_endpoint_key *key, char *buf, size_t size)
{
	bool v6 = !rg_addr_is_any(&key->address) && !rg_addr_is_v4(&key->address);
	char address[RG_ADDR_TEXT_MAX] = "any";

	if (!rg_addr_is_any(&key->address))
		rg_addr_format(&key->address, address);
	snprintf(buf, size, "%s%s%s:%u/%s", v6 ? "[" : "", address, v6 ? "]" : "", key->port,
		 key->protocol == IPPROTO_TCP ? "tcp" : "udp");
}

int rg_dp_endpoint_set(struct rg_dp *dp, const struct rg_endpoint_key *key, uint32_t meeting,
		       const char *id, struct rg_err *err)
{
	int fd = bpf_map__fd(dp->skel->maps.rg_endpoints), proto = proto_of(key->protocol);
	struct rg_endpoint value = { .meeting = meeting };
	uint32_t table, *counts = endpoint_home(dp, &key->address, true, &table);
	bool replaces;

	if (!counts)
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "endpoints on more than %u local addresses",
				  dp->config.max_locals);
	memcpy(value.id, id, strnlen(id, sizeof(value.id)));
	endpoint_text(key, value.endpoint, sizeof(value.endpoint));
	replaces = *port_slot(dp, table, key) != 0;
	if (bpf_map_update_elem(fd, key, &value, BPF_ANY)) {
		int r = -errno;

		return rg_err_set(err, r, r == -E2BIG ? RG_ERR_FULL : RG_ERR_KERNEL, "",
				  "rg_endpoints (%u entries of %u): %s", dp->n_endpoints,
				  rg_dp_endpoints_max(&dp->config), strerror(-r));
	}
	__atomic_store_n(port_slot(dp, table, key), meeting, __ATOMIC_RELEASE);
	if (replaces)
		return 0;
	dp->n_endpoints++;
	if (counts[proto]++)
		return 0;
	if (locals_publish(dp)) {
		rg_dp_endpoint_clear(dp, key);
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "no slot for one more local address");
	}
	return 0;
}

int rg_dp_endpoint_clear(struct rg_dp *dp, const struct rg_endpoint_key *key)
{
	int proto = proto_of(key->protocol);
	uint32_t table, *counts = endpoint_home(dp, &key->address, false, &table);

	if (!counts || !*port_slot(dp, table, key))
		return -ENOENT;
	__atomic_store_n(port_slot(dp, table, key), 0, __ATOMIC_RELEASE);
	bpf_map_delete_elem(bpf_map__fd(dp->skel->maps.rg_endpoints), key);
	dp->n_endpoints--;
	if (!--counts[proto])
		locals_publish(dp);
	return 0;
}
