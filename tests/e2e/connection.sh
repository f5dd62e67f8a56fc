#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ICE-TCP at a shared port, with the TCP of real clients and of a real server: a connection is of the meeting of its
# first frame, as long as it lasts, whatever becomes of the daemon. Who tries to get around that writes segments itself:
# tests/bpf/test_connection.c and make evade.
. "$(dirname "$0")/../harness/world.sh"

# A socket of the protocol that the environment has: 262 is Multipath TCP.
SOCKET_OF='
	package Socket_of; our @ISA = "IO::Socket::IP";
	sub socket { my ($self, $family, $type) = @_; $self->SUPER::socket($family, $type, $ENV{PROTOCOL} // 6) }
	package main;'
# It answers requests, and sends back all other frames.
server() { # address port
	spawn_in server perl -MIO::Socket::IP -e "$SOCKET_OF"'
		$SIG{CHLD} = "IGNORE";
		my $s = Socket_of->new(LocalAddr => shift, LocalPort => shift, Listen => 8, ReuseAddr => 1) or die "$@";
		while (my $c = $s->accept) {
			next if fork;
			alarm 120;
			my $b = "";
			while (sysread($c, $b, 65536, length $b)) {
				while (length $b > 1 and length $b >= 2 + unpack "n", $b) {
					my $frame = substr $b, 0, 2 + unpack("n", $b), "";
					$frame =~ s/^(..)\x00\x01/$1\x01\x01/s;
					syswrite($c, $frame);
				}
			}
			exit;
		}' "$@"
}
# One connection, told by lines what to send: "request NAME", "media", "both NAME" (a request, and media right
# behind it), "rest" (nothing more). It answers "yes" when all that it has sent so far has
# come back, "no" after a second (rest, and "late NAME", which is a request, too: 20). With DEFERS=1 the first request
# comes together with the handshake's end.
client() { # host address [port]
	coproc CLIENT { in_host "$1" perl -MIO::Socket::IP -e "$SOCKET_OF"'
		$| = 1;
		my $c = Socket_of->new(PeerAddr => shift, PeerPort => shift, Sockopts => [[6, 9, 0 + ($ENV{DEFERS} // 0)]], Timeout => 5)
			or die "$@";
		setsockopt($c, 6, 1, 1);
		my ($sent, $back, $in) = ("", "", "");
		sub out { syswrite($c, $_[0]); $sent .= $_[0] =~ s/^(..)\x00\x01/$1\x01\x01/sr }
		sub framed { pack "n/a*", $_[0] }
		sub request { my $name = "$_[0]:peer"; my $n = length $name; my $pad = "\0" x (-$n & 3);
			framed(pack "nnNa12nna*", 1, 4 + $n + length $pad, 0x2112a442, "transaction1", 6, $n, $name . $pad) }
		while (<STDIN>) {
			my ($what, $name) = split;
			out(request($name)) if $what eq "request" or $what eq "late";
			out(framed("\x80media")) if $what eq "media";
			if ($what eq "both") { out(request($name)); out(framed("\x80media")) }
			my $end = time + ($what eq "rest" || $what eq "late" ? 20 : 1);
			while ($back ne $sent && time <= $end) {
				vec($in = "", fileno $c, 1) = 1;
				select($in, undef, undef, .1) and (sysread($c, $back, 65536, length $back) or last);
			}
			print $back eq $sent ? "yes\n" : "no\n";
		}' "$2" "${3:-10000}"; }
	CLIENT_PID_KEPT=$CLIENT_PID
}
hung_up() {
	eval "exec ${CLIENT[1]}>&-"
	wait "$CLIENT_PID_KEPT" 2>/dev/null
}
said() { # text wanted line
	local answer
	echo "$3" >&"${CLIENT[1]}"
	read -r -t 40 answer <&"${CLIENT[0]}"
	is "$1" "$answer" "$2"
}

world_begin
world_participants
server 198.51.100.10 10000
server 2001:db8:ffff::10 10000
if [ -e /proc/sys/net/mptcp/enabled ]; then
	PROTOCOL=262 server 198.51.100.10 10001
	PROTOCOL=262 server 2001:db8:ffff::10 10001
fi
daemon_start --interface eth0
regions_put >/dev/null
echo '{"address": "any", "ports": "10000-10001", "protocol": "tcp", "classify": "ufrag", "unbound": "refuse"}' | rg endpoint put sfu - >/dev/null
echo '{"ufrags": [{"endpoint": "sfu", "ufrag": "first"}, {"endpoint": "sfu", "ufrag": "restarted"}]}' | rg meeting put m-1 - >/dev/null
echo '{"ufrags": [{"endpoint": "sfu", "ufrag": "second"}]}' | rg meeting put m-2 - >/dev/null

client cn 198.51.100.10
said "media before a request is refused" no media
said "also when a request comes behind it: it is not the first frame" no "request first"
hung_up
client cn 198.51.100.10
said "a request with an unknown ufrag is refused" no "request nobody"
hung_up
client cn 2001:db8:ffff::10
said "IPv6: a first request" yes "request first"
said "IPv6: the media behind it" yes media
hung_up

client cn 198.51.100.10
said "what is sent right behind the request comes through, too" yes "both first"
said "a request with another ufrag of the meeting" yes "request restarted"
rg meeting patch m-1 - >/dev/null <<<"{\"rules\": $REFUSE_CN}"
said "a rule stops the connection" no media
rg meeting patch m-1 - >/dev/null <<<'{"rules": []}'
said "without the rule all that was held back arrives" yes rest
daemon_kill
said "without a daemon it goes on" yes media
daemon_start
said "and with the next one" yes media
said "and its requests" yes "request first"
daemon_kill
printf '[limits]\nmax_flows = 5000\n' >"$WORK/other.conf"
daemon_start --config "$WORK/other.conf"
said "and with one that has room for another number of flows" yes media
said "its requests, too" yes "request restarted"
said "a request for another meeting is refused there" no "request second"
hung_up
client cn 198.51.100.10
said "a connection of its own takes it to the other meeting" yes "request second"
rg meeting patch m-1 - >/dev/null <<<"{\"rules\": $REFUSE_CN}"
said "which the first one's rule does not touch" yes media
hung_up
client cn 198.51.100.10
said "the first one refuses it from the first frame on" no "request first"
hung_up
client de 198.51.100.10
said "but nobody else" yes "request first"
hung_up

# Go's servers listen with Multipath TCP unless they are told not to. syncookies=2: each handshake is done by cookies.
multipath() { # cookies DEFERS and whether a plain client comes through
	local case="syncookies=$1, DEFERS=$2" address
	in_host server sysctl -qw "net.ipv4.tcp_syncookies=$1"
	for address in 198.51.100.10 2001:db8:ffff::10; do
		DEFERS=$2 client de "$address" 10001
		said "a plain client of a Multipath TCP server at $address, $case" "$3" "late first"
		said "its media" "$3" media
		hung_up
	done
	DEFERS=$2 PROTOCOL=262 client de 198.51.100.10 10001
	said "a Multipath TCP client of it: nothing comes through, $case" no "request first"
	hung_up
}
if [ -e /proc/sys/net/mptcp/enabled ]; then
	multipath 1 0 yes
	multipath 1 1 yes
	multipath 2 0 yes
	multipath 2 1 no # where cookies are sent, a handshake ends before a payload comes
	PROTOCOL=262 client de 198.51.100.10
	said "a Multipath TCP client of a plain server speaks TCP" yes "request first"
	hung_up
fi
world_done
