#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The filter outlives the daemon: kill -9, restart, upgrade; a second daemon is refused.
. "$(dirname "$0")/../harness/world.sh"

world_begin_filtered
refused() { rg stats m-1 --json | jq .verdicts.refuse.packets; }
is "ten packets are counted" "$(refused)" 10

daemon_run >"$WORK/second" 2>&1
is "a second daemon on the same socket and state is refused" $? 1
check "it says why, in one line" [ "$(wc -l <"$WORK/second")" = 1 ]
check "the first one still answers" rg status
kept_out "and still filters" cn 198.51.100.10 10001
in_host server "$REGIONGATED" --config /dev/null --socket "$WORK/other" --state "$STATE" \
	--pin-dir "$WORK/bpf/other" >"$WORK/second" 2>&1
is "a second daemon on the same state alone is refused" $? 1
check "it leaves no pins" [ ! -e "$WORK/bpf/other" ]
check "it leaves no socket" [ ! -e "$WORK/other" ]
in_host server "$REGIONGATED" --config /dev/null --socket "$WORK/other" --state "$WORK/other-state" \
	--pin-dir "$PINS" >"$WORK/second" 2>&1
is "a second daemon on the same pins is refused" $? 1
check "it says so" grep -q "another running daemon" "$WORK/second"
kept_out "the first one still filters after that" cn 198.51.100.10 10001

daemon_kill
rg status >"$WORK/out" 2>"$WORK/err"
is "without a daemon the CLI exits with 3" $? 3
check "and says so" grep -q "^regiongate: no daemon" "$WORK/err"
kept_out "kill -9: CN stays refused, IPv4" cn 198.51.100.10 10001
kept_out "kill -9: CN stays refused, IPv6" cn 2001:db8:ffff::10 10001
through "kill -9: DE stays admitted" de 198.51.100.10 10001

# Restart under traffic: no packet of DE is lost, none of CN comes through.
in_host de "$UDPCAT" send -n 3000 -i 1000 -w 1000 198.51.100.10 10001 >"$WORK/de" &
first=$!
in_host cn "$UDPCAT" send -n 3000 -i 1000 -w 300 198.51.100.10 10001 >"$WORK/cn" &
second=$!
daemon_start --interface eth0:native
is "the restarted daemon has the meeting" "$(rg meeting list --json | jq -r '.meetings[].id')" m-1
is "and the custom regions" "$(rg lookup 203.0.113.10 --json | jq -r .country)" CN
daemon_kill
daemon_start
check "a daemon without --interface has it attached, too" \
	[ "$(rg status --json | jq -r '.interfaces[0].attached')" = true ]
daemon_stop
daemon_start
wait $first $second
is "two restarts and a kill: no packet of DE is lost" "$(cut -d' ' -f1,2 "$WORK/de")" "3000 3000"
is "two restarts and a kill: no packet of CN comes through" "$(cut -d' ' -f1,2 "$WORK/cn")" "3000 0"
is "the counters went on" "$(refused)" 3050

daemon_stop
kept_out "stopped: CN stays refused" cn 198.51.100.10 10001
bpftool map create "$PINS/foreign" type array key 4 value 4 entries 1 name foreign
bpftool map pin pinned "$PINS/foreign" "$PINS/links/foreign"
check "--detach needs no daemon" daemon_run --detach
through "then nothing is refused" cn 198.51.100.10 10001
is "and nothing is pinned but what is not ours" "$(cd "$PINS" && echo ./* links/*)" "./foreign ./links links/foreign"
bpftool map create "$PINS/rg_state" type array key 4 value 65536 entries 1 name rg_state
daemon_start --interface eth0
is "maps of another layout are not taken over" "$(refused)" 0
kept_out "what is not ours does not disturb a start" cn 198.51.100.10 10001
daemon_stop
check "--detach again" daemon_run --detach
is "what is not ours is still there" "$(cd "$PINS" && echo ./* links/*)" "./foreign ./links links/foreign"
world_done
