#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Orders: no further than their territory, overrides, what participants are told, previews; sites,
# exceptions, the global mode; a GeoIP reload that would cut many.
. "$(dirname "$0")/../harness/world.sh"

ORDER='"order": {"jurisdiction": "CN", "authority": "Ministry", "basis": "Act 7", "reference": "R-1", "received": "2020-06-03"'
put_rules() { # id rules [fields]
	rg meeting put "$1" - <<<"{\"endpoints\": [{\"address\": \"198.51.100.10\", \"port\": 10001}], \"rules\": $2${3:-}}"
}
call() { # method path [curl-argument...]
	curl -s --unix-socket "$SOCKET" -X "$1" "http://rg$2" "${@:3}"
}
database() { # row...
	printf '%s\n' "$@" >"$WORK/rows"
	"$RG_TOP/tools/geoip-import" "$WORK/db.new" "$WORK/rows" "$WORK/rows6" >/dev/null &&
		mv "$WORK/db.new" "$WORK/db.mmdb"
}
DE=3221225984,3221226239,DE # 192.0.2.0/24
CN=3405803776,3405804031,CN # 203.0.113.0/24

world_begin
echo "2001:db8:c::,2001:db8:c:ffff:ffff:ffff:ffff:ffff,CN" >"$WORK/rows6"
database "$DE" "$CN" || die "geoip-import failed"
printf '[roles]\nadmin = 61004 61005\n[geoip]\nwatch = no\n[filter]\nsite = DE\nblocked_by = https://conference.example/legal\n' >"$WORK/conf"
world_participants
echo_start server 10001
daemon_start --config "$WORK/conf" --geoip "$WORK/db.mmdb" --interface eth0
chmod 711 "$WORK"
chgrp 61000 "$SOCKET"
as() { # user command...
	setpriv --reuid "$1" --regid 61000 --clear-groups "$REGIONGATE" --socket "$SOCKET" "${@:2}"
}
is "the site is known" "$(rg status --json | jq -r .site)" DE

# --- the territorial guard
put_rules m-1 '[]' >/dev/null
put_rules m-1 "[{\"action\": \"refuse\", \"regions\": [\"CN\", \"HK\", \"unknown\"], $ORDER}}]" >"$WORK/out" 2>&1
is "an order beyond its territory: the daemon says no" $? 1
check "and says where it exceeds" grep -q "beyond the territory of CN: HK,unknown (at /rules/0/regions)" "$WORK/out"
call PATCH /v1/meetings/m-1 -d "{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"continent:AS\"], $ORDER}}]}" >"$WORK/out"
is "the type of the problem" "$(jq -r .type "$WORK/out")" urn:regiongate:problem:order-exceeds-jurisdiction
is "the regions that exceed it" "$(jq -c .regions "$WORK/out")" '["continent:AS"]'
through "nothing is changed" cn 198.51.100.10 10001
is "refused orders are in the ledger" \
	"$(rg ledger export | jq -r 'select(.kind == "order-refused") | .detail.order.reference' | tr '\n' ' ')" "R-1 R-1 "
put_rules m-1 "[{\"id\": \"cn\", \"action\": \"refuse\", \"regions\": [\"CN\"], $ORDER}}, {\"id\": \"hk\", \"action\": \"refuse\", \"regions\": [\"HK\"]}]" >/dev/null
kept_out "an order within its territory holds" cn 198.51.100.10 10001
through "and reaches nobody else" de 198.51.100.10 10001
is "the order is in the ledger, and the owner's own rule as such" \
	"$(rg ledger export | jq -c 'select(.kind == "meeting-put") | .detail.after.bases | select(. != null)' | tail -n 1)" \
	'{"cn":"Act 7","hk":"owner"}'

