#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bpftool map dump pinned: ids, codes and texts can be read, also without the daemon. The room of counters.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
daemon_start --interface eth0
regions_put >/dev/null
meeting_put m-1989 10001 udp "$REFUSE_CN" >/dev/null
kept_out "CN is refused" cn 198.51.100.10 10001

dump() { bpftool map dump pinned "$PINS/$1"; }
for map in rg_endpoints rg_meetings rg_policies rg_regions rg_reason_stat rg_region_stat rg_mtg_stat; do
	check "$map is pinned under its name" [ -e "$PINS/$map" ]
done
for state in running killed; do
	check "$state: rg_endpoints names the meeting" grep -q '"id": "m-1989"' <(dump rg_endpoints)
	check "$state: rg_endpoints has the endpoint as text" grep -q '"endpoint": ".*:10001/udp"' <(dump rg_endpoints)
	check "$state: rg_endpoints has the port as a number" grep -q '"port": 10001' <(dump rg_endpoints)
	check "$state: rg_meetings names the meeting" grep -q '"id": "m-1989"' <(dump rg_meetings)
	check "$state: rg_policies tells the rules" grep -q '"text": ".*refuse CN' <(dump rg_policies)
	check "$state: rg_regions holds codes" grep -q '"code": ".*CN' <(dump rg_regions)
	check "$state: rg_regions starts with unknown" grep -q '"code": "unknown"' <(dump rg_regions)
	check "$state: rg_mtg_stat counts with field names" grep -q '"packets": ' <(dump rg_mtg_stat)
	[ $state = running ] && daemon_kill
done

# A table of counters by meeting that is too small: who comes first is counted, the others are said to be lost.
printf '[limits]\nmax_mtg_stats = 1\n' >"$WORK/conf"
daemon_start --config "$WORK/conf" --interface eth0
meeting_put m-2 10002 udp "$REFUSE_CN" >/dev/null
taskset -p 1 $$ >/dev/null # each CPU has lines of its own
kept_out "CN is refused" cn 198.51.100.10 10001
kept_out "CN is refused with a full table" cn 198.51.100.10 10002
metric() { curl -s --unix-socket "$SOCKET" http://rg/metrics | awk -v name="$1" '$1 == name { print $2 }'; }
check "max_mtg_stats is the table's room, a CPU" [ "$(metric 'regiongate_map_max_entries{map="rg_mtg_stat"}')" -lt 32768 ]
check "it is full" [ "$(metric 'regiongate_map_entries{map="rg_mtg_stat"}')" -ge 1 ]
check "what is not counted by meeting is counted as lost" [ "$(metric regiongate_meeting_stats_lost_total)" -ge 10 ]
world_done
