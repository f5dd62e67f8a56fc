#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A Janus videoroom across the filter, with three Chromium participants: see sfu.mjs.
. "$(dirname "$0")/../harness/webrtc.sh"

webrtc_world
janus_start
sfu_filter sfu udp
browsers_run "$(dirname "$0")/sfu.mjs"
