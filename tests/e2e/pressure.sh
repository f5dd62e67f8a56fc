#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Under pressure: a full disk, full maps, thousands of connections, clients that do not read or hardly
# write, more pushes than it can take. Clear errors, bounded memory, and the filter does not notice.
. "$(dirname "$0")/../harness/world.sh"

CONNECTIONS=10000
GROWTH_KB=65536 # of the daemon's memory by what clients do

world_begin
world_participants
echo_start server 10001
mkdir "$STATE" && mount -t tmpfs -o size=64m tmpfs "$STATE" || die "no small disk"
trap 'status=$?; umount -l "$STATE"; (exit $status); world_end' EXIT
daemon_start --interface eth0:native --max-meetings 2000
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$DAEMON/status"; }
before=$(rss)
filters() { # text
	kept_out "$1: CN is refused" cn 198.51.100.10 10001
	through "$1: DE is admitted" de 198.51.100.10 10001
}
bounded() { # text
	check "$1: memory is bounded ($before kB before, $(rss) kB now)" [ "$(rss)" -lt $((before + GROWTH_KB)) ]
}
put() { # id: prints the status
	printf '{"endpoints": [{"address": "198.51.100.10", "port": 30000}], "rules": [{"action": "refuse", "regions": ["CN"]}]}' |
		curl -s -o "$WORK/body" -w '%{http_code}' --unix-socket "$SOCKET" -X PUT "http://rg/v1/meetings/$1" -d @-
}

# A full disk: each refused push changes nothing, and with room it goes on.
dd if=/dev/zero of="$STATE/fill" bs=64k >/dev/null 2>&1
status=200 n=0
while [ "$status" -lt 300 ] && [ $n -lt 500 ]; do
	n=$((n + 1))
	status=$(put "disk-$((n % 2))-$n")
	rg meeting delete "disk-$((n % 2))-$n" >/dev/null 2>&1
done
is "a full disk: the push is refused" "$status" 503
check "as the store's" grep -q 'problem:store' "$WORK/body"
meetings=$(rg meeting list --json | jq -c '[.meetings[].id]')
check "the status is answered" rg status
filters "a full disk"
daemon_stop
dd if=/dev/zero of="$STATE/fill2" bs=4k >/dev/null 2>&1
daemon_run --max-meetings 2000 2>"$WORK/err"
is "a start on a full disk fails" $? 1
check "and says that it is full" grep -qE "No space left|disk is full" "$WORK/err"
filters "a start on a full disk"
rm "$STATE/fill2"
daemon_start --max-meetings 2000
rm "$STATE/fill"
is "with room again" "$(put disk-again)" 201
is "nothing half done is left" "$(rg meeting list --json | jq -c '[.meetings[].id] - ["disk-again"]')" "$meetings"
rg meeting delete disk-again >/dev/null

# Full maps.
seq 3000 | jq -c '{id: "full-\(.)"}' >"$WORK/full"
rg meeting batch "$WORK/full" --json >"$WORK/out" 2>&1
check "full maps: what does not fit is told line by line" grep -qE '"status": ?507' "$WORK/out"
filters "full maps"
seq 3000 | jq -c '{op: "delete", id: "full-\(.)"}' >"$WORK/empty"
rg meeting batch "$WORK/empty" >/dev/null 2>&1

# Connections: those beyond the limit wait, nobody is told nonsense, and the daemon comes back.
ulimit -n 20000
perl -MIO::Socket::UNIX -e '
	my ($path, $n) = @ARGV; my @open;
	for (1 .. $n) {
		my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Blocking => 0, Peer => $path) or next;
		push @open, $s;
	}
	$| = 1; print scalar(@open), "\n"; sleep 3' "$SOCKET" $CONNECTIONS >"$WORK/opened" &
flood=$!
JOBS+=("$flood")
until_true 10 [ -s "$WORK/opened" ]
echo "# $CONNECTIONS connections were begun at a time"
filters "many connections"
bounded "many connections"
wait $flood
check "when they are gone, it answers" timeout 40 "$REGIONGATE" --socket "$SOCKET" status

# A client that sends a byte a second, and readers of the event stream that never read.
perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die;
	for (split //, "GET /v1/status HTTP/1.1\r\nHost: rg\r\n") { $s->syswrite($_); sleep 1 }' "$SOCKET" &
JOBS+=($!)
perl -MIO::Socket::UNIX -e '
	my @open = map { my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die;
		$s->syswrite("GET /v1/events HTTP/1.1\r\nHost: rg\r\n\r\n"); $s } 1 .. 50;
	sleep 60' "$SOCKET" &
JOBS+=($!)
for i in $(seq 20); do
	seq 200 | jq -c --arg i "$i" '{id: "e-\(.)", default: (if ($i | tonumber) % 2 == 0 then "admit" else "refuse" end)}' >"$WORK/batch"
	rg meeting batch "$WORK/batch" >/dev/null || break
done
is "4000 changes beside 50 readers that do not read" "$i" 20
bounded "slow readers"
check "others are answered" rg status

# As many pushes as go, each of which changes something.
for i in 1 2 3 4; do
	seq 0 24999 | jq -c --arg i "$i" '{id: "p-\($i)-\(. % 300)", default: (if . / 300 | floor % 2 == 0 then "admit" else "refuse" end)}' \
		>"$WORK/pushes-$i"
done
started=$(date +%s%N)
for i in 1 2 3 4; do
	curl -s -o "$WORK/answers-$i" --unix-socket "$SOCKET" -X POST --data-binary "@$WORK/pushes-$i" http://rg/v1/meetings:batch &
	JOBS+=($!)
	pushers[i]=$!
done
filters "a flood of pushes"
wait "${pushers[@]}"
took=$((($(date +%s%N) - started) / 1000000))
pushes=$(cat "$WORK"/answers-* | grep -cE '"status": ?20[01]')
echo "# $pushes pushes in $took ms"
is "each of 100000 pushes is answered" "$(cat "$WORK"/answers-* | wc -l)" 100000
is "and done" "$pushes" 100000
bounded "a flood of pushes"
filters "at the end"
check "store and kernel agree" [ "$(rg status --verify --json | jq .differences)" = 0 ]
daemon_stop
check "--detach" daemon_run --detach
world_done
