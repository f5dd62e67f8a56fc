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

CN4=203.0.113.10 SERVER4=198.51.100.10
CN6=20010db8000c00000000000000000010 SERVER6=20010db8ffff00000000000000000010
tcp() { # source-port destination-port: a SYN
	printf '%s%s00000001000000005002faf000000000' "$(hex16 "$1")" "$(hex16 "$2")"
}
# From here to there: FROM4 TO4 FROM6 TO6 are the addresses of the way that is looked at.
way4() { # hex [fragment [protocol]]
	printf 0800
	ip4 $FROM4 $TO4 "$@"
}
way6() { # hex next-header
	printf 86dd
	ip6 $FROM6 $TO6 "$@"
}
# The kinds have the participant's port first: at egress it is the destination's.
ports() { # udp|tcp participant's-port server's-port
	if [ $FROM4 = $CN4 ]; then "$1" "$2" "$3"; else "$1" "$3" "$2"; fi
}
NAMES=() FRAMES=()
bystander() { # name hex-behind-the-addresses
	NAMES+=("$1")
	FRAMES+=("$(ether "$2")")
}
# What is not an endpoint's, between a participant and the host. ICMP errors quote a packet of the endpoint's
# that went the other way.
bystanders() { # from4 to4 from6 to6
	local from to quoted4 quoted6
	FROM4=$1 TO4=$2 FROM6=$3 TO6=$4
	from=$(hex4 $FROM4) to=$(hex4 $TO4)
	if [ $FROM4 = $CN4 ]; then quoted4=$(udp 10001 40000); else quoted4=$(udp 40000 10001); fi
	quoted6=$(ip6 $TO6 $FROM6 "$quoted4")
	quoted4=$(ip4 $TO4 $FROM4 "$quoted4")
	NAMES=() FRAMES=()
	bystander "ARP request" "08060001080006040001$MAC_FROM${from}000000000000$to"
	bystander "ARP reply" "08060001080006040002$MAC_FROM$from$MAC_TO$to"
	bystander "ICMP echo" "$(way4 08000000000100010000000000000000 0000 01)"
	bystander "ICMP echo reply" "$(way4 00000000000100010000000000000000 0000 01)"
	bystander "ICMP fragmentation needed" "$(way4 "0304000000000578$quoted4" 0000 01)"
	bystander "ICMP port unreachable" "$(way4 "0303000000000000$quoted4" 0000 01)"
	bystander "a later fragment of ICMP" "$(way4 "$PAYLOAD" 00b9 01)"
	bystander "neighbour solicitation" "$(way6 "8700000000000000${TO6}0101$MAC_FROM" 3a)"
	bystander "neighbour advertisement" "$(way6 "8800000060000000${FROM6}0201$MAC_FROM" 3a)"
	bystander "router solicitation" "$(way6 8500000000000000 3a)"
	bystander "router advertisement" "$(way6 86000000400000000000000000000000 3a)"
	bystander "packet too big" "$(way6 "0200000000000500$quoted6" 3a)"
	bystander "destination unreachable, IPv6" "$(way6 "0104000000000000$quoted6" 3a)"
	bystander "time exceeded, IPv6" "$(way6 "0300000000000000$quoted6" 3a)"
	bystander "DHCP" "$(way4 "$(ports udp 67 68)")"
	bystander "DHCPv6" "$(way6 "$(ports udp 547 546)" 11)"
	bystander "DNS" "$(way4 "$(ports udp 53 40000)")"
	bystander "DNS over IPv6" "$(way6 "$(ports udp 53 40000)" 11)"
	bystander "SSH" "$(way4 "$(ports tcp 40000 22)" 0000 06)"
	bystander "SSH over IPv6" "$(way6 "$(ports tcp 40000 22)" 06)"
	bystander "TCP of the UDP endpoint's port" "$(way4 "$(ports tcp 40000 10001)" 0000 06)"
	bystander "UDP of the TCP endpoint's port" "$(way4 "$(ports udp 40000 10002)")"
	bystander "UDP of the next port" "$(way6 "$(ports udp 40000 10003)" 11)"
	bystander "UDP of a participant's port with the endpoint's number" "$(way4 "$(ports udp 10001 40000)")"
	bystander "the same over IPv6" "$(way6 "$(ports udp 10001 40000)" 11)"
	bystander "IGMP" "$(way4 1600000000000000 0000 02)"
	bystander "GRE" "$(way4 "00000800$quoted4" 0000 2f)"
	bystander "ESP" "$(way4 "$PAYLOAD" 0000 32)"
	bystander "SCTP" "$(way6 "9c402711$PAYLOAD" 84)"
	bystander "OSPF" "$(way4 "$PAYLOAD" 0000 59)"
	bystander "LLDP" "88cc0207040200000000990403050102060200780000"
	bystander "PPPoE" "88641100000100020021$PAYLOAD"
	bystander "tagged ARP" "8100000508060001080006040001$MAC_FROM${from}000000000000$to"
	bystander "tagged SSH" "88a8000781000005$(way4 "$(ports tcp 40000 22)" 0000 06)"
	bystander "another protocol's type" "88b5$PAYLOAD"
}

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

bystanders $CN4 $SERVER4 $CN6 $SERVER6
for mode in native generic; do
	rg attach eth0 --mode $mode --egress off >/dev/null || not_ok "attach, $mode"
	all_arrive $mode cn server
	one_is_refused $mode cn "$(ether "$(way4 "$(udp 40000 10001)")")"
	rg detach eth0 >/dev/null
done

# The other way: the same kinds, from the host to the source that is refused.
MAC_TO=$(ip -n "$NS-cn" -j link show dev eth0 | jq -r '.[0].address' | tr -d :)
bystanders $SERVER4 $CN4 $SERVER6 $CN6
for egress in tcx clsact; do
	rg attach eth0 --mode native --egress $egress >/dev/null || not_ok "attach, $egress"
	all_arrive "egress by $egress" server cn
	one_is_refused "egress by $egress" server "$(ether "$(way4 "$(udp 10001 40000)")")"
	rg detach eth0 >/dev/null
done
world_done
