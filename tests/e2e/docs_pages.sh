#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands of docs/operating.md, docs/ledger.md, docs/orders.md and docs/api.md do what the pages show.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/pages.sh"

here() {
	sed -e "s,/run/regiongate/regiongate.sock,$SOCKET,g" -e "s,/run/other.sock,$WORK/other,g" \
		-e "s,/sys/fs/bpf/regiongate,$PINS,g" -e "s,/var/lib/regiongate,$STATE,g" \
		-e "s,/var/lib/GeoIP,$WORK/GeoIP,g" -e "s,/etc/regiongate,$WORK/etc,g" -e "s,/somewhere/else,$WORK/else,g" \
		-e "s/2026-\(01-01\|12-31\)/$(date +%Y)-\1/g"
}
regiongate() { in_host server "$REGIONGATE" --socket "$SOCKET" "$@"; }
regiongated() { # this world's paths, where the command leaves them out
	local option
	for option in "--config $WORK/etc/regiongate.conf" "--socket $SOCKET" "--state $STATE" "--pin-dir $PINS"; do
		[[ " $* " == *" ${option% *} "* ]] || set -- $option "$@"
	done
	in_host server "$REGIONGATED" "$@"
}
bpftool() { in_host server bpftool "$@"; }
regiongate-geoip-import() { "$RG_TOP/tools/geoip-import" "$@"; }
udpcat() { in_host guest "$UDPCAT" "$@"; }

# On one CPU: each has counters of its own.
send() { in_host guest taskset -c 0 "$UDPCAT" send -w 100 -n "$@" 10001; }

# --- what the pages have behind them
begin() { # daemon-option...
	daemon_start --geoip "$WORK/GeoIP/world.mmdb" --interface eth0 "$@"
}
again() { # daemon-option...: another daemon that knows nothing
	[ -z "$DAEMON" ] || daemon_stop
	regiongated --config /dev/null --detach
	rm -rf "$STATE"
	begin "$@"
}
regions() {
	regiongate region put demo-cn --network 198.51.100.20/32 --network 2001:db8:ffff::20/128 --country CN
	regiongate region put partners --network 192.0.2.0/24
}
state() { # regions and meetings of the pages, with their numbers
	regions
	meeting_put m-1989 10001 udp "$REFUSE_CN"
	regiongate meeting put - <<-'BODY'
	{"id": "m-c", "endpoints": [{"address": "any", "port": 10003, "protocol": "tcp"}], "default": "refuse",
	 "rules": [{"id": "eu", "action": "admit", "regions": ["EU", "custom:partners"]}]}
	BODY
}
shared() { # a shared endpoint: DE is bound and admitted, CN refused
	regions_put
	echo '{"address": "198.51.100.10", "ports": "10000-10010"}' | regiongate endpoint put sfu -
	echo "{\"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"26ant1ioqu7qnr\"}], \"rules\": $REFUSE_CN}" |
		regiongate meeting put m-1989 -
	in_host de "$UDPCAT" send -p 4000 -n 1 -w 300 -u 26ant1ioqu7qnr:x 198.51.100.10 10000
	regiongate meeting bind m-1989 abcd --endpoint sfu
	in_host cn "$UDPCAT" send -p 4000 -n 1 -w 300 -u 26ant1ioqu7qnr:x 198.51.100.10 10000
}
orders() { # one that is applied, one that exceeds its territory
	local order='"order": {"jurisdiction": "CN", "authority": "Court", "basis": "Act 7", "received": "2026-11-20"' by="alice@example.org"
	regiongate region put cn --network 203.0.113.0/24 --network 2001:db8:c::/48 --country CN
	REGIONGATE_ACTOR=$by regiongate meeting put m-1989 - \
		<<<'{"rules": [{"action": "refuse", "regions": ["CN"], '"$order"', "reference": "1"}}]}'
	REGIONGATE_ACTOR=$by regiongate meeting put m-1990 - 2>&1 \
		<<<'{"rules": [{"action": "refuse", "regions": ["CN", "HK"], '"$order"', "reference": "2"}}]}'
}
applied() { # the order as it may be
	regiongate meeting put m-1989 - <<-'BODY'
	{"endpoints": [{"address": "198.51.100.10", "port": 10001}], "rules": [{"action": "refuse", "regions": ["CN"],
	 "order": {"jurisdiction": "CN", "authority": "Ministry of Public Security", "basis": "Cybersecurity Law, article 58",
	  "reference": "2020-0604-17", "received": "2020-06-03", "expires": "2030-06-05T00:00:00Z"}}]}
	BODY
}
push_only() { # what follows is asked by a user who may push
	printf '[roles]\npush = 1001\n' >"$WORK/etc/roles.conf"
	again --config "$WORK/etc/roles.conf"
	state
	chmod 711 "$WORK"
	chmod 666 "$SOCKET"
	curl() { setpriv --reuid=1001 --regid=1001 --clear-groups curl "$@"; }
}
full_disk() {
	daemon_stop
	status=0
	mount -t tmpfs -o size=2m tmpfs "$STATE"
	trap 'status=$?; umount -l "$STATE"; (exit $status); world_end' EXIT
	begin
	cat /dev/zero >"$STATE/filler" 2>/dev/null
	for i in {1..255}; do # what is left of the log, too
		regiongate region put filler --network "192.0.2.$i/32" 2>/dev/null || break
	done
}
C="curl -s --unix-socket \$S" CI="curl -si --unix-socket \$S"

