#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BIG TCP: what the stack sends in one piece may be longer than IP's length field can say, and says 0.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants

# IFLA_GSO_MAX_SIZE and IFLA_GSO_IPV4_MAX_SIZE (kernel 6.3) by RTM_NEWLINK: iproute2 6.1 lacks the latter.
pieces_of() { # host bytes
	in_host "$1" perl -MSocket -e '
		my ($index) = split /:/, `ip -o link show eth0`;
		my $body = pack("CxSlLL", 0, 0, $index, 0, 0) . join "", map { pack("SSL", 8, $_, $ARGV[0]) } 41, 63;
		socket(my $s, 16, SOCK_RAW, 0) or die "netlink: $!\n";
		send($s, pack("LSSLL", 16 + length $body, 16, 5, 1, 0) . $body, 0, pack("SSLL", 16, 0, 0, 0)) or die "$!\n";
		recv($s, my $answer, 4096, 0);
		exit !!unpack("x16l", $answer)' "$2"
}
sent() { # address: bytes of 40 MB that arrive
	in_host server perl -MIO::Socket::IP -e '
		my $l = IO::Socket::IP->new(LocalHost => $ARGV[0], LocalPort => 10001, Listen => 1, ReuseAddr => 1) or die;
		alarm 20; print "listening\n"; close STDOUT;
		my $c = $l->accept; my $n = 0;
		while ($n < 40e6) { $n += syswrite($c, "x" x 4e6) || last }' "$1" >"$WORK/listening" &
	for _ in $(seq 100); do grep -q . "$WORK/listening" && break; sleep 0.05; done
	in_host de perl -MIO::Socket::IP -e '
		my $n = 0; $SIG{ALRM} = sub { print "$n\n"; exit }; alarm 10;
		my $c = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 10001) or die;
		while (my $r = sysread $c, my $b, 1 << 20) { $n += $r } print "$n\n"' "$1"
	wait $!
}
malformed() { curl -s --unix-socket "$SOCKET" http://x/metrics | awk '/^regiongate_packets_total.*refuse_malformed/ { n += $2 } END { print n }'; }

# (6.1 takes no notice of the size for IPv4)
check "pieces of 150000 bytes from the server" pieces_of server 150000
check "and from DE" pieces_of de 150000
daemon_start --interface eth0:generic
regions_put >/dev/null
meeting_put m-1 10001 tcp "$REFUSE_CN" >/dev/null
for address in 198.51.100.10 2001:db8:ffff::10; do
	is "all that is sent from $address arrives" "$(sent $address)" 40000000
done
is "nothing is taken for malformed" "$(malformed)" 0
world_done
