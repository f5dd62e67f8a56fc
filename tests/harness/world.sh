# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A little world of network namespaces for tests/e2e and tools/demo; sourced, bash.
#
#   world_begin             directories, a private bpffs, the bridge, the host "server"
#   world_host NAME ADDR... one more host on the bridge, with these addresses
#   in_host NAME COMMAND... run a command in a host
#   daemon_start OPTION...  regiongated in the host "server", until it answers
#   daemon_stop, daemon_kill
#   rg ARGUMENT...          the CLI on this daemon
#   answered HOST UDPCAT_ARGUMENT...   how many of the packets sent were answered
#   ok TEXT, not_ok TEXT, check TEXT COMMAND..., is TEXT GOT WANTED
#   world_done              the last command of a test, and its exit status
#
# Every name holds the process id, so that worlds do not meet. Everything is removed
# on exit, however it comes. All hosts share one link; each reaches every address on
# it directly, so no address needs a router. "ip netns exec" would hide the bpffs:
# nsenter does not.
set -u
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C

RG_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RG_BUILD=${RG_BUILD:-$RG_TOP/build}
REGIONGATE=$RG_BUILD/regiongate
REGIONGATED=${RG_DAEMON:-$RG_BUILD/regiongated} # RG_DAEMON: make check-sanitized
UDPCAT=$RG_BUILD/tests/udpcat

# How egress can be filtered by this kernel; the first one is what "auto" takes.
EGRESS_WAYS="tcx clsact"
# shellcheck disable=SC2034 # for those who source this
[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ] || EGRESS_WAYS=clsact # no tcx before

NS=rg$$
WORK=
DAEMON=
HOSTS=()
JOBS=()
N_OK=0
N_BAD=0
DONE=

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

ok() {
	N_OK=$((N_OK + 1))
	echo "ok - $*"
}
not_ok() {
	N_BAD=$((N_BAD + 1))
	echo "not ok - $*"
}
check() { # text command...: its output is shown if it fails
	local text=$1
	shift
	if "$@" >"$WORK/check.out" 2>&1; then
		ok "$text"
	else
		not_ok "$text"
		sed 's/^/# /' "$WORK/check.out"
	fi
}
is() { # text got wanted
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi
}

# "ip -n" mounts, which fails where / is no mount point (in a plain chroot).
ip() {
	if [ "$1" = -n ]; then
		nsenter --net="/run/netns/$2" -- ip "${@:3}"
	else
		command ip "$@"
	fi
}

world_begin() {
	[ "$(id -u)" = 0 ] || die "needs root, for namespaces and BPF"
	for program in "$REGIONGATE" "$REGIONGATED" "$UDPCAT"; do
		[ -x "$program" ] || die "$program is not built"
	done
	trap world_end EXIT
	trap 'exit 130' INT TERM HUP
	WORK=$(mktemp -d /tmp/$NS.XXXXXX) || die "no temporary directory"
	mkdir "$WORK/bpf"
	mount -t bpf bpf "$WORK/bpf" || die "can not mount a bpffs"
	PINS=$WORK/bpf/regiongate
	SOCKET=$WORK/socket
	STATE=$WORK/state
	ip netns add "$NS-lan" || die "can not make a network namespace"
	ip -n "$NS-lan" link add lan type bridge forward_delay 0 mcast_snooping 0
	ip -n "$NS-lan" link set lan mtu 9000 up
	world_host server 198.51.100.10 2001:db8:ffff::10
}

# What is running is ended, what was made is removed.
world_end() {
	local status=$? job
	trap - EXIT
	# what bash says of a script that it gives up (set -u, a syntax error) is not always an error by now
	if [ "$status" = 0 ] && [ -z "$DONE" ] && [ $((N_OK + N_BAD)) != 0 ]; then
		not_ok "the test ends in its middle"
		status=1
	fi
	for job in "${JOBS[@]}" $DAEMON; do
		kill -KILL "$job" 2>/dev/null && wait "$job" 2>/dev/null
	done
	for job in "${HOSTS[@]}" lan; do
		ip netns del "$NS-$job" 2>/dev/null
	done
	if [ -n "$WORK" ]; then
		umount "$WORK/bpf" 2>/dev/null
		rm -rf --one-file-system "$WORK"
	fi
	exit $status
}

world_done() {
	DONE=yes
	[ "$N_BAD" = 0 ] && [ "$N_OK" -gt 0 ]
}

world_host() { # name address...
	local name=$1 address
	shift
	HOSTS+=("$name")
	ip netns add "$NS-$name" || die "can not make a network namespace"
	# no duplicate address detection: addresses are usable at once; ARP is answered by the
	# interface that has the address, not by any
	in_host "$name" sh -c 'cd /proc/sys/net && echo 0 >ipv6/conf/all/accept_dad &&
		echo 0 >ipv6/conf/default/accept_dad && echo 1 >ipv4/conf/all/arp_ignore'
	ip -n "$NS-$name" link set lo up
	world_link "$name" eth0
	for address; do
		case $address in
		*:*) ip -n "$NS-$name" addr add "$address/128" dev eth0 nodad ;;
		*) ip -n "$NS-$name" addr add "$address/32" dev eth0 ;;
		esac || die "can not add $address"
	done
	ip -n "$NS-$name" route add default dev eth0
	ip -n "$NS-$name" -6 route add default dev eth0
}

