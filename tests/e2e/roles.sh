#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may do what on the control socket: users and groups by number, as the kernel names them.
. "$(dirname "$0")/../harness/world.sh"

world_begin
chmod 711 "$WORK"
cat >"$WORK/conf" <<-CONF
	[roles]
	read = 61001, @61002
	push = @61003
	admin = 61004
CONF
daemon_start --config "$WORK/conf"
is "the socket's mode" "$(stat -c %a "$SOCKET")" 660
chgrp 61000 "$SOCKET" # the group that can connect; the test host need not have 'regiongate'

call() { # user group more-groups method path curl-argument...: prints the status
	local user=$1 group=$2 groups=$3 method=$4 path=$5
	shift 5
	setpriv --reuid "$user" --regid "$group" --groups "$groups" curl -s -w '\n%{http_code}\n' \
		--unix-socket "$SOCKET" -X "$method" "http://rg$path" "$@" >"$WORK/reply"
	sed '$d' "$WORK/reply" >"$WORK/body"
	tail -n 1 "$WORK/reply"
}
BODY='{"endpoints": [{"address": "any", "port": 7}]}'

is "who is not in the socket's group does not connect" "$(call 61004 61009 61009 GET /v1/status)" 000
is "without a role: nothing" "$(call 61009 61000 61000 GET /v1/status)" 403
is "in problem+json" "$(jq -r .type "$WORK/body")" urn:regiongate:problem:forbidden
is "a reader by user reads" "$(call 61001 61000 61000 GET /v1/status)" 200
is "a reader by group reads" "$(call 61009 61000 61002 GET /v1/meetings)" 200
is "a reader does not push" "$(call 61001 61000 61000 PUT /v1/meetings/m-1 -d "$BODY")" 403
check "the answer names the role" grep -q "needs the role 'push'" "$WORK/body"
is "nor in a batch" "$(call 61001 61000 61000 POST /v1/meetings:batch -d '{"id": "m-1"}')" 403
is "nothing was changed" "$(rg meeting list --json | jq '.meetings | length')" 0
is "a large body is refused before it is kept" \
	"$(head -c 3000000 /dev/zero | call 61001 61000 61000 POST /v1/meetings:batch --data-binary @-)" 403
is "a pusher by supplementary group pushes" "$(call 61009 61000 61003 PUT /v1/meetings/m-1 -d "$BODY")" 201
is "and reads" "$(call 61009 61000 61003 GET /v1/meetings/m-1)" 200

# --- an order that is not spoken of: whoever pushes knows it, readers see that there is one
RULES='"rules": [{"id": "r1", "action": "refuse", "regions": ["CN"], "order": {"jurisdiction": "CN", "authority": "Secret Office", "basis": "Secret Act", "reference": "Secret-1", "received": "2020-06-03", "gag_until": "2049-01-01"}}]'
is "a gagged order is pushed" "$(call 61009 61000 61003 PUT /v1/meetings/m-1 -d "${BODY%\}}, $RULES}")" 200
check "the answer has all of it" grep -q Secret-1 "$WORK/body"
# refused; refused with an override; narrowed, since addresses have moved
gagged() { # regions [more of the order]
	echo "{${RULES/\[\"CN\"\]/$1}}" | jq -c ".rules[0].order += ${2:-{\}}"
}
is "one that exceeds is refused" "$(call 61009 61000 61003 PUT /v1/meetings/m-2 -d "$(gagged '["CN", "HK"]')")" 422
is "and an override that nobody approved" "$(call 61004 61000 61000 PUT /v1/meetings/m-2 \
	-d "$(gagged '["CN", "HK"]' '{"override": {"reason": "secret need", "approved_by": "secretary"}}')")" 422
rg region put here --network 198.18.0.0/16 --country CN >/dev/null
is "one is pushed for a custom region" "$(call 61009 61000 61003 PUT /v1/meetings/m-3 -d "$(gagged '["custom:here"]')")" 201
rg region put here --network 198.18.0.0/16 --country HK >/dev/null
check "it is narrowed" until_true 5 sh -c "\"$REGIONGATE\" --socket \"$SOCKET\" status --json | jq -e '.orders_narrowed.orders == 1'"
is "the ledger has all of them" "$(rg ledger list --limit 1000 --json | jq -r '[.entries[].kind] | join(" ")' | grep -c 'order-refused.*order-refused.*order-narrowed')" 1
# every path that answers readers, as the table of routes has them
mapfile -t PATHS < <(sed -nE 's/^\t\{ "GET", +"([^"]+)".*/\1/p' "$RG_TOP/user/api/routes.c" |
	sed 's/{id}/m-1/; s/regions\/{name}/regions\/here/; s/{name}/none/; s/lookup$/&?address=198.18.0.1/
	     s/events$/&?last=1000\&follow=false/; s/report$/&?from=2020-01-01\&to=2099-12-31/; s/ledger$/&?limit=1000/')
check "there are many" [ ${#PATHS[@]} -gt 20 ]
for path in "${PATHS[@]}"; do
	status=$(call 61001 61000 61000 GET "$path")
	is "a reader is told nothing of it by $path" "$(grep -ci secret "$WORK/body")" 0
	case $path in
	*none) is "which there is not" "$status" 404 ;;
	*export) is "which is not for readers" "$status" 403 ;;
	*) is "which answers" "$status" 200 ;;
	esac