# --- overrides
OVER="[{\"action\": \"refuse\", \"regions\": [\"DE\"], $ORDER, \"override\": {\"reason\": \"court\", \"approved_by\": \"61004\"}}}]"
put_rules m-1 "[{\"action\": \"refuse\", \"regions\": [\"DE\"], $ORDER, \"override\": {\"reason\": \"x\", \"approved_by\": \"root\"}}}]" >"$WORK/out" 2>&1
is "who asks does not approve" $? 1
check "and is told so" grep -q "somebody else" "$WORK/out"
put_rules m-1 "$OVER" >"$WORK/out" 2>&1
is "an admin alone does not override" $? 1
check "and is told what to have approved" grep -q "regiongate approve m-1 [0-9a-f]\{64\} (at /rules/0/order/override/approved_by)" "$WORK/out"
through "nothing is changed" de 198.51.100.10 10001
DIGEST=$(grep -o '[0-9a-f]\{64\}' "$WORK/out")
is "the approver finds in the ledger what it is" \
	"$(rg ledger export | jq -c "select(.detail.approvable.sha256 == \"$DIGEST\") | [.kind, .detail.approvable.rule.regions]")" '["order-refused",["DE"]]'
overrides() { put_rules m-1 "$OVER" >/dev/null 2>&1; }
rg approve m-1 "$DIGEST" --reason "I say so" >/dev/null
overrides
is "an approval of one's own is none" $? 1
as 61005 approve m-1 "$DIGEST" --reason "not asked" >/dev/null
overrides
is "nor is that of somebody who is not named" $? 1
as 61004 approve m-1 "${DIGEST//[0-8]/9}" --reason other >/dev/null
overrides
is "nor is one of something else" $? 1
as 61009 approve m-1 "$DIGEST" --reason x >/dev/null 2>&1
is "who is no admin does not approve" $? 1
as 61004 approve m-1 123 --reason x >/dev/null 2>"$WORK/out"
is "a hash that is none is refused" "$? $(grep -c "at /sha256" "$WORK/out")" "1 1"
as 61004 approve m-1 "$DIGEST" >/dev/null 2>&1
is "so is an approval without a reason" $? 2
check "the named admin approves" as 61004 approve m-1 "$DIGEST" --reason "court order read"
is "an entry of its own" "$(rg ledger export | jq -c 'select(.kind == "approval") | [.who.uid, .detail.uid, .detail.reason]' | tail -n 1)" \
	'[61004,61004,"court order read"]'
daemon_kill
daemon_start --config "$WORK/conf" --geoip "$WORK/db.mmdb" --interface eth0
chgrp 61000 "$SOCKET"
put_rules m-1 "${OVER/DE/US}" >/dev/null 2>&1
is "it does not hold for another rule" $? 1
overrides
is "an admin overrides, with another one's approval, which outlives the daemon" $? 0
kept_out "then the order reaches what it names" de 198.51.100.10 10001
is "an override is an entry of its own" \
	"$(rg ledger export | jq -c 'select(.kind == "override") | [.detail.order.override.approved_by, .detail.exceeds]')" '["61004",["DE"]]'

is "it names the approval" "$(rg ledger export | jq -c 'select(.kind == "override") | [.who.uid, .detail.approval.uid]')" '[0,61004]'
overrides
is "once it stands, the body may be pushed again" $? 0
put_rules m-1 '[]' >/dev/null
overrides
is "an approval is for one use" $? 1

# --- what participants are told
put_rules m-1 "[{\"id\": \"cn\", \"action\": \"refuse\", \"regions\": [\"CN\"], $ORDER}}]" >/dev/null
call POST /v1/admission -d '{"meeting": "m-1", "address": "203.0.113.10"}' >"$WORK/out"
is "admission: 451" "$(jq -c '[.verdict, .reason, .rule, .status, .order.reference]' "$WORK/out")" '["refuse","refuse_region","cn",451,"R-1"]'
is "who blocks" "$(jq -r .show.headers.Link "$WORK/out")" '<https://conference.example/legal>; rel="blocked-by"'
is "how far it goes" "$(jq -c '[.show.authority, .show.scope.meeting, .show.scope.regions]' "$WORK/out")" '["Ministry","m-1",["CN"]]'
is "admission: who may" "$(rg admission m-1 192.0.2.10 --json | jq -c '[.verdict, .status, .show]')" '["admit",200,null]'
check "for people" grep -q "denied by demand of Ministry" <(rg admission m-1 203.0.113.10)
rg admission m-none 192.0.2.10 2>/dev/null
is "admission to no meeting" $? 1

