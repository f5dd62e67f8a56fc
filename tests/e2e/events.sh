#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The event stream: what it tells, filters, readers that stall or go, no busy loop.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
daemon_start --interface eth0
curl_api() { curl -s --unix-socket "$SOCKET" "$@"; }
follow() { # file query: the stream's process is in STREAM
	curl -sN --unix-socket "$SOCKET" "http://rg/v1/events?$2" >"$1" &
	STREAM=$!
	JOBS+=("$STREAM")
}
lines_wait() { # file count
	for _ in {1..100}; do
		[ "$(wc -l <"$1")" -ge "$2" ] && return
		sleep 0.05
	done
}
ticks() { awk '{ print $14 + $15 }' "/proc/$DAEMON/stat"; }

follow "$WORK/all" ""
follow "$WORK/m-2" "meeting=m-2"
follow "$WORK/attachments" "kind=attachment,reload"
sleep 0.3
before=$(ticks)
sleep 1
check "streams with nothing to tell cost no time" [ $(($(ticks) - before)) -le 20 ]

meeting_put m-1 10001 udp '[]' >/dev/null
meeting_put m-2 10002 udp '[]' >/dev/null
rg meeting delete m-1 >/dev/null
rg region put here --network 192.0.2.0/24 >/dev/null
echo '{"address": "any", "port": 20000}' | rg endpoint put sfu - >/dev/null
rg meeting bind m-2 abcd --endpoint sfu >/dev/null
curl_api -X POST http://rg/v1/geoip:reload >/dev/null
rg detach eth0 >/dev/null
rg attach eth0 >/dev/null
lines_wait "$WORK/all" 9
lines_wait "$WORK/attachments" 3
is "changes, in order" "$(jq -r 'select(.kind == "rules") | .change' "$WORK/all" | xargs)" \
	"meeting-put meeting-put meeting-delete region-put endpoint-put ufrags"
is "each has its number" "$(jq -r .seq "$WORK/all" | xargs)" "$(jq -r .seq "$WORK/all" | sort -n | xargs)"
is "one meeting's" "$(jq -r .change "$WORK/m-2" | xargs)" "meeting-put ufrags"
is "reloads and attachments" "$(jq -r '"\(.kind) \(.attached)"' "$WORK/attachments" | xargs -d '\n')" \
	"reload null attachment false attachment true"
is "the last ones, and an end" "$(curl_api 'http://rg/v1/events?last=2&follow=false' | jq -r .kind | xargs)" \
	"attachment attachment"
is "the last ones of a kind" "$(rg events -n 1 --kind rules --json | jq -r .change)" ufrags
check "for people" grep -qE "rules +m-2 +change=ufrags revision=[0-9]+" <(rg events)
"$REGIONGATE" --socket "$SOCKET" events --follow --json >"$WORK/cli" &
JOBS+=($!)
sleep 0.3
meeting_put m-3 10003 udp '[]' >/dev/null
lines_wait "$WORK/cli" 1
is "the command line follows" "$(jq -r .meeting "$WORK/cli")" m-3

is "an unknown kind" "$(curl_api 'http://rg/v1/events?kind=gossip' | jq -r '"\(.status) \(.detail)"')" \
	"422 the kind of an event is one of refusal, rules, reload, attachment, lost, alarm, clock, order, not 'gossip'"
is "a bad number" "$(curl_api 'http://rg/v1/events?last=x' | jq -r .status)" 422
is "an unknown argument" "$(curl_api 'http://rg/v1/events?since=1' | jq -r .status)" 422

# A reader that stalls loses events and is told how many; it holds up nobody.
follow "$WORK/stalled" "kind=rules"
stalled=$STREAM
sleep 0.3
kill -STOP $stalled
for _ in 1 2; do
	for i in {1..6000}; do echo "{\"id\": \"b-$i\"}"; done | rg meeting batch --json - >/dev/null
	for i in {1..6000}; do echo "{\"op\": \"delete\", \"id\": \"b-$i\"}"; done | rg meeting batch --json - >/dev/null
done
kill -CONT $stalled
meeting_put m-4 10004 udp '[]' >/dev/null
for _ in {1..100}; do
	grep -q '"m-4"' "$WORK/stalled" && break
	sleep 0.05
done
lost=$(jq -s 'map(select(.kind == "lost") | .count) | add // 0' "$WORK/stalled")
got=$(jq -s 'map(select(.kind == "rules")) | length' "$WORK/stalled")
is "what a stalled reader got and what it lost is all there was" $((got + lost)) 24001
check "it lost some" [ "$lost" -gt 0 ]

# Clients that go are missed, also when there is nothing to tell them.
kill -KILL $stalled
n=0
while [ $n -lt 70 ]; do
	curl -sN --max-time 30 --unix-socket "$SOCKET" "http://rg/v1/events" >"$WORK/reader.$n" &
	readers[n]=$!
	JOBS+=($!)
	n=$((n + 1))
done
for _ in {1..100}; do
	[ "$(cat "$WORK"/reader.* | grep -c '"status":507')" -gt 0 ] && break
	sleep 0.05
done
check "there is a limit of readers" grep -q '"status":507' "$WORK"/reader.*
for reader in "${readers[@]}"; do kill -KILL "$reader" 2>/dev/null; done
for _ in {1..30}; do
	code=$(curl -s -o /dev/null -m 1 -w '%{http_code}' --unix-socket "$SOCKET" "http://rg/v1/events?last=1&follow=false")
	[ "$code" = 200 ] && break
	sleep 0.5
done
is "those that went make room" "$code" 200
daemon_stop
check "a daemon with open streams stops" [ ! -S "$SOCKET" ]
world_done
