#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# replay: captures judged without a daemon; the contract's output; bad files.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/frame.sh"

world_begin
cat >"$WORK/geoip" <<-'ROWS'
	3221225984,3221226239,DE
	3405803776,3405804031,CN
ROWS
echo "2001:db8:c::,2001:db8:c:ffff:ffff:ffff:ffff:ffff,CN" >"$WORK/geoip6"
"$RG_TOP/tools/geoip-import" "$WORK/db.mmdb" "$WORK/geoip" "$WORK/geoip6" || die "geoip-import failed"
cat >"$WORK/rules.json" <<-'RULES'
	{"endpoints": {}, "site": "DE",
	 "regions": {"partners": ["192.0.2.128/25"], "lab": {"networks": ["198.51.100.0/24"], "country": "US"}},
	 "meetings": [
	  {"id": "m-1989", "endpoints": [{"address": "198.51.100.10", "port": 10001},
	                                 {"address": "2001:db8:ffff::10", "port": 10001}],
	   "rules": [{"action": "refuse", "regions": ["CN"]}]},
	  {"id": "m-closed", "endpoints": [{"address": "198.51.100.10", "port": 10002}], "default": "refuse",
	   "rules": [{"action": "admit", "regions": ["custom:partners"]}]}]}
RULES
echo '{}' >"$WORK/none.json"
CN6=20010db8000c00000000000000000010
SERVER6=20010db8ffff00000000000000000010
to() { ip4 "$1" 198.51.100.10 "$(udp 40000 "$2")"; }

replay() { # capture [option...]
	"$REGIONGATE" replay "$@" --geoip "$WORK/db.mmdb" --rules "$WORK/rules.json"
}
IPV4=$(ether 0800)
pcap 1 "$IPV4$(to 203.0.113.9 10001)" "$IPV4$(to 192.0.2.9 10001)" "$IPV4$(to 203.0.113.9 9)" \
	"$IPV4$(to 192.0.2.200 10002)" "$IPV4$(to 192.0.2.9 10002)" \
	"$(ether 86dd)$(ip6 $CN6 $SERVER6 "$(udp 1 10001)")" \
	"$(ether 0806)0001080006040001" "$(ether 810000050800)$(to 203.0.113.9 10001)" \
	"$IPV4$(ip4 203.0.113.9 198.51.100.10 "$(udp 1 10001)" 0010)" \
	"$IPV4$(to 10.0.0.1 10001)" 0200 >"$WORK/a.pcap"
replay "$WORK/a.pcap" --json >"$WORK/out"
is "replay is done" $? 0
line() { sed -n "$1p" "$WORK/out"; }
is "the contract's line" "$(line 1)" \
	'{"n":1,"verdict":"refuse","reason":"refuse_region","meeting":"m-1989","region":"CN"}'
is "DE by default" "$(line 2)" \
	'{"n":2,"verdict":"admit","reason":"admit_default","meeting":"m-1989","region":"DE"}'
is "another port passes, without meeting and region" "$(line 3)" \
	'{"n":3,"verdict":"pass","reason":"pass_not_conference","meeting":null,"region":null}'
is "a custom region of a list" "$(line 4 | jq -r '.reason + " " + .meeting')" "admit_rule m-closed"
is "the default refuses" "$(line 5 | jq -r '.reason + " " + .meeting')" "refuse_default m-closed"
is "IPv6" "$(line 6 | jq -r '.reason + " " + .region')" "refuse_region CN"
is "ARP" "$(line 7 | jq -r .reason)" pass_not_ip
is "a tagged packet is judged as the first" "$(line 8 | jq -c 'del(.n)')" "$(line 1 | jq -c 'del(.n)')"
is "a later fragment" "$(line 9 | jq -r .reason)" refuse_fragment
is "a source in no region" "$(line 10 | jq -r '.reason + " " + .region')" "admit_default unknown"
is "what is shorter than an Ethernet header" "$(line 11)" \
	'{"n":11,"verdict":"pass","reason":"pass_not_ip","meeting":null,"region":null}'
is "the sums are the last line" "$(line 12)" '{"packets":11,"admit":3,"refuse":5,"pass":3}'
is "nothing follows" "$(wc -l <"$WORK/out")" 12
jq '.meetings[0].sites = {refuse: ["DE"]}' "$WORK/rules.json" >"$WORK/sites.json"
"$REGIONGATE" replay "$WORK/a.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/sites.json" --json >"$WORK/out"
is "a meeting that excludes the site" "$(line 2 | jq -r '.reason + " " + .meeting')" "refuse_site m-1989"

# Times: as of when each packet was captured, whatever their order, or as of one time.
jq '.meetings[0].rules[0] += {not_before: "2020-06-04T12:00:00Z", expires: "2020-06-05T00:00:00Z"}' "$WORK/rules.json" >"$WORK/times.json"
packet="$IPV4$(to 203.0.113.9 10001)"
AT=1591272000 # 2020-06-04T12:00:00Z
pcap 1 "$((AT - 1))@$packet" "$AT@$packet" "$((AT + 43199))@$packet" "$((AT + 43200))@$packet" "$((AT + 5))@$packet" \
	"$((AT - 86400))@$packet" "$((AT + 31536000))@$packet" "$AT@$packet" >"$WORK/times.pcap"
