#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kill -9 at random moments, starts of every kind and pushes, while two senders run: no packet of DE is
# lost, none of CN gets through, no acknowledged push is forgotten. RG_KILLS (200) kills, 60 s at most.
. "$(dirname "$0")/../harness/world.sh"

KILLS=${RG_KILLS:-200}
SECONDS_MAX=60

world_begin
world_participants
echo_start server 10001
daemon_start --interface eth0:native
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
kept_out "CN is refused" cn 198.51.100.10 10001
refused() { rg stats m-1 --json | jq .verdicts.refuse.packets; }
before=$(refused)

sender() { # host: rounds of 1000 packets until $WORK/stop is there; the sums of sent and answered
	local sent=0 answered=0 counts
	while [ ! -e "$WORK/stop" ]; do
		counts=$(in_host "$1" "$UDPCAT" send -n 1000 -i 200 -w 500 198.51.100.10 10001) || break
		# shellcheck disable=SC2086
		set -- "$1" $counts
		sent=$((sent + $2)) answered=$((answered + $3))
	done
	echo "$sent $answered" >"$WORK/$1"
}
sender de &
first=$!
sender cn &
second=$!

# Every other start has room for another number of meetings: maps of another layout.
start() { # number of the start
	local room=16383
	[ $(($1 % 2)) = 0 ] || room=$((1000 + $1))
	(exec nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config /dev/null --socket "$SOCKET" \
		--state "$STATE" --pin-dir "$PINS" --max-meetings $room) 2>>"$WORK/daemon.log" &
	DAEMON=$!
}
acknowledged=0 kills=0 lost=0 end=$((SECONDS + SECONDS_MAX))
daemon_kill
start 0
while [ $kills -lt "$KILLS" ] && [ $SECONDS -lt $end ]; do
	# from the very first moment of a start to well after it
	sleep "0.$(printf %03d $((RANDOM % 250)))"
	if curl -s -o /dev/null -m 1 --fail --unix-socket "$SOCKET" -X PUT "http://rg/v1/meetings/k-$kills" \
		-d "{\"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": $((20000 + kills))}]}" 2>/dev/null; then
		acknowledged=$((acknowledged + 1))
		echo "k-$kills" >>"$WORK/acknowledged"
	fi
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	kills=$((kills + 1))
	start $kills
done
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
daemon_start
touch "$WORK/stop"
wait $first $second
echo "# $kills kills, $acknowledged pushes; DE sent and got $(cat "$WORK/de"), CN $(cat "$WORK/cn")"
check "there were kills enough" [ $kills -ge 20 ]
check "and pushes in between" [ $acknowledged -ge 5 ]
is "no packet of DE was lost" "$(cut -d' ' -f2 "$WORK/de")" "$(cut -d' ' -f1 "$WORK/de")"
is "no packet of CN got through" "$(cut -d' ' -f2 "$WORK/cn")" 0
check "there was traffic" [ "$(cut -d' ' -f1 "$WORK/cn")" -ge 5000 ]
rg meeting list --json | jq -r '.meetings[].id' | sort >"$WORK/have"
lost=$(sort "$WORK/acknowledged" | comm -23 - "$WORK/have" | wc -l)
is "every acknowledged push is there" "$lost" 0
check "store and kernel agree" [ "$(rg status --verify --json | jq .differences)" = 0 ]
check "counters went on" [ "$(refused)" -gt "$before" ]
check "the log has no start that failed" sh -c "! grep -vE 'in force|stopping|ledger|killed|without a stop' '$WORK/daemon.log' | grep -E 'can ?not|refuse|fail'"

# A reboot: the pins are gone, the store is there.
daemon_kill
rm -r "$PINS"
daemon_start
kept_out "after a reboot CN is refused" cn 198.51.100.10 10001
through "and DE admitted" de 198.51.100.10 10001
daemon_stop
check "--detach" daemon_run --detach
world_done
