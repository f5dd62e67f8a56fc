#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Never in the way: what is not an endpoint's comes through bit for bit, in order, also from a source
# that every meeting refuses and to the address of an endpoint; and what the host sends to such a place.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/frame.sh"

world_begin
world_participants
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
meeting_put m-2 10002 tcp "$REFUSE_CN" >/dev/null
# shellcheck disable=SC2034  # used by frame.sh
MAC_TO=$(ip -n "$NS-server" -j link show dev eth0 | jq -r '.[0].address' | tr -d :)

CN6=20010db8000c00000000000000000010 SERVER6=20010db8ffff00000000000000000010
tcp() { # source-port destination-port: a SYN
	printf '%s%s00000001000000005002faf000000000' "$(hex16 "$1")" "$(hex16 "$2")"
}
cn4() { # hex [fragment [protocol]]
	printf 0800
	ip4 203.0.113.10 198.51.100.10 "$@"
}
cn6() { # hex next-header
	printf 86dd
	ip6 $CN6 $SERVER6 "$@"
}
# what an ICMP error quotes: a packet that the endpoint sent
sent4=$(ip4 198.51.100.10 203.0.113.10 "$(udp 10001 40000)")
sent6=$(ip6 $SERVER6 $CN6 "$(udp 10001 40000)")
NAMES=() FRAMES=()
bystander() { # name hex-behind-the-addresses
	NAMES+=("$1")
	FRAMES+=("$(ether "$2")")
}
bystander "ARP request" "08060001080006040001${MAC_FROM}cb00710a000000000000c633640a"
bystander "ARP reply" "08060001080006040002${MAC_FROM}cb00710a${MAC_TO}c633640a"
bystander "ICMP echo" "$(cn4 08000000000100010000000000000000 0000 01)"
bystander "ICMP fragmentation needed" "$(cn4 "0304000000000578$sent4" 0000 01)"
bystander "ICMP port unreachable" "$(cn4 "0303000000000000$sent4" 0000 01)"
bystander "a later fragment of ICMP" "$(cn4 "$PAYLOAD" 00b9 01)"
bystander "neighbour solicitation" "$(cn6 "8700000000000000${SERVER6}0101$MAC_FROM" 3a)"
bystander "neighbour advertisement" "$(cn6 "8800000060000000${CN6}0201$MAC_FROM" 3a)"
bystander "router advertisement" "$(cn6 86000000400000000000000000000000 3a)"
bystander "packet too big" "$(cn6 "0200000000000500$sent6" 3a)"
bystander "destination unreachable, IPv6" "$(cn6 "0104000000000000$sent6" 3a)"
bystander "time exceeded, IPv6" "$(cn6 "0300000000000000$sent6" 3a)"
bystander "DHCP" "$(cn4 "$(udp 67 68)")"
bystander "DHCPv6" "$(cn6 "$(udp 547 546)" 11)"
bystander "DNS" "$(cn4 "$(udp 53 40000)")"
bystander "DNS over IPv6" "$(cn6 "$(udp 53 40000)" 11)"
bystander "SSH" "$(cn4 "$(tcp 40000 22)" 0000 06)"
bystander "SSH over IPv6" "$(cn6 "$(tcp 40000 22)" 06)"
bystander "TCP to the UDP endpoint's port" "$(cn4 "$(tcp 40000 10001)" 0000 06)"
bystander "UDP to the TCP endpoint's port" "$(cn4 "$(udp 40000 10002)")"
bystander "UDP to the next port" "$(cn6 "$(udp 40000 10003)" 11)"
bystander "IGMP" "$(cn4 1600000000000000 0000 02)"
bystander "GRE" "$(cn4 "00000800$sent4" 0000 2f)"
bystander "ESP" "$(cn4 "$PAYLOAD" 0000 32)"
bystander "SCTP" "$(cn6 "9c402711$PAYLOAD" 84)"
bystander "OSPF" "$(cn4 "$PAYLOAD" 0000 59)"
bystander "LLDP" "88cc0207040200000000990403050102060200780000"
bystander "PPPoE" "88641100000100020021$PAYLOAD"
bystander "tagged ARP" "8100000508060001080006040001${MAC_FROM}cb00710a000000000000c633640a"
bystander "tagged SSH" "88a800078100000$(printf 5)$(cn4 "$(tcp 40000 22)" 0000 06)"
bystander "another protocol's type" "88b5$PAYLOAD"

refused() { rg stats --json | jq '[.. | objects | .refuse? // empty | .packets? // empty] | add // 0'; }

# The bytes of each captured frame from the test's MAC address, a line a frame.
captured() { # file
	tcpdump -nr "$1" -xx 2>/dev/null |
		awk '/0x[0-9a-f]+:/ { for (i = 2; i <= NF; i++) line = line $i; next }
			{ if (line) print line; line = "" } END { if (line) print line }'
}