reasons() { # rules [option...]
	"$REGIONGATE" replay "$WORK/times.pcap" --geoip "$WORK/db.mmdb" --rules "$@" --json 2>"$WORK/err" |
		jq -r 'select(.n) | .reason' | sed 's/admit_default/-/; s/refuse_region/R/; s/refuse_expired/E/' | xargs
}
is "each packet is judged as of when it was captured" "$(reasons "$WORK/times.json")" "- R R - R - - R"
is "or all as of one time" "$(reasons "$WORK/times.json" --at 2020-06-04T23:59:59Z)" "R R R R R R R R"
is "or another one" "$(reasons "$WORK/times.json" --at 2020-06-05T02:00:00+02:00)" "- - - - - - - -"
is "or as of now" "$(reasons "$WORK/times.json" --at now)" "- - - - - - - -"
jq '.meetings[0].expires = "2020-06-04T12:00:05Z"' "$WORK/rules.json" >"$WORK/over.json"
is "a meeting that is over" "$(reasons "$WORK/over.json")" "R R E E E R E R"
is "rules without times need none" "$(reasons "$WORK/rules.json")" "R R R R R R R R"
pcap 1 "$AT@$packet" "0@$packet" >"$WORK/times.pcap"
is "a packet without a time is not judged by one" "$(reasons "$WORK/times.json") $(cat "$WORK/err")" \
	"R regiongate: packet 2 of the capture has no time, and the rules have some: say --at TIME"
is "it needs none where there is none" "$(reasons "$WORK/rules.json")" "R R"
is "or where one is given" "$(reasons "$WORK/times.json" --at 2020-06-04T12:00:00Z)" "R R"
replay "$WORK/times.pcap" --at yesterday >"$WORK/out" 2>"$WORK/err"
is "a time that is none" "$? $(head -n 1 "$WORK/err")" \
	"2 regiongate: --at is a time such as 2020-06-04T00:00:00Z, or now; not 'yesterday'"

# What a daemon took stands here as it does there, also what took an approval.
ORDER='{"jurisdiction": "CN", "authority": "Court", "basis": "Act 7", "reference": "R-1", "received": "2020-06-01"}'
jq --argjson order "$ORDER" '.meetings[0].rules[0] += {regions: ["DE", "CN"], order: $order}' "$WORK/rules.json" >"$WORK/order.json"
"$REGIONGATE" replay "$WORK/times.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/order.json" >"$WORK/out" 2>"$WORK/err"
is "an order beyond its territory is none here, either" "$? $(cat "$WORK/err")" \
	"1 regiongate: the order reaches beyond the territory of CN: DE (at /meetings/0/rules/0/regions)"
jq '.meetings[0].rules[0].order.override = {reason: "r", approved_by: "bob"}' "$WORK/order.json" >"$WORK/override.json"
is "an override that stands" "$(reasons "$WORK/override.json")" "R R"
replay "$WORK/a.pcap" >"$WORK/text"
check "for people: a row a packet" grep -qE "^ +1  refuse  refuse_region +m-1989 +CN" "$WORK/text"
check "for people: the sums" grep -q "11 packets: 3 admit, 5 refuse, 3 pass" "$WORK/text"
"$REGIONGATE" replay "$WORK/a.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/none.json" --json >"$WORK/out"
is "without meetings everything passes" "$(tail -n 1 "$WORK/out")" \
	'{"packets":11,"admit":0,"refuse":0,"pass":11}'

# Shared endpoints: a flow is bound by a request, and what follows it in the capture belongs to it.
cat >"$WORK/shared.json" <<-'RULES'
	{"endpoints": {"sfu": {"address": "198.51.100.10", "port": 10000}},
	 "meetings": [{"id": "m-1", "ufrags": [{"endpoint": "sfu", "ufrag": "abcd"}],
	               "rules": [{"action": "refuse", "regions": ["CN"]}]}]}
RULES
stun_to() { # source: a Binding Request with the USERNAME "abcd:xyz"
	ip4 "$1" 198.51.100.10 "$(PAYLOAD=0001000c2112a44200000000000000000000000000060008616263643a78797a udp 40000 10000)"
}
pcap 1 "$IPV4$(to 192.0.2.9 10000)" "$IPV4$(stun_to 192.0.2.9)" "$IPV4$(to 192.0.2.9 10000)" \
	"$IPV4$(stun_to 203.0.113.9)" "$IPV4$(to 203.0.113.9 10000)" >"$WORK/shared.pcap"
