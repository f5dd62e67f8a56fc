#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Never in the way: what is not an endpoint's comes through bit for bit, in order, also from a source
# that every meeting refuses and to the address of an endpoint.
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
bystander "DHCP" "$(cn4 "$(udp 67 68)")"
bystander "DHCPv6" "$(cn6 "$(udp 547 546)" 11)"
bystander "DNS" "$(cn4 "$(udp 53 40000)")"
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

for mode in native generic; do
	rg attach eth0 --mode $mode >/dev/null || not_ok "attach, $mode"
	spawn_in server tcpdump -i eth0 -w "$WORK/$mode.pcap" -U -s 0 --immediate-mode "ether src 02:00:00:00:00:99" 2>"$WORK/tcpdump.log"
	until_true 5 grep -q listening "$WORK/tcpdump.log" || die "tcpdump does not start"
	# generic mode runs behind the tap of a capture: there the counters speak, too
	before=$(refused)
	for frame in "${FRAMES[@]}"; do in_host cn "$UDPCAT" frame -n 1 eth0 "$frame"; done
	until_true 5 eval '[ "$(captured "$WORK/$mode.pcap" | wc -l)" -ge ${#FRAMES[@]} ]'
	mapfile -t received < <(captured "$WORK/$mode.pcap")
	is "$mode: as many frames as were sent" ${#received[@]} ${#FRAMES[@]}
	for i in "${!FRAMES[@]}"; do
		is "$mode: ${NAMES[i]}, bit for bit" "${received[i]:-}" "${FRAMES[i]}"
	done
	is "$mode: none of them was refused" \
		"$(refused)" "$before"
	in_host cn "$UDPCAT" frame -n 1 eth0 "$(ether "$(cn4 "$(udp 40000 10001)")")"
	check "$mode: as the endpoint's is" until_true 5 eval '[ "$(refused)" = '$((before + 1))' ]'
	rg detach eth0 >/dev/null
done
world_done
