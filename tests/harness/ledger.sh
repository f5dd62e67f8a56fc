# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Exports of ledgers that no daemon wrote, for tests; sourced, bash.
#
#   ledger_entry FILE AT KIND SUBJECT DETAIL   one entry more, chained to the one before
#   ledger_end FILE                            the line at the end
#   ledger_applied, ledger_guarded, ledger_refusals   entries as the engine writes them
#   order JURISDICTION REFERENCE [FIELDS]      an order; FIELDS start with a comma
#   ledger_sample FILE    a year and a half of orders of three jurisdictions

LEDGER_SEQ=0
LEDGER_HASH=$(printf '0%.0s' {1..64})

ledger_entry() {
	local line
	LEDGER_SEQ=$((LEDGER_SEQ + 1))
	line=$(jq -cSjn --arg at "$2" --arg kind "$3" --arg subject "$4" --argjson detail "$5" \
		--arg previous "$LEDGER_HASH" --argjson seq $LEDGER_SEQ \
		'{at: $at, kind: $kind, subject: $subject, detail: $detail, previous: $previous, seq: $seq,
		  who: {uid: 0, gid: 0, pid: 1}}')
	printf '%s\n' "$line" >>"$1"
	LEDGER_HASH=$(printf '%s' "$line" | sha256sum | cut -d ' ' -f 1)
}
ledger_end() {
	echo "{\"head\":{\"seq\":$LEDGER_SEQ,\"hash\":\"$LEDGER_HASH\"},\"next\":null,\"exported_at\":\"2021-07-01T00:00:00.000Z\"}" >>"$1"
}

order() {
	echo "{\"jurisdiction\":\"$1\",\"authority\":\"Authority of $1\",\"basis\":\"Act on Conferences\",
		\"reference\":\"$2\",\"received\":\"2020-06-01\"${3:-}}"
}
ledger_applied() { # file at meeting order
	ledger_entry "$1" "$2" meeting-put "$3" \
		"{\"after\":{\"orders\":[{\"rule\":\"r1\",\"order\":$4}]},\"before\":null}"
}
ledger_guarded() { # file at kind order
	ledger_entry "$1" "$2" "$3" m-1 "{\"order\":$4,\"exceeds\":[\"HK\"]}"
}
ledger_refusals() { # file at meeting networks order
	ledger_entry "$1" "$2" refusals "$3" \
		"{\"region\":\"CN\",\"networks\":$4,\"packets\":900,\"order\":$5}"
}

ledger_sample() { # file
	local file=$1 month n
	for n in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18; do
		month=$(printf '%d-%02d' $((2020 + (10#$n - 1) / 12)) $(((10#$n - 1) % 12 + 1)))
		ledger_applied "$file" "$month-03T10:00:00.000Z" "m-a$n" "$(order CN "CN-$n")"
		ledger_refusals "$file" "$month-04T10:00:00.000Z" "m-a$n" $((10#$n * 3)) "$(order CN "CN-$n")"
		if [ $((10#$n % 2)) = 0 ]; then
			ledger_guarded "$file" "$month-05T10:00:00.000Z" order-refused "$(order BA "BA/$n")"
		fi
		if [ $((10#$n % 3)) = 0 ]; then
			ledger_guarded "$file" "$month-06T10:00:00.000Z" order-refused "$(order US-CA "CA $n")"
			ledger_applied "$file" "$month-07T10:00:00.000Z" "m-c$n" "$(order US-CA "CA $n")"
		fi
	done
	for n in 1 2 3 4 5 6 7 8; do
		ledger_applied "$file" 2021-06-10T10:00:00.000Z "m-d$n" "$(order EU EU-1)"
	done
	ledger_guarded "$file" 2021-06-11T10:00:00.000Z override "$(order KR KR-1)"
	ledger_applied "$file" 2021-06-11T10:00:01.000Z m-e "$(order KR KR-1)"
	ledger_applied "$file" 2021-06-12T10:00:00.000Z m-f "$(order VN 'hidden-reference' ',"gag_until":"2099-01-01T00:00:00Z"')"
	ledger_applied "$file" 2021-06-13T10:00:00.000Z m-g "$(order FR '<script>alert(1)</script> & \"quotes\"')"
	ledger_end "$file"
}
