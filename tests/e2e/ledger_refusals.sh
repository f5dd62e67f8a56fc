#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the ledger learns from packets: who was refused, under which order, counted once across
# restarts; networks beside it; intervals without a filter.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
echo_start server 10002
config() { # addresses
	printf '[ledger]\ninterval_s = 1\naddresses = %s\n' "$1" >"$WORK/conf"
}
start() {
	(exec nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config "$WORK/conf" \
		--socket "$SOCKET" --state "$STATE" --pin-dir "$PINS" "$@") 2>>"$WORK/daemon.log" &
	# shellcheck disable=SC2034  # the world ends it
	DAEMON=$!
	until_true 20 rg status || die "the daemon does not answer"
}
entries() { rg ledger list --limit 1000 --after 0 --json | jq -c ".entries[] | select(.kind == \"$1\") | $2"; }
refusals() { entries refusals "[.subject, .detail.region, .detail.basis, .detail.order.reference, .detail.packets, .detail.networks]"; }
ORDER='"order": {"jurisdiction": "CN", "authority": "Court", "basis": "Act 7", "reference": "ref-1", "received": "2020-06-01"}'
body() { # port rules
	echo "{\"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": $1}, {\"address\": \"2001:db8:ffff::10\", \"port\": $1}], \"rules\": $2}"
}
put() { rg meeting put "$1" - <<<"$2" >/dev/null; }

config truncated
start --interface eth0:native
regions_put >/dev/null
put m-1 "$(body 10001 "[{\"id\": \"r1\", \"action\": \"refuse\", \"regions\": [\"CN\"], $ORDER}]")"
put m-2 "$(body 10002 '[{"id": "r1", "action": "refuse", "regions": ["CN"]}]')"
kept_out "CN is refused, IPv4" cn 198.51.100.10 10001
kept_out "CN is refused, IPv6" cn 2001:db8:ffff::10 10001
kept_out "CN is refused in the other meeting" cn 198.51.100.10 10002
through "DE is not" de 198.51.100.10 10001
has() { [ "$(refusals | wc -l)" -ge "$1" ]; }
check "refusals come into the ledger" until_true 10 has 2
# A look may fall between the packets: what is left comes at the end.
daemon_stop
start
sum() { # meeting field
	entries refusals "select(.subject == \"$1\") | .detail.$2" | jq -s add
}
is "each packet once: under the order" "$(sum m-1 packets)" 20
is "each packet once: the owner's own rule" "$(sum m-2 packets)" 10
is "networks are told apart, each once" "$(sum m-1 networks) $(sum m-2 networks)" "2 1"
is "the order is named whole" "$(entries refusals 'select(.subject == "m-1") | [.detail.basis, .detail.rule, .detail.order.reference]' | sort -u)" '["Act 7","r1","ref-1"]'
is "the owner's own rule is the owner's" "$(entries refusals 'select(.subject == "m-2") | [.detail.basis, .detail.rule, .detail.order]' | sort -u)" '["owner","r1",null]'
check "no address is in the ledger" sh -c "! \"$REGIONGATE\" --socket \"$SOCKET\" ledger export | grep -q '203.0.113\|2001:db8:c:'"
is "only networks are beside it" "$(sqlite3 -readonly "$STATE/regiongate.db" 'SELECT group_concat(network) FROM (SELECT DISTINCT network FROM remotes ORDER BY network)')" "2001:db8:c::/48,203.0.113.0/24"

# before a body changes, what it refused is told
kept_out "CN is refused again" cn 198.51.100.10 10001
put m-1 "$(body 10001 '[]')"
is "a change tells first what the old body refused" "$(sum m-1 packets)" 30
is "from a network that is known" "$(sum m-1 networks)" 2
is "and comes behind it" "$(rg ledger list --limit 1000 --after 0 --json | jq -r '[.entries[] | select(.subject == "m-1") | .kind] | .[-2:] | join(" ")')" "refusals meeting-put"
through "then CN is admitted" cn 198.51.100.10 10001
kept_out "CN is refused by the other one" cn 198.51.100.10 10002
rg meeting delete m-2 >/dev/null
is "so does the end of a meeting" "$(sum m-2 packets)" 20

# kill -9: the counters go on in the kernel, and are told once
put m-1 "$(body 10001 "[{\"id\": \"r1\", \"action\": \"refuse\", \"regions\": [\"CN\"], $ORDER}]")"
daemon_kill
kept_out "kill -9: CN is refused" cn 198.51.100.10 10001
start
daemon_stop
start
is "what was refused without a daemon is told" "$(sum m-1 packets)" 40
is "the report has participants" "$(rg report --json | jq -c '[.months[] | [.jurisdiction, .basis, .meetings, .participants]]')" \
	'[["CN","Act 7",null,null],[null,"owner",null,null]]'

# intervals without a filter
in_host server "$(command -v bpftool)" net detach xdp dev eth0 >/dev/null 2>&1 || ip -n "$NS-server" link set dev eth0 xdp off 2>/dev/null
daemon_stop
rm -f "$PINS"/links/* 2>/dev/null
start
check "an interval without a filter is told" until_true 10 sh -c "\"$REGIONGATE\" --socket \"$SOCKET\" ledger list --limit 1000 --json | jq -e '[.entries[] | select(.kind == \"no-filter\" and .subject == \"eth0\" and .detail.until != null)] | length > 0'"
check "the chain is whole" rg ledger verify

# no addresses at all, if that is wanted
daemon_stop
config none
start
put m-1 "$(body 10001 '[{"id": "r9", "action": "refuse", "regions": ["CN"]}]')"
before=$(sqlite3 -readonly "$STATE/regiongate.db" 'SELECT count(*) FROM remotes')
kept_out "CN is refused still" cn 198.51.100.10 10001
daemon_stop
is "nothing is kept of addresses" "$(sqlite3 -readonly "$STATE/regiongate.db" 'SELECT count(*) FROM remotes')" "$before"
printf '[ledger]\naddresses = some\n' >"$WORK/conf"
in_host server "$REGIONGATED" --config "$WORK/conf" --check-config >"$WORK/out" 2>&1
is "a value that there is not" "$? $(grep -c "truncated, none or full" "$WORK/out")" "2 1"
world_done
