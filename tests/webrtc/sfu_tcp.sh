#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The same over TCP: see sfu_tcp.mjs. Janus' TCP candidates need ICE lite.
. "$(dirname "$0")/../harness/webrtc.sh"

webrtc_world
janus_start ', ice_lite = true, ice_tcp = true'
sfu_filter sfu-tcp tcp
browsers_run "$(dirname "$0")/sfu_tcp.mjs"