# One more interface of a host on the bridge.
world_link() { # host interface
	local port=p$((${#HOSTS[@]}))-$2
	ip -n "$NS-$1" link add "$2" mtu 9000 type veth peer name "$port" netns "$NS-lan" mtu 9000 ||
		die "can not make a veth pair"
	ip -n "$NS-lan" link set "$port" master lan up
	ip -n "$NS-$1" link set "$2" up
}

in_host() { # name command...
	local name=$1
	shift
	nsenter --net="/run/netns/$NS-$name" -- "$@"
}

# A job in a host, ended with the world. exec: $! is the program's own process id.
spawn_in() { # host command...
	local name=$1
	shift
	(exec nsenter --net="/run/netns/$NS-$name" -- "$@") &
	JOBS+=($!)
}

until_true() { # seconds command...: try ten times a second
	local tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

echo_start() { # host udpcat-echo-arguments...
	local host=$1 out
	shift
	out=$(mktemp "$WORK/echo.XXXXXX")
	spawn_in "$host" "$UDPCAT" echo "$@" >"$out"
	until_true 5 grep -q ready "$out" || die "udpcat does not start"
}

answered() { # host udpcat-send-arguments...
	local host=$1 counts
	shift
	counts=$(in_host "$host" "$UDPCAT" send "$@") || return 1
	set -- $counts
	echo "$2"
}

# All, or none, of 10 packets get through.
through() { # text host udpcat-send-arguments...
	local text=$1
	shift
	is "$text" "$(answered "$@" -n 10 -w 1000)" 10
}
kept_out() { # text host udpcat-send-arguments...
	local text=$1
	shift
	is "$text" "$(answered "$@" -n 10 -w 200)" 0
}

rg() {
	"$REGIONGATE" --socket "$SOCKET" "$@"
}

daemon_run() { # option...: in the foreground
	in_host server "$REGIONGATED" --config /dev/null --socket "$SOCKET" --state "$STATE" \
		--pin-dir "$PINS" "$@"
}

daemon_start() { # option...
	(exec nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" --config /dev/null \
		--socket "$SOCKET" --state "$STATE" --pin-dir "$PINS" "$@") 2>>"$WORK/daemon.log" &
	DAEMON=$!
	until_true 20 rg status && return
	sed 's/^/# daemon: /' "$WORK/daemon.log"
	die "the daemon does not answer"
}
daemon_end() { # signal
	kill -"$1" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	DAEMON=
}
daemon_stop() { daemon_end TERM; }
daemon_kill() { daemon_end KILL; }

# Put a meeting with one endpoint per address on one port; the last argument is its rules.
meeting_put() { # id port protocol rules
	rg meeting put "$1" - <<-BODY
	{"endpoints": [{"address": "198.51.100.10", "port": $2, "protocol": "$3"},
	               {"address": "2001:db8:ffff::10", "port": $2, "protocol": "$3"}],
	 "rules": $4}
	BODY
}
# shellcheck disable=SC2034  # used by tests
REFUSE_CN='[{"id": "r1", "action": "refuse", "regions": ["CN"]}]'

# Participants with documentation addresses in DE and CN, IPv4 and IPv6.
world_participants() {
	world_host de 192.0.2.10 2001:db8:de::10
	world_host cn 203.0.113.10 2001:db8:c::10
}
regions_put() {
	rg region put de --network 192.0.2.0/24 --network 2001:db8:de::/48 --country DE &&
		rg region put cn --network 203.0.113.0/24 --network 2001:db8:c::/48 --country CN
}

# The world that tests of the daemon's life begin with: a native filter, a meeting that refuses CN.
world_begin_filtered() { # daemon-option...
	world_begin
	world_participants
	echo_start server 10001
	daemon_start --interface eth0:native "$@"
	regions_put >/dev/null && meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null || die "no meeting"
	kept_out "CN is refused" cn 198.51.100.10 10001
}

# Kernel objects of regiongate that no process holds: what a test leaves behind is what
# this lists more at its end than at its start. (What another test's process holds at the
# same time is not ours, nor is the pinned link of a program that it holds. A geo table lives as long as its rg_geo.)
kernel_objects() {
	local held
	held=$(cat /proc/[0-9]*/fdinfo/* 2>/dev/null |
		awk '/^(map|prog|link)_id:/ { sub("_id:", ""); print $1, $2 }')
	held="$held
$(bpftool -j prog list | jq -r '.[] | .id as $id | (.map_ids // [])[] | "\($id) \(.)"' |
		awk -v held="$held" 'BEGIN { n = split(held, lines, "\n"); for (i = 1; i <= n; i++) is[lines[i]] }
			("prog " $1) in is { print "map", $2 }')"
	{
		bpftool -j map list | jq -r '.[] | select(.name // "" | startswith("rg_")) |
			select(.name != "rg_geo_table") | "map \(.id) \(.name)"'
		bpftool -j prog list | jq -r '.[] | select(.type == "xdp") | "prog \(.id) \(.name)"'
		bpftool -j link list | jq -r '.[] | select(.type == "xdp") | "link \(.id) prog \(.prog_id)"'
	} | awk -v held="$held" 'BEGIN { n = split(held, lines, "\n"); for (i = 1; i <= n; i++) is[lines[i]] }
		!(($1 " " $2) in is) && !(($3 " " $4) in is) { sub(/ prog [0-9]+$/, ""); print }'
}
# The kernel frees what was closed a little later.
no_more_objects_than() { # file
	local tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		kernel_objects | sort >"$WORK/objects.now"
		[ -z "$(comm -13 <(sort "$1") "$WORK/objects.now")" ] && return
		sleep 0.5
	done
	comm -13 <(sort "$1") "$WORK/objects.now" | sed 's/^/# left: /'
	return 1
}
