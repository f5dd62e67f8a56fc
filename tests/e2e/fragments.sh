#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Later fragments have no ports: to an address with endpoints they are refused and counted.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
daemon_start --interface eth0:native
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
total() { rg stats --json | jq --arg reason "$1" '[.. | objects | .[$reason]? // empty | .packets? // .] | add // 0'; }

through "a whole datagram comes through" de -s 3000 198.51.100.10 10001
for host in de server; do
	ip -n "$NS-$host" link set dev eth0 mtu 1500
done
before=$(total refuse_fragment)
kept_out "IPv4: a fragmented one does not" de -s 3000 198.51.100.10 10001
check "its later fragments are counted" [ "$(total refuse_fragment)" -ge $((before + 10)) ]
before=$(total refuse_fragment)
kept_out "IPv6: a fragmented one does not" de -s 3000 2001:db8:ffff::10 10001
check "its later fragments are counted, IPv6" [ "$(total refuse_fragment)" -ge $((before + 10)) ]
rg meeting delete m-1 >/dev/null
through "without endpoints at the address, fragments pass" de -s 3000 198.51.100.10 10001
through "without endpoints at the address, fragments pass, IPv6" de -s 3000 2001:db8:ffff::10 10001
world_done
