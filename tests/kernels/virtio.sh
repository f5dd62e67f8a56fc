#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The filter on a virtio NIC, native and generic, while its driver is configured anew and reset, and on a bond. For the virtual machine of tests/kernels/run, which has
# two that are connected: eth0 becomes the server's, eth1 joins the bridge.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
bus=/sys/bus/virtio/drivers/virtio_net
device=$(basename "$(readlink -f /sys/class/net/eth0/device)")
command ip link set eth0 netns "$NS-server" name nic0 && command ip link set eth1 netns "$NS-lan" name nic1 ||
	die "there are no two virtio interfaces"
ip -n "$NS-lan" link set nic1 master lan up
ip -n "$NS-server" link set eth0 down
address() { # interface
	ip -n "$NS-server" link set "$1" up
	ip -n "$NS-server" addr replace 198.51.100.10/32 dev "$1"
	ip -n "$NS-server" addr replace 2001:db8:ffff::10/128 dev "$1" nodad
	ip -n "$NS-server" route replace default dev "$1"
	ip -n "$NS-server" -6 route replace default dev "$1"
}
address nic0
echo_start server 10001 10002
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
through "before: CN comes through" cn 198.51.100.10 10001
field() { rg status --json | jq -r --arg name "$1" ".interfaces[] | select(.name == \$name) | .$2"; }
for mode in native generic; do
	check "attach, $mode" rg attach nic0 --mode $mode
	is "as the kernel has it: $mode" "$(field nic0 attached_mode)" $mode
	for address in 198.51.100.10 2001:db8:ffff::10; do
		kept_out "$mode: CN is refused ($address)" cn $address 10001
		through "$mode: DE is admitted ($address)" de $address 10001
		through "$mode: another port passes ($address)" cn $address 10002
	done
	check "detach, $mode" rg detach nic0
done
through "after: CN comes through" cn 198.51.100.10 10001

# The driver makes its queues anew, or is reset whole.
judged() { # text interface times-it-was-attached-again
	through "$1: DE is admitted" de 198.51.100.10 10001
	kept_out "$1: CN is refused" cn 198.51.100.10 10001
	is "$1: attached in the mode of before" "$(field "$2" attached_mode)" native
	is "$1: put on again" "$(field "$2" reattached)" "$3"
}
changed() { # text command...
	check "$1" in_host server "${@:2}"
	judged "$1" nic0 0
}
check "attach again, native" rg attach nic0 --mode native
changed "another MTU" ip link set nic0 mtu 1400
changed "smaller rings" ethtool -G nic0 rx 64
changed "queues" ethtool -L nic0 combined 1
ip -n "$NS-server" link set nic0 down
address nic0
judged "down and up" nic0 0
echo "$device" >$bus/unbind
gone() { field nic0 problem | grep -q "there is no interface"; }
check "the driver is off: said" until_true 10 gone
echo "$device" >$bus/bind
until_true 5 ls "/sys/bus/virtio/devices/$device/net"
command ip link set "$(ls "/sys/bus/virtio/devices/$device/net")" netns "$NS-server" name nic0
back() { [ "$(field nic0 attached)" = true ]; }
check "it is on again: so is the filter" until_true 10 back
address nic0
judged "a new device of the same name" nic0 1
rg detach nic0 >/dev/null

# A bond: on it, natively, and not on its members.
check "a bond" ip -n "$NS-server" link add bond0 type bond mode active-backup miimon 100
ip -n "$NS-server" link set nic0 down
ip -n "$NS-server" link set nic0 master bond0
address bond0
check "attach to a bond" rg attach bond0 --mode native
judged "bond" bond0 0
rg attach nic0 --mode native 2>"$WORK/err"
is "its member is not attached to as well" $? 1
check "with the reason" grep -q "an interface above 'nic0', such as a bond, has an XDP program already" "$WORK/err"
check "detach from the bond" rg detach bond0
check "attach to a member" rg attach nic0 --mode native
judged "member" nic0 0
rg attach bond0 --mode native 2>"$WORK/err"
is "nor natively to the bond over a member that is" $? 1
world_done
