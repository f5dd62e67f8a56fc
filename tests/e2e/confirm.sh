#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# attach --confirm: the filter takes itself back unless it is confirmed, whatever becomes of the daemon.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
echo_start server 10001
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
off() { [ "$(ip -n "$NS-server" -j link show dev eth0 | jq '.[0].xdp.mode // 0')" = 0 ]; }
call() { curl -s -o "$WORK/body" -w '%{http_code}' --unix-socket "$SOCKET" -X "$1" "http://rg$2" "${@:3}"; }

for body in '{"confirm_within_s": 0}' '{"confirm_within_s": 3601}' '{"confirm_within_s": "30"}' '{"confirm_within_s": 1.5}'; do
	is "$body: refused" "$(call PUT /v1/interfaces/eth0 -d "$body")" 422
	is "with the field" "$(jq -r .pointer "$WORK/body")" /confirm_within_s
done
check "and nothing is attached" off
rg attach eth0 30s >/dev/null 2>&1
is "a time without --confirm is a misuse" $? 2
rg attach eth0 --confirm soon >/dev/null 2>&1
is "a time that is none, too" $? 2
rg attach eth0 --confirm >/dev/null 2>&1
is "there is nothing to confirm yet" $? 1
check "and nothing is attached" off

check "on trial for five seconds" rg attach eth0 --confirm 5s
is "the status says how long" "$(rg status --json | jq '.interfaces[0].confirm_within_s | . >= 1 and . <= 5')" true
kept_out "CN is refused at once" cn 198.51.100.10 10001
is "nothing is pinned" "$(find "$PINS/links" -mindepth 1 | wc -l)" 0
check "not confirmed: it is off again" until_true 10 off
through "and nothing is refused" cn 198.51.100.10 10001
is "and forgotten" "$(rg status --json | jq '.interfaces | length')" 0
check "it is said" grep -q "'eth0' was not confirmed in time: the filter is off again" "$WORK/daemon.log"

check "on trial" rg attach eth0 --confirm 60s --mode native
daemon_kill
check "kill -9: it is off" until_true 3 off
daemon_start
check "and stays off after a restart" off
check "on trial" rg attach eth0 --confirm 60s
daemon_stop
check "stop: it is off" until_true 3 off
daemon_start

check "on trial, short" rg attach eth0 --confirm 1s
check "on trial, longer" rg attach eth0 --confirm 60s
sleep 1.5
kept_out "the longer one holds" cn 198.51.100.10 10001
rg attach eth0 --mode generic 2>"$WORK/err"
is "another mode does not confirm" $? 1
check "confirmed" rg attach eth0 --confirm
is "it is pinned, with its egress" "$(find "$PINS/links" -mindepth 1 | wc -l)" 2
is "the status knows of no trial" "$(rg status --json | jq '.interfaces[0].confirm_within_s')" null
check "confirming again is no mistake" rg attach eth0 --confirm
rg attach eth0 --confirm 30s 2>"$WORK/err"
is "what is attached for good does not go on trial" $? 1
kept_out "it filters" cn 198.51.100.10 10001
daemon_kill
kept_out "also when the daemon is killed" cn 198.51.100.10 10001
daemon_start
check "detached" rg detach eth0

is "over the API" "$(call PUT /v1/interfaces/eth0 -d '{"confirm_within_s": 60}')" 200
is "confirmed" "$(call POST /v1/interfaces/eth0:confirm)" 200
check "detached" rg detach eth0
check "a trial can be detached" rg attach eth0 --confirm 60s
check "so" rg detach eth0
check "it is off" off
is "nothing to confirm" "$(call POST /v1/interfaces/eth0:confirm)" 404

# Its interface goes, changes its name or loses the filter: then the trial is over.
program_of() { ip -n "$NS-server" -j link show dev "$1" | jq '.[0].xdp.mode // 0'; }
asked() { rg status --json | jq -e --arg name "$1" 'any(.interfaces[]; .name == $name)'; }
forgotten() { ! asked "$1"; }
world_link server try0
check "on trial" rg attach try0 --confirm 60s
ip -n "$NS-server" link set try0 down
ip -n "$NS-server" link set try0 name try1 up
check "renamed: the trial is over" until_true 3 forgotten try0
is "and the filter off, whatever the name is" "$(program_of try1)" 0
check "it is said" grep -q "the trial on 'try0' is over" "$WORK/daemon.log"
check "on trial under the new name" rg attach try1 --confirm 60s
bpftool link detach id "$(rg status --json | jq '.interfaces[] | select(.name == "try1").link_id')" >/dev/null
rg attach try1 --confirm >"$WORK/out" 2>"$WORK/err"
is "taken off by somebody: not confirmed" $? 1
check "because of that" grep -q "the trial on 'try1' is over" "$WORK/err"
check "and forgotten" forgotten try1
for i in $(seq 10); do
	world_link server gone$i
	rg attach gone$i --confirm 60s >/dev/null 2>"$WORK/err" || break
	ip -n "$NS-server" link del gone$i
	until_true 3 forgotten gone$i || break
done
check "interfaces that go take their trials with them" [ "$(cat "$WORK/err")$i" = 10 ]
world_link server try2
check "on trial" rg attach try2 --confirm 60s
rm -r "$PINS"
rg attach try2 --confirm 2>"$WORK/err"
is "without pins nothing is confirmed" $? 1
check "because of that" grep -q "the pins at $PINS were removed" "$WORK/err"
check "it can be detached" rg detach try2
daemon_stop
check "nothing is left pinned" [ ! -e "$PINS" ]
world_done