before() {
	case $1:$2 in
	"regiongate attach eth0 --mode generic":1) begin ;;
	"regiongate attach eth0 --confirm 30s":1) regiongate detach eth0 ;;
	"echo '{\"mode\": \"observe\"}' | regiongate meeting patch m-1989 -":1)
		again; state; send 20 198.51.100.10; send 5 2001:db8:ffff::10 ;;
	"regiongate stats m-1989":1) send 20 198.51.100.10 ;;
	"regiongate explain"*:1) regiongate mode observe ;;
	"regiongate ledger verify --head"*) export HASH; HASH=$(regiongate ledger export | tail -n 1 | jq -r .head.hash) ;;
	"regiongate status":1) again; state; send 10 198.51.100.10 ;;
	"regiongate stats":1) send 5 2001:db8:ffff::10 ;;
	"regiongate top --once"*) again; shared ;;
	"ls -C "*) again; state; send 10 198.51.100.10 ;;
	regiongated:1) cp "$RG_BUILD/geoip.mmdb" "$WORK/GeoIP/new" && mv "$WORK/GeoIP/new" "$WORK/GeoIP/world.mmdb" ;;
	"regiongate status":2) daemon_kill ;;
	"regiongate stats m-1989":3) begin ;;
	"regiongated --config /dev/null --max-meetings"*) daemon_stop ;;
	"regiongate ledger list":1) again; orders ;;
	"$C -X PUT http://rg/v1/meetings/m-1989 "*HK*) again --config "$WORK/etc/orders.conf"; regions_put ;;
	"$C http://rg/v1/admission"*) applied ;;
	"$C http://rg/v1/meetings/m-1989:preview"*) regiongate meeting delete m-1989; meeting_put m-1989 10001 udp '[]'
		in_host de taskset -c 0 "$UDPCAT" send -n 100 -w 300 198.51.100.10 10001 ;; # one of 64 is noted
	"$CI -X PUT http://rg/v1/meetings/m-1989 "*"}'":1) again; regions ;;
	"$CI -X DELETE http://rg/v1/meetings/m-a":1) regiongate meeting put m-a - <<<'{}' ;;
	"$C http://rg/v1/meetings/m-1989/stats":1) send 10 198.51.100.10; send 5 2001:db8:ffff::10 ;;
	"$C http://rg/v1/meetings/m-1989/flows":1) again; shared ;;
	"$CI -X PUT http://rg/v1/regions/demo-cn"*) again ;;
	"$CI -X DELETE http://rg/v1/regions/gb":1) regiongate region put gb --network 192.0.2.128/25 --country GB ;;
	"$C http://rg/v1/geoip":1) again; state ;;
	"$C http://rg/v1/explain -d '{\"source\": \"203"*) again; shared ;;
	"$C http://rg/v1/explain -d '{\"source\": \"198.51.100.20"*) again; state ;;
	"$C 'http://rg/v1/ledger?"*) again; orders ;;
	"curl -sN "*) again; shared ;;
	"$C http://rg/v1/status "*) again; state ;;
	"$C -X PUT http://rg/v1/interfaces/eth0":1) push_only ;;
	"$C http://rg/v1/meetings/m-none":1) unset -f curl ;;
	"$C -X PUT http://rg/v1/interfaces/eth0":2) regiongated --config /dev/null --detach ;;
	"$C -X PUT http://rg/v1/meetings/m-11 "*) full_disk ;;
	"$C -X PUT http://rg/v1/meetings/full "*) daemon_stop; umount "$STATE"; trap world_end EXIT; again; state
		jq -nc '{endpoints: [range(1; 18) | {address: "203.0.113.\(.)", port: 10001}]}' >full.json ;;
	"$C -X PUT http://rg/v1/meetings/m-3 "*) again --max-meetings 2; state ;;
	esac >/dev/null
}

world_begin
mkdir "$WORK/reader" "$WORK/etc" "$WORK/else"
cd "$WORK/reader" || exit 1
world_participants
world_host guest 198.51.100.20 2001:db8:ffff::20
echo_start server 10001
export S=$SOCKET # as docs/api.md has it
# the last section begins a shell for the reader
page_run < <(sed '/^## Trying it in a namespace/,$d' "$RG_TOP/docs/operating.md")
page_run <"$RG_TOP/docs/ledger.md"
printf '[filter]\nblocked_by = https://conference.example/legal\n' >"$WORK/etc/orders.conf"
page_run <"$RG_TOP/docs/orders.md"
page_run <"$RG_TOP/docs/api.md"
check "the pages have their commands" [ $((N_OK + N_BAD)) -ge 120 ]
world_done
