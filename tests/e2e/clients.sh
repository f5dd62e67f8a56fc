#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Many clients change, list, preview, reload and verify at once: each gets an answer that is one of the documented ones,
# and afterwards answers, store and kernel agree.
. "$(dirname "$0")/../harness/world.sh"

SECONDS_EACH=${RG_CLIENTS_SECONDS:-8}
world_begin
daemon_start --interface eth0:native --geoip "$RG_BUILD/geoip.mmdb"
rg endpoint put sfu - >/dev/null <<<'{"address": "198.51.100.10", "ports": "20000-20010"}' || die "no shared endpoint"

call() { # method path [body]: the status; the answer goes to a file of the client's own
	curl -s -o "$WORK/answer.$BASHPID" -w '%{http_code}\n' --unix-socket "$SOCKET" -X "$1" "http://rg$2" ${3+--data-binary "$3"} \
		>>"$WORK/status.$CLIENT"
}
client() { # name command...: again and again until the time is over
	local end=$((SECONDS + SECONDS_EACH)) n=0
	CLIENT=$1
	shift
	while [ $SECONDS -lt $end ]; do
		n=$((n + 1))
		"$@" $n
	done
}
puts() {
	call PUT "/v1/meetings/m-$(($1 % 20))" "{\"endpoints\": [{\"address\": \"any\", \"port\": $((10000 + $1 % 20))}],
		\"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"text$(($1 % 20))\"}],
		\"rules\": [{\"action\": \"refuse\", \"regions\": [\"$([ $(($1 / 20 % 2)) = 0 ] && echo CN || echo US)\"]}]}"
}
deletes() { call DELETE "/v1/meetings/m-$(($1 % 20))"; }
batches() {
	call POST /v1/meetings:batch "$(for i in 1 2 3 4 5; do
		echo "{\"id\": \"m-$((($1 + i) % 20))\", \"default\": \"refuse\", \"expires\": \"2099-01-01T00:00:00Z\"}"
		echo "{\"op\": \"bind\", \"id\": \"m-$((($1 + i) % 20))\", \"endpoint\": \"sfu\", \"ufrag\": \"more$(($1 % 7))\"}"
		echo "{\"op\": \"delete\", \"id\": \"m-$((($1 + 3 * i) % 20))\"}"
	done)"
}
binds() {
	call PUT "/v1/meetings/m-$(($1 % 20))/ufrags/bind$(($1 % 9))?endpoint=sfu"
	call DELETE "/v1/meetings/m-$(($1 % 20))/ufrags/bind$((($1 + 4) % 9))?endpoint=sfu"
}
regions() {
	call PUT "/v1/regions/r$(($1 % 3))" "{\"networks\": [\"192.0.2.$(($1 % 250))/32\"], \"country\": \"DE\"}"
	call DELETE "/v1/regions/r$((($1 + 1) % 3))"
}
reads() {
	call POST "/v1/meetings/m-$(($1 % 20)):preview" '{"default": "refuse"}'
	call GET '/v1/meetings?limit=5'
	call GET "/v1/meetings/m-$(($1 % 20))/stats"
	call GET "/v1/meetings/m-$(($1 % 20))/flows"
	call GET /metrics
}
reloads() { call POST /v1/geoip:reload '{"force": true}'; }
verifies() { call POST /v1/status:verify; }
follows() { timeout 1 curl -s --unix-socket "$SOCKET" 'http://rg/v1/events?last=10' >/dev/null; }

CLIENTS="puts deletes batches binds regions reads reloads verifies follows"
pids=()
for client in $CLIENTS puts batches binds; do
	(trap - EXIT; client $client.${#pids[@]} $client) &
	pids+=($!)
done
wait "${pids[@]}"
for client in $CLIENTS; do
	[ $client = follows ] && continue
	bad=$(cat "$WORK"/status.$client.* | grep -vxE '200|201|204|404|409|422' | sort | uniq -c | tr '\n' ' ')
	is "$client: $(cat "$WORK"/status.$client.* | wc -l) answers, each a documented one" "$bad" ""
done
check "the daemon is the same" kill -0 "$DAEMON"

agree() { # text
	check "$1: verify" rg status --verify --json
	is "$1: store and kernel agree" "$(jq .differences "$WORK/check.out")" 0
}
agree "afterwards"
rg meeting list --json | jq -S . >"$WORK/before"
rg endpoint get sfu --json >>"$WORK/before"
check "the ledger's chain is whole" rg ledger verify
daemon_stop
daemon_start --interface eth0:native --geoip "$RG_BUILD/geoip.mmdb"
rg meeting list --json | jq -S . >"$WORK/after"
rg endpoint get sfu --json >>"$WORK/after"
check "what was answered is what the store has" cmp "$WORK/before" "$WORK/after"
agree "after a restart"
world_done
