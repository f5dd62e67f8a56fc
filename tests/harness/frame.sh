# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Frames as lower-case hex, and capture files made of them; sourced, bash.
#
# UDP checksums are zero; those of IPv4 headers are right: bridges look at them.
MAC_TO=${MAC_TO:-020000000001}
MAC_FROM=020000000099
PAYLOAD=00000000000000000000000000000000000000000000

hex4() { # dotted address
	local IFS=.
	# shellcheck disable=SC2086  # split at the dots
	printf '%02x%02x%02x%02x' $1
}
hex16() { printf '%04x' "$1"; }

ether() { # hex of the types and tags behind the MAC addresses
	printf '%s' "$MAC_TO$MAC_FROM$1"
}
udp() { # source-port destination-port
	printf '%s%s%s0000%s' "$(hex16 "$1")" "$(hex16 "$2")" "$(hex16 $((8 + ${#PAYLOAD} / 2)))" "$PAYLOAD"
}
# IPv4 header in front of hex; @4: flags and fragment offset, @5: protocol
ip4() { # source destination hex [fragment [protocol]]
	local before after sum=0 i words
	before=4500$(hex16 $((20 + ${#3} / 2)))0001${4:-0000}40${5:-11}
	after=$(hex4 "$1")$(hex4 "$2")
	words=$before$after
	for ((i = 0; i < ${#words}; i += 4)); do
		sum=$((sum + 16#${words:i:4}))
	done
	sum=$(((sum & 0xffff) + (sum >> 16)))
	sum=$(((sum & 0xffff) + (sum >> 16)))
	printf '%s%s%s%s' "$before" "$(hex16 $((sum ^ 0xffff)))" "$after" "$3"
}
# IPv6 header in front of hex; addresses as 32 hex digits; @4: next header
ip6() { # source destination hex [next-header]
	printf '60000000%s%s40%s%s%s' "$(hex16 $((${#3} / 2)))" "${4:-11}" "$1" "$2" "$3"
}

binary() { # hex
	# shellcheck disable=SC2001,SC2059  # the format is the data
	printf "$(sed 's/../\\x&/g' <<<"$1")"
}
le32() { # number
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# A capture of frames, at noon of 2020-06-04 or as they say, in seconds since 1970; PCAP_CUT: bytes that are
# captured of each, at most.
pcap() { # link-type [time@]frame...
	local frame length cut time
	binary "d4c3b2a1020004000000000000000000ffff0000$(le32 "$1")"
	shift
	for frame; do
		time=1591272000
		case $frame in *@*) time=${frame%@*} frame=${frame#*@} ;; esac
		length=$((${#frame} / 2))
		cut=$((length < ${PCAP_CUT:-65535} ? length : PCAP_CUT))
		binary "$(le32 $time)00000000$(le32 $cut)$(le32 $length)${frame:0:$((2 * cut))}"
	done
}
