#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The service as it is installed: what it may do by its unit, and what it keeps when it runs.
. "$(dirname "$0")/../harness/world.sh"

MOST=20 # exposure by systemd-analyze, in tenths

world_begin
make -s -C "$RG_TOP" B="$RG_BUILD" DESTDIR="$WORK/dest" PREFIX=/usr install >"$WORK/install" 2>&1 ||
	{ cat "$WORK/install"; die "make install fails"; }
check "a header that changes is not missed, however the directory is written" sh -c \
	"make -n -C '$RG_TOP' B='$RG_BUILD' -W user/base/err.h all | grep -q 'CC .*user/base/err\.o'"
for file in lib/systemd/system/regiongated.service lib/systemd/system/regiongated.socket \
	usr/lib/sysusers.d/regiongate.conf etc/regiongate/regiongate.conf usr/sbin/regiongated usr/bin/regiongate; do
	check "/$file is installed" [ -s "$WORK/dest/$file" ]
done
check "what the installed pages link to is there" sh -c "cd '$WORK/dest/usr/share/doc/regiongate' &&
	ls \$(grep -ohE '\]\([a-z][^):]*\)' *.md | sed 's/^](//; s/)$//') >/dev/null"
service=$WORK/dest/lib/systemd/system/regiongated.service
check "the unit starts what is installed" grep -qx "ExecStart=/usr/sbin/regiongated" "$service"
check "with a notification when it is in force" grep -qx "Type=notify" "$service"
check "with a watchdog" grep -q "^WatchdogSec=" "$service"
check "started again however often it fails: a disk may be full for hours" grep -qx "StartLimitIntervalSec=0" "$service"
check "with its socket" grep -qx "Requires=regiongated.socket" "$service"
check "the socket is for the group that sysusers.d makes" \
	grep -qx "SocketGroup=$(awk '$1 == "g" { print $2 }' "$WORK/dest/usr/lib/sysusers.d/regiongate.conf")" \
	"$WORK/dest/lib/systemd/system/regiongated.socket"

check "systemd-analyze is there" command -v systemd-analyze
systemd-analyze security --offline=true --threshold=$MOST --root="$WORK/dest" regiongated.service \
	>"$WORK/exposure" 2>/dev/null
is "the unit's exposure is at most $((MOST / 10)).$((MOST % 10))" $? 0
grep "Overall exposure" "$WORK/exposure" | sed 's/^[^O]*/# /'
check "that of the hourly check, too" systemd-analyze security --offline=true --threshold=$MOST --root="$WORK/dest" \
	regiongate-verify.service
check "the units name what is installed" [ "$(sed -n 's/^Documentation=file://p' "$service")" = /usr/share/doc/regiongate/operating.md ]
mkdir "$WORK/dest/lib/systemd/system/regiongated.service.d"
cp "$WORK/dest/usr/share/doc/regiongate/dispatcher.conf" "$WORK/dest/lib/systemd/system/regiongated.service.d/"
systemd-analyze security --offline=true --threshold=$MOST --root="$WORK/dest" regiongated.service \
	>"$WORK/exposure" 2>/dev/null
is "with leave to join dispatchers, too" $? 0
check "the leave is in it" grep -q "CAP_SYS_ADMIN" "$WORK/exposure"
grep "Overall exposure" "$WORK/exposure" | sed 's/^[^O]*/# with a dispatcher: /'
rm -r "$WORK/dest/lib/systemd/system/regiongated.service.d"

# Like the service manager: a socket that is there before, messages, a watchdog.
perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
	$| = 1;
	while (defined $s->recv(my $m, 4096)) { print "$m\n" }' "$WORK/notify" >"$WORK/messages" &
JOBS+=($!)
until_true 5 [ -S "$WORK/notify" ]
(exec nsenter --net="/run/netns/$NS-server" -- systemd-socket-activate --listen="$SOCKET" \
	-E NOTIFY_SOCKET="$WORK/notify" -E WATCHDOG_USEC=400000 \
	"$REGIONGATED" --config /dev/null --state "$STATE" --pin-dir "$PINS" --interface eth0) 2>>"$WORK/daemon.log" &
DAEMON=$!
until_true 10 [ -S "$SOCKET" ]
check "the first client starts it through the socket" until_true 10 rg status
check "it takes that socket" grep -q "the socket unit's" "$WORK/daemon.log"
check "it says when it is in force" until_true 5 grep -qx READY=1 "$WORK/messages"
check "it feeds the watchdog" until_true 5 grep -qx WATCHDOG=1 "$WORK/messages"
value() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$DAEMON/status"; }
KEPT=0000008000001000 # CAP_NET_ADMIN (12), CAP_BPF (39)
is "running, it has only the capabilities that it needs" "$(value CapEff)" $KEPT
is "and can not have others" "$(value CapPrm) $(value CapBnd) $(value CapInh) $(value CapAmb)" \
	"$KEPT 0000000000000000 0000000000000000 0000000000000000"
is "its system calls are filtered" "$(value Seccomp)" 2
is "nothing gives it new privileges" "$(value NoNewPrivs)" 1
check "so it attaches" rg attach lo
check "and detaches" rg detach lo
check "and takes a push" rg region put de --network 192.0.2.0/24 --country DE
daemon_stop
check "it says that it stops" grep -qx STOPPING=1 "$WORK/messages"
check "the socket that is not its own stays" [ -S "$SOCKET" ]
check "--detach" daemon_run --detach
world_done
