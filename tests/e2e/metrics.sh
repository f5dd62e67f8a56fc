#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# /metrics: text that a strict reader takes, and counters that never go back, whatever happens to what they count.
. "$(dirname "$0")/../harness/world.sh"

# Count since the daemon started, as counters of a process do; all others since the filter is in force.
OF_THE_DAEMON='^regiongate_(drift|site_alarms|geoip_reload_failures)_total'

# What is wrong with a text of format 0.0.4: each family once, HELP and TYPE ahead of its samples and these together,
# names and labels of the permitted letters, no series twice, counters named _total and whole.
format_errors() { # file
	awk '
		function bad(why) { print NR ": " why ": " $0 }
		/^# (HELP|TYPE) / {
			if ($3 !~ /^[a-z][a-z0-9_]*$/) bad("name")
			if ($2 == "HELP" && ($3 in help)) bad("HELP twice")
			if ($2 == "HELP" && NF < 4) bad("HELP says nothing")
			if ($2 == "HELP") help[$3] = 1
			if ($2 == "TYPE" && ($3 in type)) bad("TYPE twice")
			if ($2 == "TYPE" && !($3 in help)) bad("TYPE before HELP")
			if ($2 == "TYPE" && $4 != "counter" && $4 != "gauge") bad("type")
			if ($2 == "TYPE" && ($4 == "counter") != ($3 ~ /_total$/)) bad("_total is for counters")
			if ($2 == "TYPE") { type[$3] = $4; family = $3 }
			next
		}
		/^#/ || /^$/ { bad("line"); next }
		{
			if (!match($0, /^[a-z][a-z0-9_]*/)) { bad("name"); next }
			name = substr($0, 1, RLENGTH); rest = substr($0, RLENGTH + 1)
			if (name != family) bad("outside of its family")
			labels = ""
			if (match(rest, /^\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\}/)) {
				labels = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
			}
			if ((name labels) in series) bad("twice")
			series[name labels] = 1; samples[name] = 1
			if (rest !~ /^ [0-9]+$/) bad("value")
		}
		END { if (!length(samples)) print "no sample" }
	' "$1"
	[ -z "$(tail -c 1 "$1")" ] || echo "no newline at the end"
}
scrape() { # file
	curl -sf --unix-socket "$SOCKET" http://rg/metrics >"$1" || die "no metrics"
}
# Counters of the first that the second has not, or has less of.
gone_back() { # before after
	awk '$1 == "#" { if ($2 == "TYPE") counter[$3] = $4 == "counter"; next }
		{ name = $0; sub(/[{ ].*/, "", name); at = match($0, / [0-9]+$/)
		  series = substr($0, 1, at - 1); value = substr($0, at + 1) + 0 }
		!counter[name] { next }
		FILENAME == ARGV[1] { before[series] = value; next }
		{ after[series] = value }
		END { for (s in before) if (!(s in after) || after[s] < before[s])
			print s ": " before[s] " -> " (s in after ? after[s] : "gone") }' "$1" "$2"
}
# Since the last call nothing went back, but what may.
go_on() { # text [pattern of series]
	scrape "$WORK/now"
	is "$1: the text is well-formed" "$(format_errors "$WORK/now")" ""
	is "$1: no counter went back" "$(gone_back "$WORK/last" "$WORK/now" | grep -vE "${2-^$}")" ""
	mv "$WORK/now" "$WORK/last"
}
counter() { # series
	awk -v series="$1" '{ at = match($0, / [0-9]+$/) } substr($0, 1, at - 1) == series { print substr($0, at + 1) }' "$WORK/last"
}
traffic() {
	local host
	for host in de cn; do
		in_host $host "$UDPCAT" send -n 20 -i 0 -w 200 198.51.100.10 10001
		in_host $host "$UDPCAT" send -n 5 -i 0 -w 200 198.51.100.10 10002
		in_host $host "$UDPCAT" send -n 5 -i 0 -w 200 198.51.100.10 9
		in_host $host "$UDPCAT" send -u unknown:peer -n 2 -i 0 -w 200 198.51.100.10 10100
	done >/dev/null
}

database() { # file country: of 192.0.2.0/24
	printf '3221225984,3221226239,%s\n' "$2" >"$WORK/v4"
	printf '2001:db8:7::,2001:db8:7:ffff:ffff:ffff:ffff:ffff,%s\n' "$2" >"$WORK/v6"
	"$RG_TOP/tools/geoip-import" "$WORK/new.mmdb" "$WORK/v4" "$WORK/v6" >/dev/null && mv "$WORK/new.mmdb" "$1" || die "geoip-import failed"
}
in_s() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }

