#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The API as a meeting service calls it: status, pointer and conditions, with curl.
. "$(dirname "$0")/../harness/world.sh"

world_begin
daemon_start --max-meetings 2
call() { # method path curl-argument...: prints the status, the body goes to $WORK/body
	local method=$1 path=$2
	shift 2
	curl -s -o "$WORK/body" -w '%{http_code}' --unix-socket "$SOCKET" -X "$method" "http://rg$path" "$@"
}
pointer() { jq -r .pointer "$WORK/body"; }

is "a meeting is created" "$(call PUT /v1/meetings/m-1 -d '{"endpoints": [{"address": "any", "port": 7}]}')" 201
is "the same body again changes nothing" "$(call PUT /v1/meetings/m-1 -d '{"endpoints": [{"port": 7, "address": "any"}]}')" 200

# A number that no 64 bits hold is JSON, but no port.
is "a huge number is not acceptable" "$(call PUT /v1/meetings/m-1 -d \
	'{"endpoints": [{"address": "any", "port": 7}, {"address": "any", "port": 99999999999999999999999}]}')" 422
is "the pointer says which" "$(pointer)" /endpoints/1/port

# Conditions hold for a GET, too.
etag=$(curl -s --unix-socket "$SOCKET" -D - -o /dev/null http://rg/v1/meetings/m-1 | sed -n 's/^ETag: *\(".*"\).*/\1/p')
is "GET with the right If-Match" "$(call GET /v1/meetings/m-1 -H "If-Match: $etag")" 200
is "GET with If-Match: *" "$(call GET /v1/meetings/m-1 -H 'If-Match: *')" 200
is "GET with another If-Match" "$(call GET /v1/meetings/m-1 -H 'If-Match: "999"')" 412
is "GET of what has not changed" "$(call GET /v1/meetings/m-1 -H "If-None-Match: $etag")" 304
is "a call without revisions takes no If-Match" "$(call GET /v1/status -H 'If-Match: *')" 412

# What is said twice is refused: of two values one would be dropped.
is "two If-Match" "$(call PATCH /v1/meetings/m-1 -H "If-Match: $etag" -H 'if-match: "999"' -d '{"mode": "observe"}')" 412
is "nothing has changed" "$(curl -s --unix-socket "$SOCKET" http://rg/v1/meetings/m-1 | jq -r .mode)" enforce
is "two actors" "$(call PATCH /v1/meetings/m-1 -H 'Regiongate-Actor: a' -H 'Regiongate-Actor: b' -d '{}')" 422
is "a query argument twice" "$(call GET '/v1/meetings?limit=1&limit=2')" 422
is "it is named" "$(jq -r .detail "$WORK/body")" "the query argument 'limit' is given twice"
is "another case is another argument" "$(call GET '/v1/meetings?limit=1&Limit=2')" 422

# Delete and put in one batch, with as many meetings as fit.
is "the last meeting that fits" "$(call PUT /v1/meetings/m-2 -d '{}')" 201
is "one more does not fit" "$(call PUT /v1/meetings/m-3 -d '{}')" 507
is "a batch" "$(call POST /v1/meetings:batch --data-binary '{"op": "delete", "id": "m-1"}
{"id": "m-3", "endpoints": [{"address": "any", "port": 7}]}
{"id": "m-4"}
{"op": "delete", "id": "m-2"}
{"id": "m-4"}')" 200
is "what it deletes makes room for what it puts" "$(jq -r .status "$WORK/body" | tr '\n' ' ')" "204 201 507 204 201 "
is "the meetings are those" "$(rg meeting list --json | jq -r '.meetings[].id' | tr '\n' ' ')" "m-3 m-4 "
# A line is answered the same, whichever reader read it: an escape in it leaves it to the one that knows all JSON.
lines() { # endpoint's field "port"
	printf '%s\n' "{\"id\": \"m-4\", \"endpoints\": [{\"address\": \"any\", \"$1\": 7}]}" \
		"{\"id\": \"m-4\", \"endpoints\": [{\"address\": \"any\", \"$1\": 0}]}" \
		"{\"id\": \"m 4\", \"endpoints\": [{\"address\": \"any\", \"$1\": 8}]}" \
		"{\"endpoints\": [{\"address\": \"any\", \"$1\": 8}]}" '' '{"id": "m-4"} {}' '{"id": "m-4", "id": "m-4"}' \
		"{\"id\": \"m-4\", \"rules\": [{\"action\": \"refuse\", \"regions\": [\"custom:gone\"]}], \"endpoints\": [{\"address\": \"any\", \"$1\": 8}]}" \
		"{\"id\": \"m-3\", \"endpoints\": [{\"address\": \"any\", \"$1\": 7}], \"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"abcd\"}]}"
}
call POST /v1/meetings:batch --data-binary "$(lines port)" >/dev/null
cp "$WORK/body" "$WORK/quick"
call POST /v1/meetings:batch --data-binary "$(lines '\u0070ort')" >/dev/null
is "lines that are refused" "$(jq -r '"\(.line) \(.id) \(.status)"' "$WORK/quick" | tr '\n' ',')" \
	"1 m-4 409,2 m-4 422,3 m 4 422,4 null 422,6 null 400,7 null 400,8 m-4 422,9 m-3 422,"
is "are answered alike by both readers" "$(diff "$WORK/quick" "$WORK/body")" ""
daemon_kill
daemon_start --max-meetings 2
is "also after kill -9" "$(rg meeting list --json | jq -r '.meetings[].id' | tr '\n' ' ')" "m-3 m-4 "
is "in the kernel, too" "$(rg explain --source 192.0.2.1 --destination 198.51.100.10 --port 7 --json | jq -r .meeting)" m-3
daemon_stop
world_done
