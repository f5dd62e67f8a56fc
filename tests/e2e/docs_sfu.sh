#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands of docs/sfu.md do what the page says: each is run as it stands there.
. "$(dirname "$0")/../harness/world.sh"

world_begin
daemon_start --interface eth0
rg() { curl -sS --fail-with-body --unix-socket "$SOCKET" "$@"; }
n=0
while read -r command; do
	n=$((n + 1))
	check "$command" eval "$command"
done < <(sed -nE 's/^ *\$ (rg .*)$/\1/p' "$RG_TOP/docs/sfu.md")
check "the page has its commands" [ $n -ge 15 ]

# what it says of refusals
answer() { # method path [body]
	curl -sS -o "$WORK/answer" -w '%{http_code}' --unix-socket "$SOCKET" -X "$1" "http://rg$2" ${3:+-d "$3"}
}
rg -X PUT http://rg/v1/meetings/m-other -d '{}' >/dev/null
is "a ufrag of another meeting: 409" "$(answer PUT '/v1/meetings/m-other/ufrags/m%2FU4?endpoint=sfu')" 409
check "... which names it" grep -q m-1989 "$WORK/answer"
is "a ufrag with a colon: 422" "$(answer PUT '/v1/meetings/m-other/ufrags/jvb-123%3Aabc?endpoint=jvb')" 422
is "not as long as the prefix: 422" "$(answer PUT '/v1/meetings/m-other/ufrags/M1989aaab?endpoint=pion')" 422
rg -X PATCH http://rg/v1/meetings/m-1989 -d '{"rules": []}' >/dev/null
is "a PATCH of the rules leaves the ufrags" \
	"$(rg http://rg/v1/meetings/m-1989 | jq '[.ufrags[].ufrag] | index("m/U4") != null')" true
rg -X PUT http://rg/v1/meetings/m-1989 -d '{"ufrags": [{"endpoint": "sfu", "ufrag": "abcd"}]}' >/dev/null
is "a PUT leaves only the ufrags of its body" "$(rg http://rg/v1/meetings/m-1989 | jq -c '[.ufrags[].ufrag]')" '["abcd"]'
rg -X DELETE http://rg/v1/meetings/m-1989
is "with its meeting a ufrag goes" "$(answer PUT '/v1/meetings/m-other/ufrags/abcd?endpoint=sfu')" 201
world_done
