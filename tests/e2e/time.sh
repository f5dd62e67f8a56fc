#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rules and meetings that begin and end: to the second, in the data plane, while no daemon runs.
. "$(dirname "$0")/../harness/world.sh"

in_s() { # seconds: that time, as bodies have it
	date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ
}
body() { # fields
	echo "{\"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": 10001}], $1}"
}
comes_through() { [ "$(answered "$@" -n 1 -w 80)" = 1 ]; }
stays_out() { ! comes_through "$@"; }

world_begin
world_participants
echo_start server 10001
daemon_start --interface eth0
regions_put >/dev/null

begin=$(in_s 3) end=$(in_s 5)
body "\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"not_before\": \"$begin\", \"expires\": \"$end\"}]" |
	rg meeting put m-1 - >/dev/null
daemon_kill
check "before its time a rule does not hold" comes_through cn 198.51.100.10 10001
check "without a daemon it begins" until_true 5 stays_out cn 198.51.100.10 10001
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
check "not before its second ($now, $begin)" [ ! "$now" \< "$begin" ]
check "others are not touched" comes_through de 198.51.100.10 10001
check "without a daemon it ends" until_true 5 comes_through cn 198.51.100.10 10001
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
check "not before its second ($now, $end)" [ ! "$now" \< "$end" ]

daemon_start
check "a new daemon keeps it" comes_through cn 198.51.100.10 10001
body "\"expires\": \"$(in_s 2)\"" | rg meeting put m-1 - >/dev/null
check "a meeting is open" comes_through de 198.51.100.10 10001
check "until it expires" until_true 5 stays_out de 198.51.100.10 10001
is "the reason" "$(rg explain --source 192.0.2.10 --destination 198.51.100.10 --port 10001 --json | jq -r .reason)" refuse_expired
is "which admission says, too" "$(rg admission m-1 192.0.2.10 --json | jq -c '[.reason, .status]')" '["refuse_expired",403]'
is "the kernel has what the store says" "$(rg status --verify --json | jq -c '[.compared > 0, .differences]')" '[true,0]'
is "the clock is believed" "$(rg clock show --json | jq .stepped)" false
check "accepting it changes nothing" rg clock accept
body '"not_before": "2030-01-02T00:00:00Z", "expires": "2030-01-01T00:00:00Z"' | rg meeting put m-1 - >"$WORK/out" 2>&1
is "times that contradict each other: the daemon says no" $? 1
check "and says where" grep -q "(at /expires)" "$WORK/out"
check "nothing is changed" stays_out de 198.51.100.10 10001
world_done
