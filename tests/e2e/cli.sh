#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The command line: exit codes, where messages go, options before and behind the command.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
rgx() { "$REGIONGATE" "$@"; }
gives() { # text exit-code pattern-on-stderr command...
	local text=$1 wanted=$2 pattern=$3 got
	shift 3
	"$@" >"$WORK/out" 2>"$WORK/err" </dev/null
	got=$?
	if [ $got = "$wanted" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$WORK/err"; }; then
		ok "$text"
	else
		not_ok "$text: exit $got, wanted $wanted; stderr: $(tr '\n' ' ' <"$WORK/err")"
	fi
}

# 2: usage; needs no daemon
gives "no command" 2 "^usage: " rgx
gives "unknown command" 2 "unknown command 'frobnicate'" rgx frobnicate
gives "a group without its command" 2 "meeting" rgx meeting
gives "unknown command of a group" 2 "unknown command 'meeting frobnicate'" rgx meeting frobnicate
gives "unknown option" 2 "unknown option '--frobnicate'" rgx status --frobnicate
gives "an option of another command" 2 "unknown option '--mode'" rgx status --mode native
gives "a value is missing" 2 "missing" rgx attach eth0 --mode
gives "an argument is missing" 2 "missing" rgx attach
gives "one argument too many" 2 "too many" rgx attach eth0 eth1
gives "an argument is empty" 2 "empty" rgx attach ""
gives "an unknown mode" 2 "mode" rgx attach eth0 --mode fast
gives "an option twice" 2 "twice" rgx attach eth0 --mode native --mode generic
gives "a socket twice" 2 "twice" rgx --socket /a status --socket /b
gives "networks and a file" 2 "not both" rgx region put x file.json --network 192.0.2.0/24
gives "a country without networks" 2 "network" rgx region put x --country DE
gives "lookup without an address" 2 "missing" rgx lookup
gives "explain without a port" 2 "--port" rgx explain --source 192.0.2.1 --destination 192.0.2.2
gives "explain with a bad port" 2 "port" rgx explain --source 192.0.2.1 --destination 192.0.2.2 --port 0
gives "explain with a bad address" 2 "address" rgx explain --source 1.2.3 --destination 192.0.2.2 --port 1
gives "explain with a bad protocol" 2 "protocol" \
	rgx explain --source 192.0.2.1 --destination 192.0.2.2 --port 1 --protocol sctp
gives "replay without rules" 2 "--rules" rgx replay x.pcap --geoip x.mmdb
gives "replay without a database" 2 "--geoip" rgx replay x.pcap --rules x.json
gives "explain with a ufrag and a username" 2 "not both" \
	rgx explain --source 192.0.2.1 --destination 192.0.2.2 --port 1 --ufrag abcd --username a:b
gives "bind without an endpoint" 2 "--endpoint" rgx meeting bind m-1 abcd
gives "flows with a bad limit" 2 "limit" rgx meeting flows m-1 --limit 0
gives "events with a bad number" 2 "-n" rgx events -n x
gives "events: a value is missing" 2 "missing" rgx events -n
gives "events: an unknown letter" 2 "unknown option '-x'" rgx events -x 5
gives "events: a letter twice" 2 "'-n' is given twice" rgx events -n 5 -n 6
gives "top with a bad interval" 2 "interval" rgx top --interval 0
check "usage goes to stderr, nothing to stdout" [ ! -s "$WORK/out" ]
gives "--help is no error" 0 "" rgx --help
check "--help lists the commands on stdout" grep -q "meeting put" "$WORK/out"
check "--help lists --version" grep -q -- "--version" "$WORK/out"
gives "--version is no error" 0 "" rgx --version
is "it says the same as the daemon's" "$(sed 's/^regiongate //' "$WORK/out")" "$("$REGIONGATED" --version | sed 's/^regiongated //')"
check "the program and its ABI" grep -qE '^regiongate [0-9.]+ \(program [0-9a-f]{16}, ABI [0-9]+\)$' "$WORK/out"
gives "--help of a command" 0 "" rgx meeting put --help
gives "--help of a group" 0 "" rgx meeting --help

# 3: no daemon
gives "no daemon" 3 "^regiongate: no daemon at $SOCKET" rg status
gives "no daemon at the socket of an option behind the command" 3 "$WORK/nowhere" \
	rgx status --socket "$WORK/nowhere"
gives "a socket whose path is too long" 3 "too long" rgx --socket "/$(printf 'x%.0s' {1..200})" status

daemon_start
# 0: done
gives "status" 0 "" rg status
gives "--json behind the command" 0 "" rg status --json
check "it is JSON" jq -e .version "$WORK/out"
gives "--json before the command" 0 "" rgx --json status --socket "$SOCKET"
check "it is JSON, too" jq -e .version "$WORK/out"
gives "attach" 0 "" rg attach eth0 --mode generic
gives "region put" 0 "" rg region put partners --network 192.0.2.0/24 --network 2001:db8::/32 --country de
gives "region get" 0 "" rg region get partners --json
is "the region's country is normalised" "$(jq -r .country "$WORK/out")" DE
gives "region list" 0 "" rg region list
check "the custom region is in it" grep -q "^partners" "$WORK/out"
echo '["203.0.113.0/24"]' >"$WORK/region.json"
gives "region put of a file" 0 "" rg region put staff "$WORK/region.json"
cat >"$WORK/meeting.json" <<-'BODY'
	{"id": "m-file", "endpoints": [{"address": "198.51.100.10", "port": 10001}],
	 "rules": [{"action": "refuse", "regions": ["custom:partners"]}]}
BODY
gives "meeting put of a file that names its id" 0 "" rg meeting put "$WORK/meeting.json"
gives "meeting put of an id and a file" 0 "" rg meeting put m-file "$WORK/meeting.json"
gives "meeting get" 0 "" rg meeting get m-file
check "the table names the endpoint" grep -q "198.51.100.10:10001/udp" "$WORK/out"
gives "meeting list" 0 "" rg meeting list
check "the table has a row for it" grep -qE "^m-file +enforce +admit +198.51.100.10:10001/udp +refuse custom:partners" "$WORK/out"
gives "lookup of two addresses" 0 "" rg lookup 192.0.2.1 2001:db8::1 --json
is "one line an address" "$(jq -r .country "$WORK/out" | tr '\n' ' ')" "DE DE "
gives "explain" 0 "" rg explain --source 192.0.2.1 --destination 198.51.100.10 --port 10001 --json
is "explain gives the verdict" "$(jq -r '[.verdict, .reason, .meeting] | join(" ")' "$WORK/out")" \
	"refuse refuse_region m-file"
gives "explain of another port" 0 "" rg explain --source 192.0.2.1 --destination 198.51.100.10 --port 10002 --json
is "it passes" "$(jq -r .reason "$WORK/out")" pass_not_conference
is "explain touches no counter" "$(rg stats m-file --json | jq .packets)" 0
gives "stats" 0 "" rg stats
gives "stats of a meeting" 0 "" rg stats m-file
gives "geoip show" 0 "" rg geoip show

# 1: the daemon says no
cat >"$WORK/bad.json" <<-'BODY'
	{"id": "m-bad", "rules": [{"action": "refuse", "regions": ["XX"]}]}
BODY
gives "an unknown region: the pointer is told" 1 "^regiongate: .*\(at /rules/0/regions/0\)" \
	rg meeting put "$WORK/bad.json"
gives "a meeting that is not there" 1 "^regiongate: " rg meeting get m-none
echo '{"endpoints": [{"address": "198.51.100.10", "port": 10001}]}' >"$WORK/other.json"
gives "an endpoint that another meeting holds: its holder is named" 1 "m-file" \
	rg meeting put m-other "$WORK/other.json"
echo '{"endpoints": [{"address": "::ffff:c633:640a", "port": 10001}]}' >"$WORK/mapped.json"
gives "an IPv4 address in IPv6 spelling is the same endpoint" 1 "m-file" \
	rg meeting put m-other "$WORK/mapped.json"
is "a refused meeting is not there" "$(rg meeting list --json | jq -r '[.meetings[].id] | join(" ")')" m-file
gives "what is no JSON" 1 "^regiongate: " rg meeting put m-none "$WORK/err"
gives "a file that is not there" 1 "can not open" rg meeting put "$WORK/none.json"
gives "a file that names no meeting" 1 "id" rg meeting put "$WORK/other.json"
gives "a region that a rule names is not deleted" 1 "m-file" rg region delete partners
gives "bad networks" 1 "^regiongate: .*networks/1" rg region put x --network 192.0.2.0/24 --network 192.0.2.1/24
gives "an address that is none" 1 "^regiongate: " rg lookup 1.2.3
gives "an old ETag" 1 "^regiongate: " rg meeting delete m-file --if-match '"999999"'
etag=$(rg meeting get m-file | sed -n 's/^etag *//p')
gives "the right ETag" 0 "" rg meeting put "$WORK/meeting.json" --if-match "$etag"
printf '%s\n' '{"id": "m-a"}' '{"id": "m-b", "default": "perhaps"}' '{"id": "m-c"}' >"$WORK/batch"
gives "a batch with a bad line" 1 "1 of 3 lines" rg meeting batch "$WORK/batch" --json
is "one result a line, in order" "$(jq -r '.id + "=" + (.status | tostring)' "$WORK/out" | tr '\n' ' ')" \
	"m-a=201 m-b=422 m-c=201 "
is "the list has the good ones" "$(rg meeting list --json | jq -r '[.meetings[].id] | join(" ")')" \
	"m-a m-c m-file"

# Many meetings: every one is listed, once.
for i in $(seq 1200); do
	echo "{\"id\": \"many-$i\", \"endpoints\": [{\"address\": \"any\", \"port\": $((20000 + i))}]}"
done >"$WORK/batch"
gives "a batch of 1200 meetings" 0 "" rg meeting batch "$WORK/batch"
is "all of them are listed, over the pages" \
	"$(rg meeting list --json | jq -r '.meetings[].id' | grep -c '^many-')" 1200
gives "detach" 0 "" rg detach eth0
gives "detach twice" 1 "eth0" rg detach eth0
daemon_stop
world_done
