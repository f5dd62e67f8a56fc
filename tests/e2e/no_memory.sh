#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel has no memory (ENOMEM), at each bpf() call of a push in turn: a clear
# error, nothing changed in store and kernel, the filter as it was.
. "$(dirname "$0")/../harness/world.sh"

fail_at() { # which call from now on; 0: none
	perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f; read $f, my $now, 8;
		seek $f, 8, 0; print $f pack("Q", $ARGV[1] ? unpack("Q", $now) + $ARGV[1] : 0)' "$FAILS" "$1"
}
has_failed() {
	perl -e 'open my $f, "<", $ARGV[0] or die; read $f, my $b, 16; my ($n, $at) = unpack "QQ", $b; exit !($n >= $at)' "$FAILS"
}

world_begin
FAILS=$WORK/fails
head -c 40 /dev/zero >"$FAILS"
export BPF_FAILS=$FAILS
world_participants
echo_start server 10001
[ -e "$RG_BUILD/tests/bpf_fails.so" ] || die "bpf_fails.so is not built"
export LD_PRELOAD=$RG_BUILD/tests/bpf_fails.so
daemon_start --interface eth0:native
unset LD_PRELOAD
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
rg endpoint put sfu - >/dev/null <<<'{"address": "198.51.100.10", "ports": "10100", "protocol": "udp"}' || die "no endpoint"
call() { # method path body: prints the status
	curl -s -m 20 -o "$WORK/body" -w '%{http_code}' --unix-socket "$SOCKET" -X "$1" "http://rg$2" ${3+-d "$3"}
}
state() { rg meeting list --json; rg endpoint list --json; rg region list --json; }

each_call_fails() { # text most method path body undo-method undo-path [undo-body]
	local n status wrong=0 failures=0 before
	before=$(state)
	for n in $(seq "$2"); do
		fail_at "$n"
		status=$(call "$3" "$4" "$5")
		has_failed || break
		fail_at 0
		if [ "$status" -ge 400 ]; then
			failures=$((failures + 1))
			case $status in 503 | 507) ;; *) wrong=$((wrong + 1)) ;; esac
			jq -e '.detail | length > 0' "$WORK/body" >/dev/null || wrong=$((wrong + 1))
			state >"$WORK/after"
			diff <(echo "$before") "$WORK/after" >"$WORK/diff" || {
				wrong=$((wrong + 1))
				sed 's/^/# /' "$WORK/diff"
			}
		else # it could do without
			call "$6" "$7" ${8+"$8"} >/dev/null
		fi
	done
	fail_at 0
	[ "$status" -ge 400 ] || call "$6" "$7" ${8+"$8"} >/dev/null
	is "$1: each refusal is clear and changes nothing ($failures of $((n - 1)))" $wrong 0
	check "$1: some were refused" [ $failures -ge 1 ]
	is "$1: store and kernel agree" "$(rg status --verify --json | jq .differences)" 0
	kept_out "$1: CN is refused" cn 198.51.100.10 10001
	through "$1: DE is admitted" de 198.51.100.10 10001
}
each_call_fails "a push" 40 PUT /v1/meetings/m-2 '{"endpoints": [{"address": "198.51.100.10", "port": 10002},
	{"address": "198.51.100.11", "port": 10002}], "ufrags": [{"endpoint": "sfu", "ufrag": "abcdef"}],
	"rules": [{"action": "refuse", "regions": ["CN"]}]}' DELETE /v1/meetings/m-2
m_1() { # rules
	echo '{"id": "m-1", "endpoints": [{"address": "198.51.100.10", "port": 10001}, {"address": "2001:db8:ffff::10", "port": 10001}], "rules": '"$1}"
}
each_call_fails "a batch" 40 POST /v1/meetings:batch "$(m_1 '[{"action": "refuse", "regions": ["CN", "HK"]}]')
	"'{"id": "m-2", "endpoints": [{"address": "198.51.100.10", "port": 10002}, {"address": "198.51.100.11", "port": 10002}]}
	{"id": "m-3", "endpoints": [{"address": "any", "port": 10003}], "ufrags": [{"endpoint": "sfu", "ufrag": "abcdef"}]}' \
	POST /v1/meetings:batch '{"op": "delete", "id": "m-2"}
	{"op": "delete", "id": "m-3"}
	'"$(m_1 "$REFUSE_CN")"
each_call_fails "a custom region" 40 PUT /v1/regions/partners '{"networks": ["198.51.100.128/25"], "country": "FR"}' \
	DELETE /v1/regions/partners
daemon_stop
check "--detach" daemon_run --detach
world_done