# Send $FRAMES ($NAMES) from one host, capture at the other: each arrives, none was refused.
all_arrive() { # text from to
	local before frame i received
	spawn_in "$3" tcpdump -i eth0 -w "$WORK/$1.pcap" -U -s 0 --immediate-mode "ether src 02:00:00:00:00:99" 2>"$WORK/tcpdump.log"
	until_true 5 grep -q listening "$WORK/tcpdump.log" || die "tcpdump does not start"
	# generic mode runs behind the tap of a capture: there the counters speak, too
	before=$(refused)
	for frame in "${FRAMES[@]}"; do in_host "$2" "$UDPCAT" frame -n 1 eth0 "$frame"; done
	until_true 5 eval '[ "$(captured "$WORK/$1.pcap" | wc -l)" -ge ${#FRAMES[@]} ]'
	mapfile -t received < <(captured "$WORK/$1.pcap")
	is "$1: as many frames as were sent" ${#received[@]} ${#FRAMES[@]}
	for i in "${!FRAMES[@]}"; do
		is "$1: ${NAMES[i]}, bit for bit" "${received[i]:-}" "${FRAMES[i]}"
	done
	is "$1: none of them was refused" "$(refused)" "$before"
}
one_is_refused() { # text from frame
	local before
	before=$(refused)
	in_host "$2" "$UDPCAT" frame -n 1 eth0 "$3" 2>/dev/null # a drop at egress is an error of send()
	check "$1: as the endpoint's is" until_true 5 eval '[ "$(refused)" = '$((before + 1))' ]'
}

for mode in native generic; do
	rg attach eth0 --mode $mode --egress off >/dev/null || not_ok "attach, $mode"
	all_arrive $mode cn server
	one_is_refused $mode cn "$(ether "$(cn4 "$(udp 40000 10001)")")"
	rg detach eth0 >/dev/null
done

# The other way: the same kinds, from the host to the source that is refused.
MAC_TO=$(ip -n "$NS-cn" -j link show dev eth0 | jq -r '.[0].address' | tr -d :)
to4() { # hex [fragment [protocol]]
	printf 0800
	ip4 198.51.100.10 203.0.113.10 "$@"
}
to6() { # hex next-header
	printf 86dd
	ip6 $SERVER6 $CN6 "$@"
}
# what an ICMP error quotes: a packet that came to the endpoint
came4=$(ip4 203.0.113.10 198.51.100.10 "$(udp 40000 10001)")
came6=$(ip6 $CN6 $SERVER6 "$(udp 40000 10001)")
NAMES=() FRAMES=()
bystander "ARP request" "08060001080006040001${MAC_FROM}c633640a000000000000cb00710a"
bystander "ARP reply" "08060001080006040002${MAC_FROM}c633640a${MAC_TO}cb00710a"
bystander "ICMP echo reply" "$(to4 00000000000100010000000000000000 0000 01)"
bystander "ICMP fragmentation needed" "$(to4 "0304000000000578$came4" 0000 01)"
bystander "ICMP port unreachable" "$(to4 "0303000000000000$came4" 0000 01)"
bystander "a later fragment of ICMP" "$(to4 "$PAYLOAD" 00b9 01)"
bystander "neighbour solicitation" "$(to6 "8700000000000000${CN6}0101$MAC_FROM" 3a)"
bystander "neighbour advertisement" "$(to6 "8800000060000000${SERVER6}0201$MAC_FROM" 3a)"
bystander "router solicitation" "$(to6 8500000000000000 3a)"
bystander "packet too big" "$(to6 "0200000000000500$came6" 3a)"
bystander "destination unreachable, IPv6" "$(to6 "0104000000000000$came6" 3a)"
bystander "time exceeded, IPv6" "$(to6 "0300000000000000$came6" 3a)"
bystander "DHCP" "$(to4 "$(udp 68 67)")"
bystander "DHCPv6" "$(to6 "$(udp 546 547)" 11)"
bystander "DNS" "$(to4 "$(udp 40000 53)")"
bystander "DNS over IPv6" "$(to6 "$(udp 40000 53)" 11)"
bystander "SSH" "$(to4 "$(tcp 22 40000)" 0000 06)"
bystander "SSH over IPv6" "$(to6 "$(tcp 22 40000)" 06)"
bystander "TCP from the UDP endpoint's port" "$(to4 "$(tcp 10001 40000)" 0000 06)"
bystander "UDP from the TCP endpoint's port" "$(to4 "$(udp 10002 40000)")"
bystander "UDP to a port of the endpoint's number" "$(to4 "$(udp 40000 10001)")"
bystander "the same over IPv6" "$(to6 "$(udp 40000 10001)" 11)"
bystander "IGMP" "$(to4 1600000000000000 0000 02)"
bystander "GRE" "$(to4 "00000800$came4" 0000 2f)"
bystander "ESP" "$(to4 "$PAYLOAD" 0000 32)"
bystander "SCTP" "$(to6 "27119c40$PAYLOAD" 84)"
bystander "OSPF" "$(to4 "$PAYLOAD" 0000 59)"
bystander "LLDP" "88cc0207040200000000990403050102060200780000"
bystander "PPPoE" "88641100000100020021$PAYLOAD"
bystander "tagged ARP" "8100000508060001080006040001${MAC_FROM}c633640a000000000000cb00710a"
bystander "another protocol's type" "88b5$PAYLOAD"
for egress in tcx clsact; do
	rg attach eth0 --mode native --egress $egress >/dev/null || not_ok "attach, $egress"
	all_arrive "egress by $egress" server cn
	one_is_refused "egress by $egress" server "$(ether "$(to4 "$(udp 10001 40000)")")"
	rg detach eth0 >/dev/null
done
world_done
