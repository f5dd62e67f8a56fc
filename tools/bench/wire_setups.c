/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "wire.h"

#include <linux/if_link.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/private.h"

/* ---- XDP programs */
static void attach(struct wire *w, int prog_fd)
{
	if (bpf_xdp_attach(w->rx, prog_fd, XDP_FLAGS_DRV_MODE, NULL))
		bench_die("attach to the veth", NULL);
}

static void detach(struct wire *w)
{
	bpf_xdp_detach(w->rx, XDP_FLAGS_DRV_MODE, NULL);
}

static void floor_up(struct wire *w)
{
	attach(w, w->sender.drop);
}

static void filter_up(struct wire *w)
{
	attach(w, w->server.dp->prog_fd);
}

static void least_up(struct wire *w)
{
	attach(w, bench_object_program(&w->server.filter, "bench_least_bare"));
}

static void lpm_up(struct wire *w)
{
	attach(w, w->server.lpm.bare);
}

/* It knows addresses, but no networks: the nearest that it can do is to deny the port. */
static void xdp_filter_up(struct wire *w)
{
	(void)w;
	bench_shell("xdp-filter load recv0 -m native -f udp && xdp-filter port %d -p udp -m dst", RIVAL_PORT);
}

static void xdp_filter_down(struct wire *w)
{
	(void)w;
	bench_shell("xdp-filter unload recv0");
}

/* ---- nftables: the sets are loaded already, the rule comes and goes */
#define SET_RULE "ip saddr @country drop"
#define MAP_RULE "meta mark set ip saddr map @geo meta mark 1 drop"

static void nft_up(const char *family, const char *hook, const char *rule)
{
	bench_shell("nft 'add chain %s rg in { type filter hook %s; }; add rule %s rg in udp dport %d %s'", family, hook,
		    family, RIVAL_PORT, rule);
}

static void netdev_set_up(struct wire *w)
{
	(void)w;
	nft_up("netdev", "ingress device \"recv0\" priority 0", SET_RULE);
}

static void netdev_map_up(struct wire *w)
{
	(void)w;
	nft_up("netdev", "ingress device \"recv0\" priority 0", MAP_RULE);
}

static void inet_set_up(struct wire *w)
{
	(void)w;
	nft_up("inet", "prerouting priority raw", SET_RULE);
}

static void inet_map_up(struct wire *w)
{
	(void)w;
	nft_up("inet", "prerouting priority raw", MAP_RULE);
}

static void netdev_down(struct wire *w)
{
	(void)w;
	bench_shell("nft 'flush chain netdev rg in; delete chain netdev rg in'");
}

static void inet_down(struct wire *w)
{
	(void)w;
	bench_shell("nft 'flush chain inet rg in; delete chain inet rg in'");
}

/* ---- ipset, by iptables */
static void ipset_up(struct wire *w)
{
	(void)w;
	bench_shell("iptables -t raw -A PREROUTING -p udp --dport %d -m set --match-set rg src -j DROP", RIVAL_PORT);
}

static void ipset_down(struct wire *w)
{
	(void)w;
	bench_shell("iptables -t raw -F PREROUTING");
}

static void nothing(struct wire *w)
{
	(void)w;
}

const struct wire_setup wire_setups[] = {
	[WIRE_FLOOR] = { "XDP drop (floor)", floor_up, detach, -1 },
	[WIRE_FILTER] = { "regiongate", filter_up, detach, 1 },
	[WIRE_LEAST] = { "the least that such a filter must do", least_up, detach, 1 },
	[WIRE_LPM] = { "the same with LPM_TRIE", lpm_up, detach, 1 },
	[WIRE_XDP_FILTER] = { "xdp-filter, one port, no geo", xdp_filter_up, xdp_filter_down, -1 },
	[WIRE_NETDEV_SET] = { "nft netdev, one country", netdev_set_up, netdev_down, 1 },
	[WIRE_INET_SET] = { "nft inet raw, one country", inet_set_up, inet_down, 1 },
	[WIRE_NETDEV_MAP] = { "nft netdev, full map", netdev_map_up, netdev_down, 1 },
	[WIRE_INET_MAP] = { "nft inet raw, full map", inet_map_up, inet_down, 1 },
	[WIRE_IPSET] = { "ipset hash:net, one country", ipset_up, ipset_down, 1 },
	[WIRE_STACK] = { "the bare stack", nothing, nothing, 0 },
};
const size_t wire_n_setups = sizeof(wire_setups) / sizeof(wire_setups[0]);
