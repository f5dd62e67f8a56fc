#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bpftool map dump pinned: ids, codes and texts can be read, also without the daemon.
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
world_done
