#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# README.md: what make run shows, and the tour by hand, are what the page shows.
. "$(dirname "$0")/../harness/world.sh"
. "$(dirname "$0")/../harness/pages.sh"

here() { sed -e "s,/tmp/tour,$WORK/tour,g" -e "s/\bmedia\b/$NS-media/g; s/\bguest\b/$NS-guest/g"; }
before() { :; }
section() { # title of the section behind it
	sed -n "/^## $1/,/^## $2/p" "$RG_TOP/README.md"
}

world_begin
HOSTS+=(media guest) # those of the tour, should it not come to its end
mkdir "$WORK/reader"
ln -s "$RG_BUILD" "$WORK/reader/build"
cd "$WORK/reader" || exit 1
page_run < <(section "The same by hand" "Where things are")
# shellcheck disable=SC2207  # numbers
JOBS+=($(jobs -p))
mountpoint -q "$WORK/tour/bpf" && umount "$WORK/tour/bpf"

RG_BUILD=$RG_BUILD "$RG_TOP/tools/demo" >"$WORK/printed" 2>&1
is "the demonstration" $? 0
shown=$(section "What .make run. shows" "The same by hand" | sed -n '/^```/,/^```/p' | sed '/^```/d')
check "what it shows" fits "..."$'\n'"$shown"$'\n'"..."
world_done