# --- previews
in_host de "$UDPCAT" send -n 300 -i 10000 -w 100 198.51.100.10 10001 >/dev/null &
stream=$!
sleep 1
echo "{\"rules\": [{\"id\": \"de\", \"action\": \"refuse\", \"regions\": [\"DE\"]}]}" >"$WORK/body"
rg preview m-1 "$WORK/body" --json >"$WORK/out"
is "a preview names the region whose flows it would cut" \
	"$(jq -c '[.flows.cut > 0, .regions.DE.cut > 0, .regions.DE.rules.de.basis]' "$WORK/out")" '[true,true,"owner"]'
is "at another time, by the body's times" \
	"$(rg preview m-1 --at 2030-01-01T00:00:00Z --json <<<'{"rules": [{"action": "refuse", "regions": ["DE"], "expires": "2029-01-01T00:00:00Z"}]}' |
		jq .flows.cut)" 0
check "for people" grep -q "would be cut" <(rg preview m-1 "$WORK/body")
through "and changes nothing" de 198.51.100.10 10001

# --- a reload that would cut many
database "${DE%DE}CN" "$CN"
rg geoip reload >"$WORK/out" 2>&1
is "a reload that changes many verdicts waits" $? 1
check "for a confirmation" grep -q "live flows, more than 10 %" "$WORK/out"
is "what it would change" "$(rg geoip show --json | jq -c '.held | [.changed > 0, .meetings[0].id, .meetings[0].moves[0].from, .meetings[0].moves[0].to]')" '[true,"m-1","DE","CN"]'
is "the old table is in force" "$(rg lookup 192.0.2.10 --json | jq -r .region)" DE
check "confirmed, it is loaded" rg geoip reload --confirm
is "and in force" "$(rg lookup 192.0.2.10 --json | jq -r .region)" CN
is "nothing waits any more" "$(rg geoip show --json | jq .held)" null
database "$DE" "$CN"
rg geoip reload --confirm >/dev/null
kill $stream 2>/dev/null
wait $stream 2>/dev/null

# --- exceptions, mode
put_rules m-1 "$REFUSE_CN" ', "exceptions": [{"network": "203.0.113.10/32", "action": "admit", "reason": "host"}]' >/dev/null
through "an exception admits a host abroad" cn 198.51.100.10 10001
put_rules m-1 "$REFUSE_CN" >/dev/null
kept_out "without it, the rule holds" cn 198.51.100.10 10001
check "one push: observe" rg mode observe
through "nothing is refused" cn 198.51.100.10 10001
is "but counted" "$(rg stats m-1 --json | jq '.verdicts.observe_refused.packets > 0')" true
check "one push: enforce" rg mode enforce
kept_out "it is refused again" cn 198.51.100.10 10001
rg mode off >/dev/null 2>&1
is "another mode: the daemon says no" $? 1

# --- residency
put_rules m-1 '[]' ', "sites": {"refuse": ["DE"]}' >/dev/null
kept_out "a meeting that excludes this site: nothing comes in" de 198.51.100.10 10001
check "and an alarm is raised" until_true 5 sh -c "'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.site_alarms.meetings == [\"m-1\"]'"
check "in the log" grep -q "ALARM: media of meeting 'm-1' arrives here" "$WORK/daemon.log"
check "in the ledger" grep -q '"site-alarm"' <(rg ledger export)
check "in the metrics" grep -q '^regiongate_site_alarms_total 1$' <(call GET /metrics)
site_alarms() { # of whom, since the first start
	rg ledger export | jq -r 'select(.kind == "site-alarm") | .subject' | tr '\n' ' '
}
daemon_kill
daemon_start --config "$WORK/conf" --geoip "$WORK/db.mmdb" --interface eth0
rg meeting put m-2 - <<<'{"endpoints": [{"address": "198.51.100.10", "port": 10002}], "sites": {"refuse": ["DE"]}}' >/dev/null
kept_out "another one, after the daemon was killed" de 198.51.100.10 10002
check "is an alarm" until_true 5 sh -c "'$REGIONGATE' --socket '$SOCKET' status --json | jq -e '.site_alarms.meetings == [\"m-1\", \"m-2\"]'"
is "and the first one is not told again" "$(site_alarms)" "m-1 m-2 "
put_rules m-1 '[]' ', "sites": {"allow": ["EU"]}' >/dev/null
through "where it may be, it is" de 198.51.100.10 10001
check "the chain of the ledger is whole" rg ledger verify
world_done
