#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Clients that push at once: of those with one entity tag one wins; what is in force, what is in the ledger
# and what each was told agree.
. "$(dirname "$0")/../harness/world.sh"

CLIENTS=16
ORDER='"order": {"jurisdiction": "CN", "authority": "Court", "basis": "Act 7", "reference": "R-1", "received": "2020-06-01"'

world_begin
printf '[roles]\nadmin = 61004\n' >"$WORK/conf"
daemon_start --config "$WORK/conf"
chmod 711 "$WORK"
chgrp 61000 "$SOCKET"
mkdir "$WORK/codes"

call() { # method path [curl-argument...]: prints the body
	curl -s --unix-socket "$SOCKET" -X "$1" "http://rg$2" "${@:3}"
}
tag() { call GET /v1/meetings/m-1 -i | sed -nE 's/^ETag: (.*)\r$/\1/p'; }
client() { # name method path [curl-argument...]: one of those that push at once; its status is in codes/name
	call "${@:2}" -o /dev/null -w '%{http_code}\n' >"$WORK/codes/$1" &
	JOINED+=($!)
}
joined() { # all clients are answered
	wait "${JOINED[@]}"
	JOINED=()
}
JOINED=()
codes() { # name-pattern: "1 200, 15 412"
	# shellcheck disable=SC2086  # a pattern
	(cd "$WORK/codes" && sort $1 | uniq -c | awk '{ printf "%s%s %s", s, $1, $2; s = ", " }')
}
entries() { rg ledger export | jq -r 'select(.kind == "'"$1"'") | .seq' | wc -l; }
exception() { echo "{\"exceptions\": [{\"network\": \"192.0.2.$1/32\", \"action\": \"admit\", \"reason\": \"client $1\"}]}"; }

call PUT /v1/meetings/m-1 -d '{}' >/dev/null
TAG=$(tag)
for ((i = 1; i <= CLIENTS; i++)); do client "put-$i" PUT /v1/meetings/m-1 -H "If-Match: $TAG" -d "$(exception "$i")"; done
joined
is "of puts with one tag, one wins" "$(codes 'put-*')" "1 200, $((CLIENTS - 1)) 412"
winner=$(grep -l 200 "$WORK"/codes/put-* | sed 's/.*-//')
is "it is the one in force" "$(call GET /v1/meetings/m-1 | jq -r '.exceptions[0].reason')" "client $winner"
is "the others are in no entry" "$(entries meeting-put)" 2

for round in 1 2 3 4 5; do
	rm -f "$WORK"/codes/*
	call PUT /v1/meetings/m-1 -d '{}' >/dev/null
	call PATCH /v1/meetings/m-1 -d "{\"mode\": \"$([ $((round % 2)) = 0 ] && echo observe || echo enforce)\"}" >/dev/null
	TAG=$(tag)
	before=$(entries meeting-delete)
	for ((i = 1; i <= 4; i++)); do
		client "put-$i" PUT /v1/meetings/m-1 -H "If-Match: $TAG" -d "$(exception "$i")"
		client "delete-$i" DELETE /v1/meetings/m-1 -H "If-Match: $TAG"
	done
	joined
	deleted=$(grep -l 204 "$WORK"/codes/* | wc -l) put=$(grep -l 200 "$WORK"/codes/* | wc -l)
	is "round $round: of puts and deletions with one tag, one wins" "$((deleted + put))" 1
	is "and is what there is" "$(call GET /v1/meetings/m-1 -o /dev/null -w '%{http_code}') $(($(entries meeting-delete) - before))" \
		"$([ "$deleted" = 1 ] && echo "404 1" || echo "200 0")"
done

# A batch has no tags: a put with one wins before it, or loses behind it.
rm -f "$WORK"/codes/*
call PUT /v1/meetings/m-1 -d '{}' >/dev/null
TAG=$(tag)
for ((i = 0; i < 500; i++)); do echo "{\"id\": \"m-b$i\"}"; done >"$WORK/batch"
echo '{"id": "m-1", "default": "refuse"}' >>"$WORK/batch"
client batch POST /v1/meetings:batch --data-binary @"$WORK/batch"
for ((i = 1; i <= CLIENTS; i++)); do client "put-$i" PUT /v1/meetings/m-1 -H "If-Match: $TAG" -d "$(exception "$i")"; done
joined
won=$(grep -l 200 "$WORK"/codes/put-* | wc -l)
check "of a batch and puts with one tag, at most one put wins" [ "$won" -le 1 ]
is "the batch holds: it has no condition" "$(cat "$WORK/codes/batch") $(call GET /v1/meetings/m-1 | jq -r .default)" "200 refuse"
is "the ledger has what was told" "$(rg ledger export | jq -r 'select(.kind == "meeting-put" and .subject == "m-1") | .seq' | tail -n $((won + 1)) | wc -l)" $((won + 1))

# One approval, many that would use it, and deletions between them.
OVERRIDE="{\"rules\": [{\"action\": \"refuse\", \"regions\": [\"HK\"], $ORDER, \"override\": {\"reason\": \"court\", \"approved_by\": \"61004\"}}}]}"
DIGEST=$(call PUT /v1/meetings/m-1 -d "$OVERRIDE" | grep -o '[0-9a-f]\{64\}')
check "it is approved once" setpriv --reuid 61004 --regid 61000 --clear-groups "$REGIONGATE" --socket "$SOCKET" \
	approve m-1 "$DIGEST" --reason "read it"
for ((i = 1; i <= 6; i++)); do
	client "put-$i" PUT /v1/meetings/m-1 -d "$OVERRIDE"
	client "delete-$i" DELETE /v1/meetings/m-1
done
joined
is "it is used once" "$(entries override)" 1
check "the chain is whole" rg ledger verify
world_done
