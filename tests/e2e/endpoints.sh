#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who is judged: TCP and UDP endpoints, IPv4 and IPv6, neighbour ports, other protocols.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001 10002 10003
echo_start server -t 22 10001 10002 10003
daemon_start --interface eth0:native
regions_put >/dev/null
meeting_put m-udp 10001 udp "$REFUSE_CN" >/dev/null
meeting_put m-tcp 10002 tcp "$REFUSE_CN" >/dev/null

for server in 198.51.100.10 2001:db8:ffff::10; do
	kept_out "UDP endpoint: CN is refused ($server)" cn $server 10001
	through "UDP endpoint: DE is admitted ($server)" de $server 10001
	through "UDP endpoint: TCP to its port passes ($server)" cn -t $server 10001
	is "TCP endpoint: CN is refused ($server)" "$(answered cn -t -n 2 -w 300 $server 10002)" 0
	through "TCP endpoint: DE is admitted ($server)" de -t $server 10002
	through "TCP endpoint: UDP to its port passes ($server)" cn $server 10002
	through "the next port passes, UDP ($server)" cn $server 10003
	through "the next port passes, TCP ($server)" cn -t $server 10003
	through "the SSH port passes ($server)" cn -t $server 22
	check "ICMP passes ($server)" in_host cn ping -q -n -c 3 -i 0.2 -W 1 $server
	in_host cn ip neigh flush dev eth0
	check "ARP and neighbour discovery pass ($server)" in_host cn ping -q -n -c 1 -W 1 $server
	in_host server ip neigh flush dev eth0
	check "ARP and neighbour discovery of the server pass ($server)" \
		in_host cn ping -q -n -c 1 -W 1 $server
done
kept_out "large datagrams are judged as well" cn -s 8000 198.51.100.10 10001
through "large datagrams of DE come through" de -s 8000 2001:db8:ffff::10 10001
in_host cn ip link set dev eth0 address 02:00:00:00:00:77
kept_out "another MAC address makes no difference" cn 198.51.100.10 10001

rg meeting put m-any - >/dev/null <<-BODY
	{"endpoints": [{"address": "any", "port": 10003}], "rules": $REFUSE_CN}
BODY
kept_out "any: CN is refused, IPv4" cn 198.51.100.10 10003
kept_out "any: CN is refused, IPv6" cn 2001:db8:ffff::10 10003
through "any: DE is admitted, IPv4" de 198.51.100.10 10003
through "any: DE is admitted, IPv6" de 2001:db8:ffff::10 10003
rg meeting delete m-any >/dev/null
through "behind the deletion everything passes" cn 198.51.100.10 10003

rg meeting patch m-udp - >/dev/null <<<'{"mode": "observe"}'
through "observe: CN comes through" cn 198.51.100.10 10001
check "observe: it is counted as what would be refused" \
	[ "$(rg stats m-udp --json | jq .verdicts.observe_refused.packets)" -ge 10 ]
rg meeting put m-udp - >/dev/null <<-'BODY'
	{"endpoints": [{"address": "198.51.100.10", "port": 10001}], "default": "refuse",
	 "rules": [{"action": "admit", "regions": ["EU"]}]}
BODY
through "an allow list: DE is in the EU" de 198.51.100.10 10001
kept_out "an allow list: CN is not" cn 198.51.100.10 10001
through "an endpoint that the put left out passes again" cn 2001:db8:ffff::10 10001
world_done