done
for question in 'admission {"meeting": "m-1", "address": "198.18.0.1", "at": "2050-01-01T00:00:00Z"}' \
	'admission {"meeting": "m-3", "address": "198.18.0.1"}' \
	'explain {"source": "198.18.0.1", "destination": "198.51.100.10", "destination_port": 7}' \
	'meetings/m-1:preview {"rules": []}'; do
	is "nor by ${question%% *}" "$(call 61001 61000 61000 POST "/v1/${question%% *}" -d "${question#* }") $(grep -ci secret "$WORK/body")" "200 0"
done
check "nor is it in the journal" sh -c "! grep -i secret '$WORK/daemon.log'"
call 61001 61000 61000 GET /v1/meetings/m-1 >/dev/null
is "but that there is one" "$(jq -c '.rules[0].order | [.jurisdiction, .withheld, .reference]' "$WORK/body")" '["CN",true,null]'
call 61001 61000 61000 GET /v1/meetings/m-1 -i >/dev/null
is "without a tag, since it changes when the gag ends" "$(grep -c "^HTTP/1.1 200" "$WORK/body") $(grep -ci "^etag:" "$WORK/body")" "1 0"
is "exact texts of the ledger are for those who push" "$(call 61001 61000 61000 GET /v1/ledger:export)" 403
is "a reader has the chain checked" "$(call 61001 61000 61000 GET /v1/ledger:verify)" 200
is "and it holds" "$(jq .ok "$WORK/body")" true
as_reader() { setpriv --reuid 61001 --regid 61000 --clear-groups "$REGIONGATE" --socket "$SOCKET" "$@"; }
check "so does the CLI for a reader, and says by whom" grep -q "^Checked by the daemon" <(as_reader ledger verify)
is "in JSON" "$(as_reader ledger verify --json | jq -c '[.ok, .first, .checked_by]')" '[true,1,"daemon"]'
is "who may export checks it itself" "$(rg ledger verify --json | jq -c '[.ok, .checked_by]')" '[true,"client"]'
as_reader ledger verify --head "$(printf '0%.0s' {1..64})" >/dev/null 2>"$WORK/out"
is "a kept hash is looked for in exact texts only" "$? $(grep -c "role 'push'" "$WORK/out")" "1 1"
call 61001 61000 61000 POST /v1/admission -d '{"meeting": "m-1", "address": "203.0.113.10"}' >/dev/null
is "admission tells nothing of it" "$(grep -ci secret "$WORK/body")" 0
call 61009 61000 61003 GET "/v1/ledger?limit=1000" >/dev/null
check "who pushes reads it in the ledger" grep -q Secret-1 "$WORK/body"
is "but does not attach" "$(call 61009 61000 61003 PUT /v1/interfaces/eth0)" 403
check "the answer names the role" grep -q "needs the role 'admin'" "$WORK/body"
is "eth0 is not attached" "$(rg status --json | jq '.interfaces | length')" 0
is "an admin attaches" "$(call 61004 61000 61000 PUT /v1/interfaces/eth0)" 200
is "and detaches" "$(call 61004 61000 61000 DELETE /v1/interfaces/eth0)" 204
is "an unknown path is not found, for whomever" "$(call 61009 61000 61000 GET /v1/nothing)" 404
setpriv --reuid 61001 --regid 61000 --clear-groups "$REGIONGATE" --socket "$SOCKET" attach eth0 >"$WORK/out" 2>&1
is "the CLI: the daemon said no" $? 1
check "with its reason" grep -q "needs the role 'admin'; the role of user 61001 is 'read'" "$WORK/out"
call 61004 61000 61000 POST /v1/approvals -d "{\"meeting\": \"m-1\", \"sha256\": \"$(printf '7%.0s' {1..64})\", \"reason\": \"secret grounds\"}" >/dev/null
is "why somebody approves an override is not for readers" "$(call 61001 61000 61000 GET "/v1/ledger?limit=1000") $(grep -c secret "$WORK/body")" "200 0"
is "that somebody does is" "$(jq -c '.entries[] | select(.kind == "approval") | [.detail.uid, .detail.reason]' "$WORK/body")" '[61004,null]'
is "who pushes does not approve" "$(call 61009 61000 61003 POST /v1/approvals -d '{}')" 403
# One user opens as many connections as go, and says nothing.
setpriv --reuid 61001 --regid 61000 --groups 61000 perl -MIO::Socket::UNIX -e '
	my @open = map { IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or () } 1 .. 600;
	$| = 1; print "ready\n"; sleep 20' "$SOCKET" >"$WORK/flood" &
JOBS+=($!)
check "600 connections of one user are begun" until_true 10 grep -q ready "$WORK/flood"
told() { [ "$(call 61001 61000 61000 GET /v1/status)" = 503 ]; }
check "then that user is told so, once those that were told in the flood are gone" until_true 5 told
is "in problem+json" "$(jq -r .type "$WORK/body")" urn:regiongate:problem:busy
is "others are served" "$(call 61009 61000 61003 GET /v1/status)" 200
is "and admins" "$(call 61004 61000 61000 GET /v1/status)" 200
check "and root" rg status
daemon_stop

printf '[roles]\npush = nosuchuser-\n' >"$WORK/conf"
daemon_run --config "$WORK/conf" >"$WORK/out" 2>&1
is "a user that does not exist: no start" $? 1
check "and it is named" grep -q "the role 'push': there is no user 'nosuchuser-'" "$WORK/out"
daemon_run --config "$WORK/conf" --check-config >"$WORK/out" 2>&1
is "--check-config says the same" $? 1
check "and names it" grep -q "the role 'push': there is no user 'nosuchuser-'" "$WORK/out"
check "nothing else" [ "$(wc -l <"$WORK/out")" = 1 ]
printf '[roles]\npush = root @root 61001\n' >"$WORK/conf"
check "who is known is good" daemon_run --config "$WORK/conf" --check-config
printf '[roles]\npush =\n' >"$WORK/conf"
daemon_run --config "$WORK/conf" --check-config >"$WORK/out" 2>&1
is "an empty list is a mistake" $? 2
check "with its line" grep -q "conf:2: " "$WORK/out"
world_done
