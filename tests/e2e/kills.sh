#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# RG_KILLS (200) times kill -9 at random moments of starts of every kind, of pushes and of reloads, while
# two senders and a bound flow run: no packet of DE is lost, none of CN gets through, the flow goes on,
# no acknowledged push is forgotten.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/senders.sh"

KILLS=${RG_KILLS:-200}
SECONDS_MAX=${RG_KILLS_SECONDS:-400} # a guard; they take about 100

world_begin_filtered
senders_flow
senders_start

pusher() { # whenever a daemon listens; what it acknowledges goes into a file
	local n=0
	while [ ! -e "$WORK/stop" ]; do
		n=$((n + 1))
		curl -s -o /dev/null -m 2 --fail --unix-socket "$SOCKET" -X PUT "http://rg/v1/meetings/k-$n" \
			-d "{\"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": $((20000 + n % 20000))}]}" 2>/dev/null &&
			echo "k-$n" >>"$WORK/acknowledged"
		[ $((n % 100)) != 0 ] || curl -s -o /dev/null -m 2 --unix-socket "$SOCKET" -X POST http://rg/v1/geoip:reload
		sleep 0.02
	done
}
: >"$WORK/acknowledged"
pusher &
SENDERS+=($!)
JOBS+=($!)

# Every other start is an upgrade to maps of another layout: each map that rules and flows are in has another size.
start() { # number of the start
	local config=/dev/null
	if [ $(($1 % 2)) = 1 ]; then
		config=$WORK/other.conf
		printf '[limits]\n%s = %d\n' max_meetings $((15000 + $1)) >"$config"
		printf '%s = %d\n' max_flows $((50000 + $1)) max_ufrags $((100000 + $1)) max_ufrags_long 2000 \
			max_policies $((3000 + $1)) max_schedules 2000 max_exception_sets 500 max_addresses 20 >>"$config"
	fi
	(exec nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config "$config" --socket "$SOCKET" \
		--state "$STATE" --pin-dir "$PINS") 2>>"$WORK/daemon.log" &
	DAEMON=$!
}
in_force() { [ "$(grep -c 'in force;' "$WORK/daemon.log")" -gt "$1" ]; }
kills=0 terms=0 starts=0 whole=0 end=$((SECONDS + SECONDS_MAX))
daemon_kill
while [ $kills -lt "$KILLS" ] && [ $SECONDS -lt $end ]; do
	was=$(grep -c 'in force;' "$WORK/daemon.log")
	start $starts
	starts=$((starts + 1))
	case $((starts % 4)) in
	0 | 1) sleep "0.$(printf %03d $((RANDOM % 700)))" ;; # somewhere in the start
	2) until_true 10 in_force "$was" && sleep "0.$(printf %03d $((RANDOM % 200)))" ;; # among pushes
	3) # a reload, or an orderly stop half-way through
		until_true 10 in_force "$was"
		kill -HUP "$DAEMON"
		sleep "0.$(printf %03d $((RANDOM % 30)))"
		[ $((starts % 20)) != 3 ] || { kill -TERM "$DAEMON" && terms=$((terms + 1)); }
		;;
	esac
	! in_force "$was" || whole=$((whole + 1))
	kill -0 "$DAEMON" 2>/dev/null && kills=$((kills + 1)) # whichever comes first, if it was told to stop
	kill -KILL "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
done
DAEMON=
daemon_start
senders_end
acknowledged=$(wc -l <"$WORK/acknowledged")
echo "# $kills kills, $terms of them after a SIGTERM, $starts starts of which $whole came into force, $acknowledged pushes"
is "there were as many kills as wanted" $kills "$KILLS"
check "a third of them of a daemon that was in force" [ $((whole * 3)) -ge "$KILLS" ]
check "and pushes in between" [ "$acknowledged" -ge $((KILLS / 4)) ]
senders_judge
curl -s --unix-socket "$SOCKET" "http://rg/v1/meetings?limit=1000" >"$WORK/page"
while :; do
	jq -r '.meetings[].id' "$WORK/page" >>"$WORK/all"
	next=$(jq -r '.next // empty' "$WORK/page")
	[ -n "$next" ] || break
	curl -s --unix-socket "$SOCKET" "http://rg/v1/meetings?limit=1000&after=$next" >"$WORK/page"
done
sort "$WORK/all" >"$WORK/have"
lost=$(sort "$WORK/acknowledged" | comm -23 - "$WORK/have" | wc -l)
is "every acknowledged push is there" "$lost" 0
check "store and kernel agree" [ "$(rg status --verify --json | jq .differences)" = 0 ]
check "the log has no start that failed" sh -c "! grep -vE 'in force|stopping|ledger|killed|without a stop' '$WORK/daemon.log' | grep -E 'can ?not|refuse|fail'"

# A reboot: pins and what they held are gone, the store is there. Before the first start nothing is filtered; from
# the word "in force" on no packet of CN gets through.
daemon_kill
umount "$WORK/bpf" && mount -t bpf bpf "$WORK/bpf" || die "no fresh bpffs"
bare() { in_host server bpftool -j net list dev eth0 | jq -e '.[0] | .xdp == [] and .tc == []'; }
check "after a reboot there is no program on the interface" until_true 5 bare
daemon_start
kept_out "CN is refused" cn 198.51.100.10 10001
through "and DE admitted" de 198.51.100.10 10001
is "the bound flow is learnt again" "$(answered de -u carried:peer -p 4000 -n 3 -i 0 -w 300 198.51.100.10 10100)" 3
is "store and kernel agree" "$(rg status --verify --json | jq .differences)" 0
daemon_stop
check "--detach" daemon_run --detach
world_done
