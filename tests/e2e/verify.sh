#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Somebody writes to the maps, replaces pins, takes links off: status --verify notices and puts it right.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
printf '[daemon]\nwatch_maps = no\n' >"$WORK/conf" # until the end, so that it is verify that notices
daemon_start --interface eth0:native --geoip "$RG_BUILD/geoip.mmdb" --config "$WORK/conf"
regions_put >/dev/null
rg endpoint put sfu - >/dev/null <<<'{"address": "198.51.100.10", "ports": "10100-10110", "protocol": "udp", "classify": "ufrag"}' ||
	die "no shared endpoint"
for i in $(seq 14); do
	echo "{\"id\": \"m-$i\", \"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": $((10000 + i))},
		{\"address\": \"2001:db8:ffff::$i\", \"port\": 5}],
		\"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"ufrag$i\"}, {\"endpoint\": \"sfu\", \"ufrag\": \"$(printf 'l%.0s' {1..40})$i\"}],
		\"exceptions\": [{\"network\": \"203.0.113.$i/32\", \"action\": \"admit\", \"reason\": \"host\"}],
		\"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"$([ $((i % 2)) = 0 ] || echo ', "US"')], \"expires\": \"2099-01-01T00:00:00Z\"}]}" |
		jq -c .
done >"$WORK/meetings"
rg meeting batch "$WORK/meetings" >"$WORK/out" || { cat "$WORK/out"; die "no meetings"; }
for i in 4 8; do rg meeting delete m-$i >/dev/null; done # slots that nothing refers to any more
echo '{"rules": []}' | rg meeting patch m-6 - >/dev/null

verify() { rg status --verify --json >"$WORK/verify"; }
found() { # check of the report
	jq -r --arg name "$1" '.checks[] | select(.name == $name) | "\(.differences) \(.repaired)"' "$WORK/verify"
}
agrees() {
	check "$1: verify" verify
	is "$1: store and kernel agree" "$(jq .differences "$WORK/verify")" 0
	jq -c ".checks[] | select(.differences > 0)" "$WORK/verify" | sed "s/^/# /"
}
agrees "untouched"
check "every map that decides is compared" [ "$(jq '[.checks[] | select(.compared > 0) | .name] | length' "$WORK/verify")" -ge 14 ]
kept_out "CN is refused" cn 198.51.100.10 10001
before=$(rg status --json | jq -c '.reasons')

# One byte of entry 1, whatever the map: the first is what its words begin with.
touch_map() { # map: turn the bytes of an entry that is in use
	local map=$PINS/$1 dump key value
	dump=$(bpftool -j map dump pinned "$map" | jq -c '[.[] | select(any(.value[]; . != "0x00"))][-1]')
	key=$(jq -r '.key | join(" ")' <<<"$dump")
	value=$(jq -r '.value | map(if . == "0x00" then "0x01" else "0x00" end) | join(" ")' <<<"$dump")
	# shellcheck disable=SC2086
	bpftool map update pinned "$map" key $key value $value
}
for map in rg_mtg_words rg_meetings rg_policies rg_regions rg_shared rg_endpoints rg_ufrags rg_ufrags_long rg_ports rg_exceptions; do
	check "$map: written to" touch_map $map
	check "$map: verify" verify
	is "$map: noticed and put right" "$(found $map)" "1 1"
	agrees "$map"
done
# Policies: what they say of a region id.
size=$(bpftool -j map show pinned "$PINS/rg_policy_bits" | jq .bytes_value)
zeros=$(yes 0 | head -n "$size" | tr '\n' ' ')
check "rg_policy_bits: all of policy 1 admitted" sh -c "
	for key in 4 5 6 7; do bpftool map update pinned '$PINS/rg_policy_bits' key \$key 0 0 0 value $zeros || exit 1; done"
through "so CN gets through" cn 198.51.100.10 10001
check "verify" verify
check "noticed" [ "$(found rg_policy_bits)" != "0 0" ]
kept_out "and CN is refused again" cn 198.51.100.10 10001
agrees "rg_policy_bits"

first=$(bpftool -j map dump pinned "$PINS/rg_endpoints" | jq -c '.[0]')
check "an endpoint too many" sh -c "bpftool map update pinned '$PINS/rg_endpoints' \
	key $(jq -r '.key | .[0] = "0xfe" | join(" ")' <<<"$first") value $(jq -r '.value | join(" ")' <<<"$first")"
