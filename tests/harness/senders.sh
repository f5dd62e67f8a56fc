# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Senders that run while something happens to the daemon: not a packet of DE and of a bound flow may be
# lost, not one of CN get through. Sourced after world.sh, in the world of world_begin_filtered.
#
#   senders_flow            a shared endpoint on port 10100, and a flow of DE's port 4000 that is bound there
#   senders_start           DE and CN to port 10001, and the flow (no request among its packets)
#   senders_end             wait for them
#   senders_judge [TEXT]    what came of it, and the counters: call it with a daemon in force

SENDERS=()

senders_flow() {
	rg endpoint put sfu - >/dev/null <<<'{"address": "198.51.100.10", "ports": "10100", "protocol": "udp", "unbound": "refuse"}' &&
		rg meeting put m-flow - >/dev/null <<<'{"ufrags": [{"endpoint": "sfu", "ufrag": "carried"}]}' || die "no shared endpoint"
	echo_start server 10100
	is "a flow is bound" "$(answered de -u carried:peer -p 4000 -n 3 -i 0 -w 300 198.51.100.10 10100)" 3
}

senders_refused() { rg stats m-1 --json | jq .verdicts.refuse.packets; }
# Packets that are refused for another reason than CN's.
senders_wrong() {
	rg status --json | jq '[.reasons | to_entries[] | select(.key | startswith("refuse_")) |
		select(.key != "refuse_region") | .value.packets] | add'
}
# What a busy machine loses, and the filter has no part in: datagrams that a socket, a queue of a veth
# pair or the backlog of a CPU had no room for.
senders_overflows() {
	local host
	{
		for host in de cn server; do
			in_host $host awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp
		done
		for host in de cn server lan; do
			nsenter --net="/run/netns/$NS-$host" -- ip -j -s link | jq '.[].stats64.tx.dropped'
		done
		while read -r _ dropped _; do
			echo $((16#$dropped))
		done </proc/net/softnet_stat
	} | jq -s add
}

# An answer that is late on a busy machine is not lost: those who get answers wait long for the last one.
sender() { # name host udpcat-send-argument...: rounds of 1000 packets until $WORK/stop is there; the sums
	local name=$1 host=$2 sent=0 answered=0 counts
	shift 2
	while [ ! -e "$WORK/stop" ]; do
		counts=$(in_host "$host" "$UDPCAT" send -n 1000 -i 200 "$@") || break
		read -r n a _ <<<"$counts"
		sent=$((sent + n)) answered=$((answered + a))
	done
	echo "$sent $answered" >"$WORK/$name"
}

senders_start() {
	rm -f "$WORK/stop"
	SENDERS_REFUSED=$(senders_refused)
	SENDERS_WRONG=$(senders_wrong)
	SENDERS_OVERFLOWED=$(senders_overflows)
	sender de de -w 8000 198.51.100.10 10001 &
	SENDERS+=($!)
	sender cn cn -w 500 198.51.100.10 10001 &
	SENDERS+=($!)
	sender flow de -w 8000 -p 4000 198.51.100.10 10100 & # no request among them: a flow that is lost stays lost
	SENDERS+=($!)
	JOBS+=("${SENDERS[@]}")
}

senders_end() {
	touch "$WORK/stop"
	wait "${SENDERS[@]}"
	SENDERS=()
}

senders_judge() { # [text]
	local text=${1:+$1: } overflowed=$(($(senders_overflows) - SENDERS_OVERFLOWED)) missing
	got() { cut -d' ' -f2 "$WORK/$1"; }
	sent() { cut -d' ' -f1 "$WORK/$1"; }
	missing=$(($(sent de) + $(sent flow) - $(got de) - $(got flow)))
	echo "# sent and answered: DE $(cat "$WORK/de"), CN $(cat "$WORK/cn"), flow $(cat "$WORK/flow");" \
		"$missing answers are missing; queues had no room for $overflowed"
	check "${text}no packet of DE and of the bound flow was lost" [ "$missing" -le "$overflowed" ]
	is "${text}none of them was refused" "$(senders_wrong)" "$SENDERS_WRONG"
	is "${text}no packet of CN got through" "$(got cn)" 0
	check "${text}there was traffic" [ "$(sent cn)" -ge 5000 ]
	check "${text}and of the flow" [ "$(sent flow)" -ge 5000 ]
	is "${text}counters went on, to the packet" "$(senders_refused)" $((SENDERS_REFUSED + $(sent cn)))
}
