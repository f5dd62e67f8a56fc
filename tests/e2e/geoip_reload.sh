#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Databases under way: reload on demand, on replacement, under traffic, of a bad file.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
world_host other 192.0.2.130 2001:db8:7::10
echo_start server 10001

# start,end,CC as in tor-geoipdb. @1: file; @2: country of 192.0.2.128/25
database() {
	cat >"$WORK/geoip" <<-ROWS
		3221225984,3221226111,DE
		3221226112,3221226239,$2
		3405803776,3405804031,CN
	ROWS
	cat >"$WORK/geoip6" <<-ROWS
		2001:db8:7::,2001:db8:7:ffff:ffff:ffff:ffff:ffff,$2
		2001:db8:c::,2001:db8:c:ffff:ffff:ffff:ffff:ffff,CN
		2001:db8:de::,2001:db8:de:ffff:ffff:ffff:ffff:ffff,DE
	ROWS
	"$RG_TOP/tools/geoip-import" "$1" "$WORK/geoip" "$WORK/geoip6" || die "geoip-import failed"
}
country_of() { rg lookup "$1" --json | jq -r .country; }
generation() { rg geoip show --json | jq .generation; }

database "$WORK/a.mmdb" US
database "$WORK/b.mmdb" CN
cp "$WORK/a.mmdb" "$WORK/live.mmdb"
daemon_start --geoip "$WORK/live.mmdb" --interface eth0
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
kept_out "CN of the database is refused, IPv4" cn 198.51.100.10 10001
kept_out "CN of the database is refused, IPv6" cn 2001:db8:ffff::10 10001
through "US of the database is admitted, IPv4" other 198.51.100.10 10001
through "US of the database is admitted, IPv6" other 2001:db8:ffff::10 10001
is "lookup agrees" "$(country_of 192.0.2.130)" US

is "a reload of the same file changes nothing" "$(rg geoip reload --json | jq .changed)" false
before=$(generation)
cp "$WORK/b.mmdb" "$WORK/new.mmdb" && mv "$WORK/new.mmdb" "$WORK/live.mmdb"
check "a file that is renamed into place is noticed" \
	until_true 10 eval '[ "$(country_of 192.0.2.130)" = CN ]'
check "it is a new generation" [ "$(generation)" -gt "$before" ]
kept_out "its addresses are judged anew, IPv4" other 198.51.100.10 10001
kept_out "its addresses are judged anew, IPv6" other 2001:db8:ffff::10 10001

# A bad file: the old table stays in force.
before=$(generation)
head -c 300 "$WORK/a.mmdb" >"$WORK/live.mmdb"
rg geoip reload >"$WORK/out" 2>"$WORK/err"
is "a truncated file is refused with exit 1" $? 1
check "the file is named" grep -q live.mmdb "$WORK/err"
: >"$WORK/live.mmdb"
rg geoip reload >"$WORK/out" 2>"$WORK/err"
is "an empty file is refused with exit 1" $? 1
rm "$WORK/live.mmdb"
rg geoip reload >"$WORK/out" 2>"$WORK/err"
is "a file that is gone is refused with exit 1" $? 1
is "the generation is the old one" "$(generation)" "$before"
check "the status tells of the error" [ -n "$(rg geoip show --json | jq -r '.last_error // empty')" ]
kept_out "the old table stays in force: CN" other 198.51.100.10 10001
through "the old table stays in force: DE" de 198.51.100.10 10001

# Reloads under traffic: DE and CN are the same in both files, so no verdict may change.
in_host de "$UDPCAT" send -n 4000 -i 1000 -w 1000 198.51.100.10 10001 >"$WORK/de4" &
jobs=$!
in_host de "$UDPCAT" send -n 4000 -i 1000 -w 1000 2001:db8:ffff::10 10001 >"$WORK/de6" &
jobs="$jobs $!"
in_host cn "$UDPCAT" send -n 4000 -i 1000 -w 300 198.51.100.10 10001 >"$WORK/cn4" &
jobs="$jobs $!"
in_host cn "$UDPCAT" send -n 4000 -i 1000 -w 300 2001:db8:ffff::10 10001 >"$WORK/cn6" &
jobs="$jobs $!"
failed=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	for file in a b; do
		cp "$WORK/$file.mmdb" "$WORK/new.mmdb" && mv "$WORK/new.mmdb" "$WORK/live.mmdb"
		rg geoip reload --confirm >/dev/null || failed=$((failed + 1))
	done
	sleep 0.2
done
# shellcheck disable=SC2086  # a list of process ids
wait $jobs
is "20 reloads under traffic" $failed 0
for family in 4 6; do
	is "no packet of DE was lost, IPv$family" "$(cut -d' ' -f1,2 "$WORK/de$family")" "4000 4000"
	is "no packet of CN came through, IPv$family" "$(cut -d' ' -f1,2 "$WORK/cn$family")" "4000 0"
done
world_done