check "verify" verify
is "it is taken out" "$(found rg_endpoints)" "1 1"
check "a ufrag too few" sh -c "bpftool map delete pinned '$PINS/rg_ufrags' key $(bpftool -j map dump pinned "$PINS/rg_ufrags" | jq -r '.[0].key | join(" ")')"
check "verify" verify
is "it is put in" "$(found rg_ufrags)" "1 1"
agrees "hashes"

rm "$PINS/rg_meetings"
check "a pin too few: verify" verify
is "it is pinned again" "$(found pins)" "1 1"
check "so it can be read" bpftool map dump pinned "$PINS/rg_meetings"
bpftool link detach id "$(rg status --json | jq '.interfaces[0].link_id')" >/dev/null
check "the link is off: verify" verify
kept_out "the filter is on" cn 198.51.100.10 10001
geo=$(awk '/^map_id:/ { print $2 }' "/proc/$DAEMON/fdinfo/"* 2>/dev/null | while read -r id; do
	bpftool -j map show id "$id" | jq -r 'select(.name == "rg_geo_table") | .id'
done | tail -n 1)
sevens=$(yes 7 | head -n 64 | tr '\n' ' ')
check "the GeoIP table: written to" sh -c "bpftool map update id $geo key 0 0 0 0 value $sevens"
check "verify" verify
is "it is built again" "$(found rg_geo)" "1 1"
agrees "GeoIP"
kept_out "CN is refused" cn 198.51.100.10 10001
is "counters went on" "$(jq -n --argjson a "$before" --argjson b "$(rg status --json | jq -c .reasons)" \
	'$b.refuse_region.packets > $a.refuse_region.packets')" true
check "so does the ledger" sh -c "'$REGIONGATE' --socket '$SOCKET' ledger export | \
	jq -se 'any(.kind == \"drift\" and .subject == \"rg_meetings\" and .detail.repaired == 1)' >/dev/null"
check "the log says what was changed" grep -q "rg_meetings was changed beside the daemon: 1 entries differed" "$WORK/daemon.log"
check "a table for people" sh -c "'$REGIONGATE' --socket '$SOCKET' status --verify | grep -q 'Store and kernel agree'"
# What comes after a repair is right, too.
rg meeting delete m-1 >/dev/null
through "a deleted meeting's endpoint is open" cn 198.51.100.10 10001
agrees "after a deletion"

# Nobody asks: the daemon walks round the arrays by itself.
drifted() { curl -s --unix-socket "$SOCKET" http://rg/metrics | awk '/^regiongate_drift_total/ { print $2 }'; }
noticed() { [ "$(drifted)" -gt "$1" ]; }
daemon_stop
daemon_start --geoip "$RG_BUILD/geoip.mmdb"
sleep 15 # so that it has seen each as it should be
quiet=$(drifted)
for i in $(seq 30); do echo '{"default": "refuse"}' | rg meeting patch m-$((i % 2 * 3 + 2)) - >/dev/null; done
sleep 8
is "its own pushes are no drift" "$(drifted)" "$quiet"
for map in rg_meetings rg_mtg_words rg_ports rg_shared rg_exceptions rg_regions rg_policies rg_policy_bits rg_state; do
	n=$(drifted)
	if [ $map = rg_policy_bits ]; then
		# shellcheck disable=SC2046
		check "$map: written to" bpftool map update pinned "$PINS/$map" key 4 0 0 0 value $(yes 85 | head -n "$size" | tr '\n' ' ')
	elif [ $map = rg_state ]; then # everything in observe mode
		# shellcheck disable=SC2046
		check "$map: written to" bpftool map update pinned "$PINS/$map" key 0 0 0 0 value \
			$(bpftool -j map dump pinned "$PINS/$map" | jq -r '.[0].value | .[16] = "0x01" | join(" ")')
	else
		check "$map: written to" touch_map $map
	fi
	check "$map: noticed by itself" until_true 25 noticed "$n"
done
agrees "and put right"
check "it is an event" grep -q '"alarm": *"drift"' <(rg events -n 100 --kind alarm --json)
daemon_kill
daemon_start --geoip "$RG_BUILD/geoip.mmdb"
agrees "after kill -9"
daemon_stop
check "--detach" daemon_run --detach
world_done
