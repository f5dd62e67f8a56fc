#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tagged traffic is judged as untagged traffic is: 802.1Q, QinQ, and stripped tags.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/frame.sh"

world_begin
world_participants
echo_start server 10001
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
# shellcheck disable=SC2034  # used by frame.sh
MAC_TO=$(ip -n "$NS-server" -j link show dev eth0 | jq -r '.[0].address' | tr -d :)

counts() { rg stats m-1 --json | jq -r '"\(.verdicts.refuse.packets // 0) \(.verdicts.admit.packets // 0)"'; }
frames_of() { # host tags source: five raw frames
	in_host "$1" "$UDPCAT" frame -n 5 eth0 "$(ether "$2")$(ip4 "$3" 198.51.100.10 "$(udp 40000 10001)")"
}
# How many of CN are counted as refused, how many of DE as admitted?
judged() { # tags
	local refused admitted now
	read -r refused admitted < <(counts)
	frames_of cn "$1" 203.0.113.10 && frames_of de "$1" 192.0.2.10 || return
	for _ in $(seq 10); do
		read -ra now < <(counts)
		[ $((now[0] + now[1] - refused - admitted)) -lt 10 ] || break
		sleep 0.1
	done
	echo "$((now[0] - refused)) refused, $((now[1] - admitted)) admitted"
}

# veth and the stack strip the outermost tag where they can: both forms must be judged.
for offload in on off; do
	for host in server de cn; do
		in_host $host ethtool -K eth0 txvlan $offload rxvlan $offload >/dev/null 2>&1
	done
	for mode in native generic; do
		rg attach eth0 --mode $mode >/dev/null || not_ok "attach, $mode"
		for tags in 0800 810000050800 88a80007810000050800 9100000781000005810000090800; do
			is "$mode, tag offload $offload, $tags" "$(judged $tags)" "5 refused, 5 admitted"
		done
		rg detach eth0 >/dev/null
	done
done

# Give a device the addresses that eth0 has: ARP and neighbour discovery answer for their own only.
addresses_to() { # host device
	local address flags
	for address in $(ip -n "$NS-$1" -j addr show dev eth0 |
		jq -r '.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"'); do
		flags=()
		[[ $address != *:* ]] || flags=(nodad)
		ip -n "$NS-$1" addr add "$address" dev "$2" "${flags[@]}"
	done
}

# Real VLAN devices, where the kernel has them.
rg attach eth0 >/dev/null
if ip -n "$NS-de" link add link eth0 name vlan5 type vlan id 5 2>/dev/null; then
	for host in server de cn; do
		ip -n "$NS-$host" link add link eth0 name vlan5 type vlan id 5 2>/dev/null
		ip -n "$NS-$host" link set vlan5 up
		ip -n "$NS-$host" link add link vlan5 name vlan5.6 type vlan id 6
		ip -n "$NS-$host" link set vlan5.6 up
	done
	for device in vlan5 vlan5.6; do
		for host in server de cn; do
			addresses_to $host $device
			ip -n "$NS-$host" route replace default dev $device
			ip -n "$NS-$host" -6 route replace default dev $device
		done
		kept_out "$device: CN is refused, IPv4" cn 198.51.100.10 10001
		kept_out "$device: CN is refused, IPv6" cn 2001:db8:ffff::10 10001
		through "$device: DE is admitted, IPv4" de 198.51.100.10 10001
		through "$device: DE is admitted, IPv6" de 2001:db8:ffff::10 10001
	done
else
	echo "# this kernel has no VLAN devices; the raw frames above stand for them"
fi
world_done
