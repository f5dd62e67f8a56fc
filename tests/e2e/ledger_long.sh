#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A long ledger: while it is verified, exported or reported on, others are answered, and what they change
# meanwhile is not in the answer. Told by the order of entries, not by the clock.
. "$(dirname "$0")/../harness/world.sh"

ENTRIES=12000
ORDER='{"jurisdiction": "CN", "authority": "Court", "basis": "Act 7", "reference": "R-1", "received": "2020-06-01"}'

world_begin
daemon_start
rg region put cn --network 203.0.113.0/24 --country CN >/dev/null
for mode in observe enforce; do
	echo "{\"id\": \"m-1\", \"mode\": \"$mode\", \"rules\": [{\"action\": \"refuse\", \"regions\": [\"CN\"], \"order\": $ORDER}]}"
done >"$WORK/two"
for ((i = 0; i < ENTRIES / 2; i++)); do cat "$WORK/two"; done >"$WORK/batch"
curl -s --unix-socket "$SOCKET" -X POST http://rg/v1/meetings:batch --data-binary @"$WORK/batch" -H 'Expect:' \
	-o "$WORK/answer" -w '%{http_code}\n' >"$WORK/status"
is "a ledger of many entries" "$(cat "$WORK/status") $(curl -s --unix-socket "$SOCKET" 'http://rg/v1/ledger?limit=1' | jq .head.seq)" \
	"200 $((ENTRIES + 2))"

HEAD=$((ENTRIES + 2))
# Pushes, one entry each, for as long as a request is not answered. AFTER: how many of those that were
# answered before it are behind the entry that its answer ends with.
among_pushes() { # jq-path-of-the-last-entry request...
	local path=$1 reader before=$HEAD
	shift
	"$@" >"$WORK/answer" &
	reader=$!
	while kill -0 $reader 2>/dev/null; do
		before=$HEAD
		rg meeting put m-2 - <<<"{\"mode\": \"$([ $((HEAD % 2)) = 0 ] && echo observe || echo enforce)\"}" >/dev/null ||
			not_ok "a push is refused"
		HEAD=$((HEAD + 1))
	done
	wait $reader
	is "it is answered" $? 0
	AFTER=$((before - $(tail -n 1 "$WORK/answer" | jq "$path")))
}
get() { curl -sf --unix-socket "$SOCKET" "http://rg$1"; }

among_pushes .ledger.seq get '/v1/report?from=2020-01-01&to=2099-12-31'
check "pushes are answered while a report is made ($AFTER)" [ $AFTER -ge 3 ]
is "and they are not in it" "$(jq -c '[.totals.requests, .totals.applied]' "$WORK/answer")" "[1,1]"
among_pushes .head.seq get /v1/ledger:verify
check "pushes are answered while the chain is verified ($AFTER)" [ $AFTER -ge 3 ]
is "it is whole, up to where it was" "$(jq -c '[.ok, .checked == .head.seq, .next]' "$WORK/answer")" "[true,true,null]"

# What the command line reads page by page goes on to where the ledger is at its end.
rg ledger export >"$WORK/export"
is "an export has them all" "$(($(wc -l <"$WORK/export") - 1)) $(tail -n 1 "$WORK/export" | jq .head.seq)" "$HEAD $HEAD"
check "and is whole" rg ledger verify --file "$WORK/export"
is "a report out of it is the daemon's" \
	"$(rg report --file "$WORK/export" --json | jq -c 'del(.generated_at)')" "$(rg report --json | jq -c 'del(.generated_at)')"

# Clients that do not wait for their answers leave nothing behind.
for i in 1 2 3 4 5 6 7 8; do
	timeout 0.2 curl -s --unix-socket "$SOCKET" 'http://rg/v1/report?from=2020-01-01&to=2099-12-31' >/dev/null
done
check "after clients that hung up, there are reports again" until_true 30 rg report
world_done