# Names stand in docs/operating.md whole, or as "`_end`" behind another one of their line.
undocumented() {
	local metric end
	for metric in $(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$1"); do
		for end in $(grep -oE '`(regiongate)?_[a-z_]+`' "$RG_TOP/docs/operating.md" | tr -d '`'); do
			[[ $metric != "$end" && $metric != regiongate*"$end" ]] || continue 2
		done
		echo "$metric"
	done
}

world_begin
world_participants
echo_start server 10001 10002 10100

printf 'a_total 1\n# HELP b b\n# TYPE b counter\nb{x="y} 1\n# HELP c_total c\n# TYPE c_total counter\nc_total 1\nc_total -1\n' >"$WORK/wrong"
is "a wrong text is found" "$(format_errors "$WORK/wrong" | cut -d: -f1,2 | tr '\n' ,)" \
	"1: outside of its family,3: _total is for counters,4: value,8: twice,8: value,"
printf '# TYPE c_total counter\nc_total{a="1"} 5\nc_total{a="2"} 5\n' >"$WORK/one"
printf '# TYPE c_total counter\nc_total{a="1"} 4\n' >"$WORK/two"
is "what goes back is found" "$(gone_back "$WORK/one" "$WORK/two" | sort | tr '\n' ,)" 'c_total{a="1"}: 5 -> 4,c_total{a="2"}: 5 -> gone,'

database "$WORK/live.mmdb" US
daemon_start --interface eth0:native --geoip "$WORK/live.mmdb"
regions_put >/dev/null
rg endpoint put sfu - >/dev/null <<<'{"address": "198.51.100.10", "ports": "10100", "unbound": "refuse"}' || die "no shared endpoint"
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
meeting_put m-2 10002 udp "$REFUSE_CN" >/dev/null
scrape "$WORK/last"
is "at first: the text is well-formed" "$(format_errors "$WORK/last")" ""
is "docs/operating.md has all of them" "$(undocumented "$WORK/last" | xargs)" ""
REFUSED='regiongate_packets_total{direction="ingress",verdict="refuse",reason="refuse_region"}'
BY_REGION='regiongate_region_packets_total{region="CN+cn",verdict="refuse"}'
EVENTS='regiongate_events_total'
traffic
go_on "traffic"
is "what was refused is counted" "$(counter "$REFUSED")" 25
is "by its region, too" "$(counter "$BY_REGION")" 25
events=$(counter $EVENTS)
check "and events of it were sent" [ "$events" -gt 0 ]
rg meeting delete m-2 >/dev/null
go_on "a meeting is deleted"
meeting_put m-2 10002 udp '[]' >/dev/null
traffic
go_on "and made again, its number perhaps another's"
echo "{\"expires\": \"$(in_s 1)\"}" | rg meeting patch m-2 - >/dev/null
check "(it has expired)" until_true 10 eval '[ "$(rg explain --source 192.0.2.10 --destination 198.51.100.10 --port 10002 --json | jq -r .reason)" = refuse_expired ]'
traffic
go_on "a meeting expires"
rg region put cn --network 203.0.113.0/25 --country CN >/dev/null
rg region delete de >/dev/null
traffic
go_on "custom regions change and go"
database "$WORK/live.mmdb" CN
check "(another table)" rg geoip reload --force --confirm
traffic
go_on "GeoIP data are reloaded"
failures=$(counter regiongate_geoip_reload_failures_total)
: >"$WORK/live.mmdb"
rg geoip reload >/dev/null 2>&1
go_on "a reload fails"
check "which is counted" [ "$(counter regiongate_geoip_reload_failures_total)" -gt "$failures" ]
database "$WORK/live.mmdb" CN
rg detach eth0 >/dev/null
rg attach eth0 --mode generic >/dev/null
traffic
go_on "detached and attached again"
refused=$(counter "$REFUSED") region=$(counter "$BY_REGION") events=$(counter $EVENTS)
daemon_kill
traffic
daemon_start --geoip "$WORK/live.mmdb"
go_on "kill -9 and a start" "$OF_THE_DAEMON"
check "packets that came meanwhile are counted" [ "$(counter "$REFUSED")" -gt "$refused" ]
check "by region, too" [ "$(counter "$BY_REGION")" -gt "$region" ]
check "events of the former daemon are still counted" [ "$(counter $EVENTS)" -ge "$events" ]
daemon_stop
daemon_start --geoip "$WORK/live.mmdb" --max-meetings 100000
traffic
go_on "an upgrade to other sizes" "$OF_THE_DAEMON"
daemon_stop
daemon_start --interface eth0:native --observe --geoip "$WORK/live.mmdb"
traffic
go_on "observe mode" "$OF_THE_DAEMON"
check "a check of all maps" rg status --verify
traffic
go_on "verified"
world_done
