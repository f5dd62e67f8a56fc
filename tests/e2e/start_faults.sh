#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# At each call of a start in turn the kernel refuses (no memory, no right, no space), once or from there on, and
# the start is killed, before the call and after it. Under three senders: what was in force stays so, a start
# that fails says why in one line and leaves nothing, the next one goes on, and no two loads ever count GeoIP
# generations alike. RG_FAULTS_STEP (13): every which call; 1 takes many minutes.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/senders.sh"

STEP=${RG_FAULTS_STEP:-13}
ENOMEM=12 EPERM=1 ENOSPC=28 KILL_BEFORE=1000 KILL_AFTER=1001

[ -e "$RG_BUILD/tests/bpf_fails.so" ] || die "bpf_fails.so is not built"
world_begin
world_participants
echo_start server 10001
world_link server hot0
export BPF_FAILS=$WORK/order
daemon_start --interface eth0:native
regions_put >/dev/null && meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null || die "no meeting"
rg attach hot0 --egress clsact >/dev/null || die "hot0 is not attached"
senders_flow
# Names of the links, and their ids: a link that was taken off and made anew has another.
links() {
	local link
	for link in "$PINS"/links/*; do
		echo "${link##*/} $(bpftool -j link show pinned "$link" 2>/dev/null | jq .id 2>/dev/null)"
	done
}
links=$(links)
kernel_objects | sort >"$WORK/objects"
daemon_kill

order() { # at how more all
	perl -e 'open my $f, ">", shift or die; binmode $f; print $f pack "Q5", 0, @ARGV' "$BPF_FAILS" "$@"
}
lift() { # from now on nothing is refused
	perl -e 'open my $f, "+<", shift or die; binmode $f; seek $f, 8, 0; print $f pack "Q", 0' "$BPF_FAILS"
}
calls() { perl -e 'open my $f, "<", shift or die; read $f, my $b, 8; print unpack "Q", $b' "$BPF_FAILS"; }

# One start under an order: "force" (and then killed), "failed" or "killed". Its last words are in $WORK/words.
try() { # at how more all
	local pid status tries=1200

	rm -f "$SOCKET" "$WORK/words"
	order "$@"
	(LD_PRELOAD=$RG_BUILD/tests/bpf_fails.so exec nsenter --net="/run/netns/$NS-server" -- "$REGIONGATED" \
		--config /dev/null --socket "$SOCKET" --state "$STATE" --pin-dir "$PINS") 2>"$WORK/words" &
	pid=$!
	while kill -0 $pid 2>/dev/null && ! grep -qs "in force;" "$WORK/words" && [ $((tries -= 1)) != 0 ]; do sleep 0.05; done
	DAEMON=$pid
	if grep -q 'in force;' "$WORK/words"; then
		result=force
		return
	fi
	[ $tries = 0 ] && kill -KILL $pid
	wait $pid 2>/dev/null
	status=$?
	DAEMON=
	case $status in
	1) result=failed ;;
	137) result=killed ;;
	*) result="exit $status" ;;
	esac
}

# Of each map that GeoIP generations are counted in and that is pinned: its id and the generation.
generations() {
	local map
	for map in "$PINS"/*rg_state; do
		[ -e "$map" ] || continue
		# of a set that is not whole: no link had its program
		[ "${map##*/}" != new_rg_state ] || [ -e "$PINS/new_rg_egress" ] || continue
		echo "$(bpftool -j map show pinned "$map" | jq .id) $(bpftool -j map dump pinned "$map" | jq '.[0].formatted.value.geo_generation')"
	done
}

wrong=0
complain() { # call text
	wrong=$((wrong + 1))
	echo "# call $1: $2"
	sed 's/^/# daemon: /' "$WORK/words"
}
looks_failed() { # call more
	[ "$(grep -vc 'ledger' "$WORK/words")" = 1 ] || complain "$1" "not one line"
	[ "$(links)" = "$links" ] || complain "$1" "the links are others"
	# if it can not even switch links back, both sets are in force, and it leaves its own, whole, for the next start
	[ -z "$(find "$PINS" -name 'new_*')" ] || { [ "$2" != 0 ] && [ -e "$PINS/new_rg_egress" ]; } || complain "$1" "it leaves pins"
	[ ! -e "$SOCKET" ] || complain "$1" "it leaves its socket"
}
looks_in_force() { # call
	lift
	until_true 5 rg status || complain "$1" "it does not answer"
	[ "$(rg status --verify --json | jq '[.checks[] | select(.name != "pins" and .name != "interfaces") | .differences] | add')" = 0 ] ||
		complain "$1" "the maps are not what the store says"
	[ "$(rg status --json | jq '[.interfaces[] | select(.attached)] | length')" = 2 ] || complain "$1" "not attached"
}

each_call() { # text how more all first step [last]: each call of a start; all: 0 only bpf(), 1 files and netlink, too
	local at failed=0 force=0 killed=0
	wrong=0
	for ((at = $5; at <= ${7:-1000000}; at += $6)); do
		try "$at" "$2" "$3" "$4" 2>/dev/null # what bash says of a killed job
		[ "$(calls)" -ge "$at" ] || break
		case $result in
		failed) failed=$((failed + 1)) && looks_failed "$at" "$3" ;;
		force) force=$((force + 1)) && looks_in_force "$at" ;;
		killed) killed=$((killed + 1)) && { [ "$2" -ge $KILL_BEFORE ] || complain "$at" "it hangs"; } ;;
		*) complain "$at" "$result" ;;
		esac
		generations >>"$WORK/generations"
		[ -z "$DAEMON" ] || daemon_kill
	done
	[ -z "$DAEMON" ] || daemon_kill
	is "$1: of $at calls, $failed end a start, $force do not, $killed times it was killed: all as it should be" $wrong 0
}

daemon_start
senders_start
daemon_kill
# without gaps where maps, counters and flows of the load before are taken over: what can not be read is not given up
each_call "no memory while taking over" $ENOMEM 0 0 1 1 60
each_call "no memory" $ENOMEM 0 1 1 "$STEP"
each_call "no right" $EPERM 0 1 2 "$STEP"
each_call "no space from there on" $ENOSPC 100000 0 3 $((STEP * 3))
daemon_start
check "the next start is in force, and store and kernel agree" [ "$(rg status --verify --json | jq .differences)" = 0 ]
daemon_kill
each_call "killed before a call" $KILL_BEFORE 0 1 1 "$STEP"
each_call "killed after a call" $KILL_AFTER 0 1 2 "$STEP"
daemon_start
check "and is after kills" [ "$(rg status --verify --json | jq .differences)" = 0 ]
generations >>"$WORK/generations"
is "no two loads have counted alike" "$(sort -u "$WORK/generations" | awk '{ print $2 }' | sort | uniq -d | wc -l)" 0
is "no pin of a start that was broken off is left" "$(find "$PINS" -name 'new_*' -o -name 'old_*' | wc -l)" 0
is "the links are those of the beginning" "$(links)" "$links"
senders_end
senders_judge
check "every program and map of a broken start is gone" no_more_objects_than "$WORK/objects"
daemon_stop
check "--detach" daemon_run --detach
is "nothing is left" "$(find "$PINS" 2>/dev/null | wc -l)" 0
world_done
