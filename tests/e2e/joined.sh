#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Datagrams that a sender on this machine hands over as one packet (UDP_SEGMENT): in native mode each is read. In
# generic mode they go through together, or, if a request is among those behind the first, not at all.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
# What arrives, one ufrag a line; "-" for a datagram that is no request.
# shellcheck disable=SC2016
spawn_in server perl -MSocket -e '
	socket(my $s, AF_INET, SOCK_DGRAM, 17) or die;
	bind($s, pack_sockaddr_in(10000, inet_aton("198.51.100.10"))) or die;
	$| = 1; print "ready\n";
	while (defined recv($s, my $b, 65535, 0)) { print $b =~ /([a-z]{4}):/ ? "$1\n" : "-\n" }' >"$WORK/got"
until_true 5 grep -q ready "$WORK/got" || die "no server"
# From CN: a request that names the first ufrag, alone; then one packet of as many datagrams as there are further words.
joined() { # ufrag word...: "-" is media, else a ufrag that a request names
	# shellcheck disable=SC2016
	in_host cn perl -MSocket -e '
		sub datagram {
			my $name = "$_[0]:cccc";
			return "\x80\x60" . "m" x 34 if $_[0] eq "-";
			pack("nnNN3nn", 1, 16, 0x2112a442, 1, 2, 3, 6, length $name) . $name . "\0" x 3
		}
		socket(my $s, AF_INET, SOCK_DGRAM, 17) or die;
		connect($s, pack_sockaddr_in(10000, inet_aton("198.51.100.10"))) or die;
		send($s, datagram(shift), 0) or die; select(undef, undef, undef, 0.1);
		setsockopt($s, 17, 103, pack("i", 36)) or die "UDP_SEGMENT: $!\n";
		send($s, join("", map { datagram($_) } @ARGV), 0) or die "$!\n"' "$@" || die "no packet"
}
echo 1 >"$WORK/seen"
arrived() { # since the last time, sorted
	sleep 0.3
	sed "1,$(cat "$WORK/seen")d" "$WORK/got" | sort | tr '\n' ' '
	wc -l <"$WORK/got" >"$WORK/seen"
}
warned() { rg status --json | jq -r '.interfaces[] | select(.name == "eth0") | .warning // ""'; }

joined good - evil
is "without a filter all of them arrive" "$(arrived)" "- evil good "
daemon_start
regions_put >/dev/null
rg endpoint put sfu - <<<'{"address": "198.51.100.10", "port": 10000}' >/dev/null
rg meeting put m-good - <<<'{"ufrags": [{"endpoint": "sfu", "ufrag": "good"}]}' >/dev/null
rg meeting put m-evil - <<<"{\"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"evil\"}], \"rules\": $REFUSE_CN}" >/dev/null

check "attach, native" rg attach eth0 --mode native
is "native mode: nothing to say" "$(warned)" ""
joined good - evil good
is "each datagram is judged by itself" "$(arrived)" "- good good "
joined good evil good
is "also behind a request that is refused" "$(arrived)" "good good "

rg attach eth0 --mode generic >"$WORK/out" 2>"$WORK/err"
check "attach, generic: works" grep -q "attached, generic mode" "$WORK/out"
is "and nothing to say" "$(warned)" ""
joined good - - -
is "media goes through together" "$(arrived)" "- - - good "
joined good - evil
is "a request behind media is refused" "$(arrived)" "good "
joined good - - - - - - - evil
is "also far behind" "$(arrived)" "good "
joined good good evil
is "what begins with a request and goes on behind it is refused" "$(arrived)" "good "
check "the refusals are counted" grep -q 'direction="ingress",verdict="refuse",reason="refuse_malformed"} [1-9]' <(curl -sf --unix-socket "$SOCKET" http://rg/metrics)
daemon_kill
daemon_start
joined good - evil
is "and after a restart" "$(arrived)" "good "
check "a verify finds nothing to mend" rg status --verify
world_done