is "shared endpoints: requests, and flows behind them" \
	"$("$REGIONGATE" replay "$WORK/shared.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/shared.json" --json |
		jq -r 'select(.n) | "\(.reason)/\(.meeting)"' | xargs)" \
	"refuse_unbound/null admit_default/m-1 admit_default/m-1 refuse_region/m-1 refuse_unbound/null"

# Link types: the same two packets, with each link's own header.
sll=0000000100060200000000990000
sll2=0800000000000002000100060200000000990000
for link in "113 ${sll}0800" "276 $sll2" "101 " "0 02000000" "0 00000002" "108 00000002"; do
	header=${link#* }
	pcap "${link%% *}" "$header$(to 203.0.113.9 10001)" "$header$(to 192.0.2.9 10001)" >"$WORK/link.pcap"
	is "link type ${link%% *}" "$(replay "$WORK/link.pcap" --json 2>"$WORK/err" | tail -n 1)" \
		'{"packets":2,"admit":1,"refuse":1,"pass":0}'
	check "link type ${link%% *}: the conversion is told" grep -q "judged as Ethernet" "$WORK/err"
done
pcap 0 "1e000000$(ip6 $CN6 $SERVER6 "$(udp 1 10001)")" "0a00$(to 192.0.2.9 10001)" 1e >"$WORK/link.pcap"
is "link type NULL: IPv6 of macOS; too short and unknown ones pass" \
	"$(replay "$WORK/link.pcap" --json 2>/dev/null | tail -n 1)" '{"packets":3,"admit":0,"refuse":1,"pass":2}'

# A snap length: judged as it was on the wire, and told.
PCAP_CUT=40 pcap 1 "$IPV4$(to 192.0.2.9 10001)" >"$WORK/cut.pcap"
is "a packet that was captured in part" "$(replay "$WORK/cut.pcap" --json 2>"$WORK/err" | head -n 1 | jq -r .reason)" \
	admit_default
check "it is told" grep -q "1 packets were captured in part" "$WORK/err"

bad() { # text pattern command...
	local text=$1 pattern=$2
	shift 2
	"$@" >"$WORK/out" 2>"$WORK/err"
	is "$text: exit 1" $? 1
	check "$text: says so" grep -qE -- "$pattern" "$WORK/err"
}
rules_bad() { # text pattern rules
	echo "$3" >"$WORK/bad.json"
	bad "$1" "$2" "$REGIONGATE" replay "$WORK/a.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/bad.json"
}
head -c 200 "$WORK/a.pcap" >"$WORK/truncated.pcap"
bad "a capture that is cut off" "capture" replay "$WORK/truncated.pcap"
head -c 100 /dev/zero >"$WORK/noise.pcap"
bad "no capture" "noise.pcap" replay "$WORK/noise.pcap"
bad "no file" "none.pcap" replay "$WORK/none.pcap"
pcap 105 "08000000" >"$WORK/wifi.pcap"
bad "a link type without Ethernet frames" "link type 105" replay "$WORK/wifi.pcap"
bad "no database" "none.mmdb" "$REGIONGATE" replay "$WORK/a.pcap" --geoip "$WORK/none.mmdb" --rules "$WORK/rules.json"
bad "no rules" "none-such" "$REGIONGATE" replay "$WORK/a.pcap" --geoip "$WORK/db.mmdb" --rules "$WORK/none-such"
rules_bad "rules that are no JSON" "line 2" '{"meetings": ['
rules_bad "an unknown member" "/meeting\)" '{"meeting": []}'
rules_bad "a shared endpoint without a port" "/endpoints/sfu/port\)" '{"endpoints": {"sfu": {"address": "any"}}}'
rules_bad "a ufrag of an endpoint that is not there" "/meetings/0/ufrags/0/endpoint\)" \
	'{"meetings": [{"id": "a", "ufrags": [{"endpoint": "sfu", "ufrag": "abcd"}]}]}'
rules_bad "an unknown region of a rule" "/meetings/0/rules/1/regions/0\)" \
	'{"meetings": [{"id": "a", "rules": [{"action": "admit", "regions": []}, {"action": "refuse", "regions": ["XX"]}]}]}'
rules_bad "a custom region that is not there" "/meetings/0/rules/0/regions/0\)" \
	'{"meetings": [{"id": "a", "rules": [{"action": "refuse", "regions": ["custom:none"]}]}]}'
rules_bad "a bad network" "/regions/x/1\)" '{"regions": {"x": ["192.0.2.0/24", "192.0.2.1/24"]}}'
rules_bad "a meeting without an id" "/meetings/0/id\)" '{"meetings": [{"rules": []}]}'
rules_bad "two meetings of one id" "/meetings/1/id\)" '{"meetings": [{"id": "a"}, {"id": "a"}]}'
rules_bad "two meetings of one endpoint" "/meetings/1" \
	'{"meetings": [{"id": "a", "endpoints": [{"address": "any", "port": 1}]}, {"id": "b", "endpoints": [{"address": "any", "port": 1}]}]}'
rules_bad "a site that is no region" "/site\)" '{"site": "Atlantis"}'
world_done
