#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Over TCP, behind a request for one meeting no agent (libnice) of another one is reached. The client connects through a
# relay, which puts that request in front of its stream; libnice answers it with an error, and takes what comes then.
. "$(dirname "$0")/../harness/webrtc.sh"

declare -A ADDRESS=([de]=192.0.2.10 [cn]=203.0.113.10)

# One connection to the server's port. What the client sends goes: in the segment of the request ("same"), right behind
# it ("next"), when the server has answered it ("answer"), or then, and cut in front of its second byte ("cut"). It tells
# the type of each STUN message from the server.
relay() { # name host port ufrag how
	spawn_in "$2" perl -MIO::Socket::IP -MIO::Select -MCompress::Raw::Zlib -e '
		$| = 1;
		my ($address, $port, $name, $how) = @ARGV;
		my $listens = IO::Socket::IP->new(LocalAddr => $address, LocalPort => $port, Listen => 1) or die "$@";
		print "ready\n";
		my $client = $listens->accept;
		my $server = IO::Socket::IP->new(PeerAddr => "198.51.100.10", PeerPort => $port) or die "$@";
		setsockopt($server, 6, 1, 1);
		$name .= ":peer";
		my $front = pack "nnNa12nn/a*x!4", 1, 12 + (length($name) + 3 & ~3), 0x2112a442, "in front", 6, $name;
		$front = pack "n/a*", $front . pack "nnN", 0x8028, 4, crc32($front) ^ 0x5354554e; # FINGERPRINT
		syswrite($server, $front) and $front = "" if $how ne "same";
		my $both = IO::Select->new($server, $how =~ /same|next/ ? $client : ());
		while (my @ready = $both->can_read) {
			for my $from (@ready) {
				sysread($from, my $data, 65536) or exit;
				if ($from == $server) {
					printf "%04x\n", unpack "n", $1 while $data =~ /(..)..\x21\x12\xa4\x42/sg;
					$both->add($client);
					syswrite($client, $data);
					next;
				}
				syswrite($server, substr $data, 0, 1, "") if $how eq "cut";
				syswrite($server, $front . $data);
				$front = "";
			}
		}' "${ADDRESS[$2]}" "${@:3}" >"$WORK/$1.relay"
	until_true 5 grep -q ready "$WORK/$1.relay" || die "no relay"
}

# An agent of m-a, and its client behind a relay, which asks for the ufrag: the client knows the agent by the relay's address.
pair() { # name host ports ufrag how
	local sdp
	agent_start "to-$1" server -t -p "$3" 198.51.100.10
	agent_start "from-$1" "$2" -t -c "${ADDRESS[$2]}"
	ufrag_call PUT m-a "$(agent_ufrag "to-$1")"
	sdp=$(agent_sdp "to-$1")
	relay "$1" "$2" "$(grep -oP '198\.51\.100\.10 \K\d+(?= typ host tcptype passive)' <<<"$sdp")" "$4" "$5"
	agent_tell "to-$1" "remote $(agent_sdp "from-$1" | tr '|' '\n' | grep -v 'tcptype passive' | tr '\n' '|')"
	agent_tell "from-$1" "remote ${sdp//198.51.100.10/${ADDRESS[$2]}}"
}
reached() { # text name
	check "$1: it is reached" eval "agent_says to-$2 10 1 '^state ready' && agent_says from-$2 10 1 '^state ready'"
	is "$1: packets flow" "$(agents_carry "from-$2" "to-$2")" 20
}
not_reached() { # text name
	check "$1: ICE fails" agent_says "from-$2" 30 1 '^state failed'
	is "$1: no success is answered, neither side has a pair" \
		"$(cat "$WORK/$2.relay" "$WORK"/{to,from}-"$2.out" | grep -cE '^(0101|pair|state (connected|ready))')" 0
}

webrtc_world
daemon_start --interface eth0
webrtc_regions >/dev/null || die "no regions"
sfu_endpoint sfu tcp >/dev/null || die "no shared endpoint"
rg meeting put m-a - >/dev/null <<<"{\"rules\": $REFUSE_CN, \"ufrags\": [{\"endpoint\": \"sfu\", \"ufrag\": \"another-of-a\"}]}"
rg meeting put m-b - >/dev/null <<<'{"ufrags": [{"endpoint": "sfu", "ufrag": "of-b"}]}'

for how in same next answer cut; do
	pair "open-$how" cn 20200-20300 of-b $how # no endpoint: this is what is to be kept out
	pair "cn-$how" cn 20000-20100 of-b $how
	pair "de-$how" de 20000-20100 of-b $how
	[ $how = cut ] || pair "own-$how" de 20000-20100 another-of-a $how
done
for how in same next answer cut; do
	reached "$how: without the filter" "open-$how"
	not_reached "$how: from where its meeting refuses" "cn-$how"
	not_reached "$how: from where its meeting admits" "de-$how"
done
for how in same next answer; do
	reached "$how: behind a request for its own meeting" "own-$how"
done
for name in {cn,de}-{next,answer,cut}; do
	check "$name: the request in front has come through" grep 0111 "$WORK/$name.relay"
done
world_done
