#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A push holds from the next packet after its answer, on flows that are under way.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001 10002
daemon_start --interface eth0
regions_put >/dev/null
meeting_put m-1 10001 udp '[]' >/dev/null
meeting_put m-2 10002 udp '[]' >/dev/null

# The same source port each time: one flow that the rules change under.
wrong=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
	[ "$(answered cn -p 40000 -n 5 -i 0 -w 60 198.51.100.10 10001)" = 0 ] || wrong=$((wrong + 1))
	meeting_put m-1 10001 udp '[]' >/dev/null
	[ "$(answered cn -p 40000 -n 5 -i 0 -w 500 198.51.100.10 10001)" = 5 ] || wrong=$((wrong + 1))
done
is "20 pushes: each holds from the next packet on" $wrong 0

# While one flow is switched, other meetings and other regions lose nothing.
in_host cn "$UDPCAT" send -n 1500 -i 1000 -w 1000 198.51.100.10 10002 >"$WORK/other-meeting" &
first=$!
in_host de "$UDPCAT" send -n 1500 -i 1000 -w 1000 198.51.100.10 10001 >"$WORK/other-region" &
second=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
	meeting_put m-1 10001 udp '[]' >/dev/null
done
wait $first $second
is "40 pushes to another meeting: no packet is lost" "$(cat "$WORK/other-meeting")" "1500 1500 0 0"
is "40 pushes about another region: no packet is lost" "$(cat "$WORK/other-region")" "1500 1500 0 0"

# One stream through a push: after the first loss nothing comes through any more.
in_host cn "$UDPCAT" send -n 1000 -i 1000 -w 100 198.51.100.10 10001 >"$WORK/stream" &
stream=$!
sleep 0.4
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
wait $stream
read -r sent got first_lost last_lost <"$WORK/stream"
check "the stream was cut once, and for good ($got of $sent)" \
	[ "$got" -gt 0 -a "$got" -lt "$sent" -a "$last_lost" = "$sent" -a "$first_lost" = $((got + 1)) ]
world_done
