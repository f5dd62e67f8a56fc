#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The filter on a virtio NIC, native and generic. For the virtual machine of tests/kernels/run, which has
# two that are connected: eth0 becomes the server's, eth1 joins the bridge.
. "$(dirname "$0")/../harness/world.sh"

world_begin
world_participants
command ip link set eth0 netns "$NS-server" name nic0 && command ip link set eth1 netns "$NS-lan" name nic1 ||
	die "there are no two virtio interfaces"
ip -n "$NS-lan" link set nic1 master lan up
ip -n "$NS-server" link set eth0 down
ip -n "$NS-server" link set nic0 up
ip -n "$NS-server" addr add 198.51.100.10/32 dev nic0
ip -n "$NS-server" addr add 2001:db8:ffff::10/128 dev nic0 nodad
ip -n "$NS-server" route replace default dev nic0
ip -n "$NS-server" -6 route replace default dev nic0
echo_start server 10001 10002
daemon_start
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
through "before: CN comes through" cn 198.51.100.10 10001
for mode in native generic; do
	check "attach, $mode" rg attach nic0 --mode $mode
	is "as the kernel has it: $mode" "$(rg status --json | jq -r '.interfaces[] | select(.name == "nic0") | .attached_mode')" $mode
	for address in 198.51.100.10 2001:db8:ffff::10; do
		kept_out "$mode: CN is refused ($address)" cn $address 10001
		through "$mode: DE is admitted ($address)" de $address 10001
		through "$mode: another port passes ($address)" cn $address 10002
	done
	check "detach, $mode" rg detach nic0
done
through "after: CN comes through" cn 198.51.100.10 10001
world_done
