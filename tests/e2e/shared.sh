#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A shared port: meetings are found by the ufrag of STUN Binding Requests, and by the flows they make.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10000 10001
daemon_start --interface eth0
regions_put >/dev/null
curl_api() { curl -s --unix-socket "$SOCKET" "$@"; }
stun() { # text wanted host ufrag source-port
	is "$1" "$(answered "$3" -u "$4:peer" -p "$5" -n 3 -i 0 -w 300 198.51.100.10 10000)" "$2"
}
media() { # text wanted host source-port: what comes behind the requests
	is "$1" "$(answered "$3" -p "$4" -n 3 -i 0 -w 300 198.51.100.10 10000)" "$2"
}
sfu='{"address": "198.51.100.10", "ports": "10000-10001", "unbound": "refuse"}'
echo "$sfu" | rg endpoint put sfu - >/dev/null
is "the endpoint" "$(rg endpoint get sfu --json | jq -c '[.ports, .unbound, .ufrag_prefix]')" '["10000-10001","refuse",null]'
check "it is listed" grep -qE "^sfu +198.51.100.10 +10000-10001 +udp +refuse" <(rg endpoint list)
echo '{"ufrags": [{"endpoint": "sfu", "ufrag": "uf/1+a"}]}' | rg meeting put m-1 - >/dev/null
echo '{}' | rg meeting put m-2 - >/dev/null
rg meeting bind m-2 secondmeeting --endpoint sfu >/dev/null

media "media without a request is refused" 0 cn 4000
stun "a request with an unknown ufrag is refused" 0 cn nobody 4000
stun "a request with a known one is admitted" 3 cn uf/1+a 4000
media "and the media behind it" 3 cn 4000
media "but not from another port" 0 cn 4001
stun "the other meeting" 3 cn secondmeeting 4002
media "the other meeting's media" 3 cn 4002

# A rule holds from the next packet on, for its meeting only, and lets the flow go on when it goes.
rg meeting patch m-1 - >/dev/null <<<"{\"rules\": $REFUSE_CN}"
media "a rule stops a bound flow" 0 cn 4000
stun "and its requests" 0 cn uf/1+a 4000
media "the other meeting goes on" 3 cn 4002
stun "another region joins" 3 de uf/1+a 5000
media "and talks" 3 de 5000
is "a patch keeps ufrags" "$(rg meeting get m-1 --json | jq -c .ufrags)" '[{"endpoint":"sfu","ufrag":"uf/1+a"}]'

# Flows and events
flows=$(rg meeting flows m-1 --json)
is "flows: who talks, by what, from where" \
	"$(jq -c '[.flows[] | select(.remote == "192.0.2.10") | [.remote_port, .local_port, .endpoint, .tie, .ufrag, .region, .verdict]] | .[0]' <<<"$flows")" \
	'[5000,10000,"sfu","flow","uf/1+a","DE","admit"]'
is "flows: who is refused" \
	"$(jq -c '[.flows[] | select(.remote == "203.0.113.10") | [.region, .reason]] | .[0]' <<<"$flows")" \
	'["CN","refuse_region"]'
check "flows for people" grep -qE "192.0.2.10 +5000 +sfu:10000/udp +flow +uf/1\+a +DE +admit" <(rg meeting flows m-1)
refused() { rg events -n 100 --meeting m-1 --kind refusal --json | jq -c '[.remote, .remote_port, .region, .reason, .endpoint]'; }
until_true 3 refused
is "the first refusal of a flow is an event" "$(refused | head -n 1)" '["203.0.113.10",4000,"CN","refuse_region","sfu"]'
# A NIC keeps a flow on one CPU; a veth does not, and each CPU tells its first refusal.
check "and it is told once a CPU" [ "$(refused | grep -c '"203.0.113.10",4000')" -le "$(nproc)" ]

# explain: requests as clients send them, the flow, the way out
explain() { rg explain --source 203.0.113.10 --destination 198.51.100.10 --port 10000 --json "$@"; }
is "explain: a request" "$(explain --ufrag uf/1+a | jq -c '[.reason, .meeting, .endpoint, .tie, .rule]')" \
	'["refuse_region","m-1","sfu","ufrag","r1"]'
