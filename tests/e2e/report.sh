#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The transparency report in its four forms, out of an export and out of the daemon.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/ledger.sh"

world_begin
ledger_sample "$WORK/ledger"
report() { # option...: without a daemon
	"$REGIONGATE" --socket /nowhere report --file "$WORK/ledger" --from 2020-01-01 --to 2021-06-30 "$@"
}

# --- out of an export
report --json >"$WORK/json"
is "requests by what became of them" \
	"$(jq -c '.totals | [.requests, .applied, .narrowed, .refused, .overridden]' "$WORK/json")" "[37,21,6,9,1]"
is "few meetings and participants are not told" \
	"$(jq -c '[.months[] | select(.month == "2020-01") | .meetings, .participants]' "$WORK/json")" "[null,null]"
is "enough are" "$(jq -c '[.months[] | select(.month == "2021-06" and .jurisdiction == "EU") | .meetings]' "$WORK/json")" "[8]"
is "the sums leave the small ones out, and say so" \
	"$(jq -c '.totals | [.meetings, .participants, .incomplete]' "$WORK/json")" "[8,510,true]"
is "what is under a gag is counted" "$(jq -c '[.totals.withheld, (.months[] | select(.jurisdiction == "VN") | .requests)]' "$WORK/json")" "[1,1]"
is "nor is its basis" "$(jq -c '[.months[] | select(.jurisdiction == "VN") | .basis]' "$WORK/json")" "[null]"
for form in --json --csv --html ""; do
	# shellcheck disable=SC2086  # none is a form, too
	check "and not named: ${form:-table}" sh -c "! grep -q hidden-reference" <<<"$(report $form)"
done
is "another period has its own" "$(report --json | jq "[.months[] | select(.month == \"2021-06\") | .requests] | add")" 7
is "the same from standard input" "$("$REGIONGATE" report --file - --from 2020-01-01 --to 2021-06-30 --json <"$WORK/ledger" |
	jq -c 'del(.generated_at)')" "$(jq -c 'del(.generated_at)' "$WORK/json")"
is "the ledger's last hash is in it" "$(jq -r .ledger.hash "$WORK/json")" "$(tail -n 1 "$WORK/ledger" | jq -r .head.hash)"
report --csv >"$WORK/csv"
is "CSV: the header" "$(head -n 1 "$WORK/csv" | tr -d '\r')" \
	"month,jurisdiction,basis,requests,applied,narrowed,refused,overridden,meetings,participants"
is "CSV: a row" "$(grep '^"2021-06","EU"' "$WORK/csv" | tr -d '\r')" '"2021-06","EU","Act on Conferences",1,1,0,0,0,8,0'
report --html --operator '<Example> & Sons' >"$WORK/html"
check "HTML: texts are no markup" sh -c "grep -q '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;' '$WORK/html' && ! grep -q '<script' '$WORK/html'"
check "HTML: nor is the operator's name" grep -q '&lt;Example&gt; &amp; Sons' "$WORK/html"
check "HTML: nothing is fetched" sh -c "! grep -qE 'https?:|src=|@import|url\(' '$WORK/html'"
check "the table for people" grep -qE '^2021-06 +EU +Act on Conferences +1 +1 +0 +0 +0 +8 +0$' <<<"$(report)"

# --- what is asked for wrongly
gives() { # text exit-code words command...
	local text=$1 wanted=$2 words=$3
	shift 3
	"$@" >"$WORK/out" 2>"$WORK/err"
	is "$text" "$?" "$wanted"
	check "$text: it is said" grep -qF -- "$words" "$WORK/err"
}
gives "a day that is none" 2 "'2021-02-29' is not a day" rg report --from 2021-02-29
gives "the last day before the first one" 1 "first day, 2021-01-02, is behind its last one, 2021-01-01" \
	rg report --file "$WORK/ledger" --from 2021-01-02 --to 2021-01-01
gives "two forms" 2 "only one of --json, --csv and --html" rg report --csv --html
gives "a form that there is not" 2 "unknown option '--xml'" rg report --xml
sed '1s/CN-01/CN-99/' "$WORK/ledger" >"$WORK/edited"
gives "a ledger that was edited" 1 "one of the two was changed" rg report --file "$WORK/edited"
head -c 9999 "$WORK/ledger" >"$WORK/edited"
gives "a ledger that was cut off" 1 "is no entry" rg report --file "$WORK/edited"

