#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Later fragments have no ports: they are judged as the first one of their datagram was.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
daemon_start --interface eth0:native
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
total() { rg stats --json | jq --arg reason "$1" '[.. | objects | .[$reason]? // empty | .packets? // .] | add // 0'; }

through "a whole datagram comes through" de -s 3000 198.51.100.10 10001
for host in de cn server; do
	ip -n "$NS-$host" link set dev eth0 mtu 1500
done
for server in 198.51.100.10 2001:db8:ffff::10; do
	before=$(total refuse_fragment)
	through "a fragmented one of an admitted region, to $server" de -s 3000 "$server" 10001
	through "one of many fragments, to $server" de -s 20000 "$server" 10001
	is "no fragment of theirs is refused" "$(total refuse_fragment)" "$before"
	before=$(total refuse_region)
	kept_out "a fragmented one of a refused region is not, to $server" cn -s 3000 "$server" 10001
	check "its later fragments are refused as the first ones" [ "$(total refuse_region)" -ge $((before + 20)) ]
	is "for the same reason" "$(total refuse_fragment)" 0
done
meeting_put m-1 10001 udp '[{"action":"refuse","regions":["DE"]}]' >/dev/null
kept_out "a rule reaches fragments, too" de -s 3000 198.51.100.10 10001
rg meeting delete m-1 >/dev/null
through "without endpoints at the address, fragments pass" de -s 3000 198.51.100.10 10001
through "without endpoints at the address, fragments pass, IPv6" de -s 3000 2001:db8:ffff::10 10001
world_done