is "explain: a flow" "$(explain --source-port 4002 | jq -c '[.reason, .meeting, .tie]')" '["admit_default","m-2","flow"]'
is "explain: no flow" "$(explain --source-port 9 | jq -c '[.reason, .meeting]')" '["refuse_unbound",null]'
is "explain: egress" "$(rg explain --egress --source 198.51.100.10 --source-port 10000 --destination 203.0.113.10 \
	--port 4000 --json | jq -c '[.verdict, .direction, .meeting]')" '["refuse","egress","m-1"]'
media "explaining binds nothing" 0 cn 9

rg meeting patch m-1 - >/dev/null <<<'{"rules": []}'
media "without the rule the same flow goes on" 3 cn 4000

# ICE restart, rebinding, and what goes
rg meeting bind m-1 newufrag --endpoint sfu >/dev/null
stun "a new ufrag" 3 cn newufrag 4003
media "old and new hold together" 3 cn 4000
rg meeting unbind m-1 uf/1+a --endpoint sfu >/dev/null
media "what an unbound ufrag had bound is unbound" 0 cn 4000
media "the new one stays" 3 cn 4003
stun "the ufrag of another meeting takes a flow along" 3 cn secondmeeting 4003
is "it is the other meeting's now" "$(explain --source-port 4003 | jq -r .meeting)" m-2
is "a ufrag that is held" "$(curl_api -X PUT 'http://rg/v1/meetings/m-1/ufrags/secondmeeting?endpoint=sfu' | jq -c '[.status, (.detail | contains("m-2"))]')" '[409,true]'
is "a path with / and +" "$(curl_api -o /dev/null -w '%{http_code}' -X PUT 'http://rg/v1/meetings/m-1/ufrags/a%2Fb%2B?endpoint=sfu')" 201
is "an endpoint that is held" "$(curl_api -X DELETE http://rg/v1/endpoints/sfu | jq .status)" 409
is "a bind without its endpoint" "$(curl_api -X PUT http://rg/v1/meetings/m-1/ufrags/abcd | jq .status)" 422
printf '%s\n' '{"op": "bind", "id": "m-1", "endpoint": "sfu", "ufrag": "batch1"}' \
	'{"op": "bind", "id": "m-1", "endpoint": "sfu", "ufrag": "x"}' '{"op": "bind", "id": "m-1", "ufrag": "batch2"}' \
	'{"op": "unbind", "id": "m-1", "endpoint": "sfu", "ufrag": "a/b+"}' '{"op": "rename", "id": "m-1"}' >"$WORK/batch"
is "a batch: each line by itself, in order" "$(curl_api -X POST http://rg/v1/meetings:batch --data-binary "@$WORK/batch" |
	jq -c '[.status, .pointer]' | xargs)" "[201,null] [422,/ufrag] [422,/endpoint] [204,null] [422,/op]"
stun "what the batch bound" 3 de batch1 5001

# Flows outlive the daemon, and its restart.
daemon_kill
media "without a daemon flows go on" 3 cn 4002
stun "and new ones are bound" 3 de batch1 5002
daemon_start
media "a restart keeps flows" 3 cn 4002
media "also those that were bound without it" 3 de 5002
is "and ufrags" "$(rg meeting get m-1 --json | jq -c '[.ufrags[].ufrag] | sort')" '["batch1","newufrag"]'

# Unbound traffic is visible, and may be admitted.
check "top: reasons" grep -qE "^refuse_unbound +[1-9]" <(rg top --once)
check "top: meetings" grep -qE "^m-2 +[1-9]" <(rg top --once)
check "top: the fill of tables" grep -qE "^rg_ufrags +3 " <(rg top --once)
check "metrics" grep -q "^regiongate_ufrags 3" <(curl_api http://rg/metrics)
check "metrics: flows" grep -q "^regiongate_flows [1-9]" <(curl_api http://rg/metrics)
check "status: flows" [ "$(rg status --json | jq .flows)" -gt 0 ]
jq '.unbound = "admit"' <<<"$sfu" | rg endpoint put sfu - >/dev/null
media "unbound: admit" 3 cn 4009
stun "also with an unknown ufrag" 3 cn nobody 4009
rg meeting delete m-1 >/dev/null
rg meeting delete m-2 >/dev/null
rg endpoint delete sfu >/dev/null
media "without the endpoint everything passes" 3 cn 4009
world_done