# --- out of the daemon
printf '[roles]\nadmin = 61004\n' >"$WORK/conf"
daemon_start --config "$WORK/conf"
chmod 711 "$WORK"
chgrp 61000 "$SOCKET"
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
today=$(date -u +%Y-%m-%d)
is "a daemon without orders reports none" "$(rg report --json | jq -c '.totals.requests, .until == "'"$today"'"' | paste -sd ' ')" "0 true"
rg report --html >"$WORK/html"
check "HTML: it says so" grep -q "no authority asked" "$WORK/html"
api() { curl -s --unix-socket "$SOCKET" "http://rg/v1/report$1"; }
is "the API's report" "$(api "?from=2020-01-01&to=$today" | jq -c '[.from, .totals.requests, .ledger.seq]')" "[\"2020-01-01\",0,$(rg ledger list --json | jq .head.seq)]"
is "from behind to" "$(api "?from=2020-01-02&to=2020-01-01" | jq -c '[.status, .type]')" '[422,"urn:regiongate:problem:invalid"]'
is "a day that is none" "$(api "?from=2020-01-02&to=never" | jq -r .detail)" "'never' is not a day like 2020-06-04"
is "a day that is missing" "$(api "?from=2020-01-02" | jq .status)" 422

# --- orders as they are pushed
with_order() { # meeting regions reference [more of the order]
	rg meeting put "$1" - <<-BODY
	{"rules": [{"id": "r1", "action": "refuse", "regions": $2, "order": {"jurisdiction": "CN", "authority": "Court",
	 "basis": "Act 7", "reference": "$3", "received": "2020-06-01"${4:-}}}]}
	BODY
}
regions_put >/dev/null
with_order m-1 '["CN"]' ref-1 >/dev/null
with_order m-2 '["CN"]' ref-1 >/dev/null
with_order m-3 '["CN", "HK"]' ref-2 >/dev/null 2>&1
is "an order beyond its territory is refused" $? 1
with_order m-3 '["CN", "HK"]' ref-3 >/dev/null 2>&1
with_order m-3 '["CN"]' ref-3 >/dev/null
OVERRIDE=', "override": {"reason": "r", "approved_by": "61004"}'
with_order m-4 '["CN", "HK"]' ref-4 "$OVERRIDE" >/dev/null 2>"$WORK/out"
setpriv --reuid 61004 --regid 61000 --clear-groups "$REGIONGATE" --socket "$SOCKET" approve m-4 \
	"$(grep -o '[0-9a-f]\{64\}' "$WORK/out")" --reason r >/dev/null
with_order m-4 '["CN", "HK"]' ref-4 "$OVERRIDE" >/dev/null
with_order m-5 '["CN"]' ref-5 ', "gag_until": "2049-01-01T00:00:00Z"' >/dev/null
is "requests by what became of them" \
	"$(rg report --json | jq -c '.totals | [.requests, .applied, .narrowed, .refused, .overridden, .withheld]')" "[5,2,1,1,1,1]"
is "the ledger has the kinds of their own" \
	"$(rg ledger list --limit 100 --json | jq -c '[.entries[] | select(.kind | startswith("o")) | [.kind, .subject, .detail.order.reference]]')" \
	'[["order-refused","m-3","ref-2"],["order-refused","m-3","ref-3"],["order-refused","m-4","ref-4"],["override","m-4","ref-4"]]'
is "an entry of a meeting holds its orders whole" \
	"$(rg ledger list --limit 100 --json | jq -r '[.entries[] | select(.subject == "m-5")][0].detail.after.orders[0].order.gag_until')" \
	2049-01-01T00:00:00Z
check "the chain is whole" rg ledger verify
rg report --html >"$WORK/html"
check "the page names what may be named" grep -q 'ref-4' "$WORK/html"
check "and not what may not" sh -c "! grep -q ref-5 '$WORK/html'"
rg meeting delete m-5 >/dev/null
rg ledger export >"$WORK/export"
is "an export gives the same report" \
	"$(rg report --file "$WORK/export" --json | jq -c 'del(.generated_at)')" "$(rg report --json | jq -c 'del(.generated_at)')"
world_done
