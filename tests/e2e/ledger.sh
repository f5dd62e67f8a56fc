#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The ledger: what is recorded, and that whatever is done to it is found, in an export and
# in the store's own file.
. "$(dirname "$0")/../harness/world.sh"

world_begin
daemon_start --interface eth0:native
export REGIONGATE_ACTOR=alice@example.org
regions_put >/dev/null
meeting_put m-1 10001 udp "$REFUSE_CN" >/dev/null
meeting_put m-1 10001 udp '[]' >/dev/null
unset REGIONGATE_ACTOR
rg meeting delete m-1 >/dev/null
rg detach eth0 >/dev/null

kinds() { rg ledger list --json | jq -r '[.entries[].kind] | join(" ")'; }
is "each change is an entry, in order" "$(kinds)" \
	"start interface-attach region-put region-put meeting-put meeting-put meeting-delete interface-detach"
is "the calling process is named" "$(rg ledger list --json | jq -c '.entries[4].who | [.uid, .gid]')" "[0,0]"
is "and whom it says that it acts for" "$(rg ledger list --json | jq -r '.entries[4].who.asserted')" alice@example.org
is "nobody is asserted where nobody was named" "$(rg ledger list --json | jq -r '.entries[6].who.asserted')" null
is "what a meeting was and is" "$(rg ledger list --json | jq -r '.entries[5].detail | "\(.before.policy), then \(.after.policy)"')" \
	"refuse CN; default admit, then default admit"
check "the list for people shows them" sh -c "\"$REGIONGATE\" --socket \"$SOCKET\" ledger list | grep -q 'meeting-put  *m-1  *alice@example.org, uid 0'"
is "a page goes on behind an entry" "$(rg ledger list --after 2 --limit 2 --json | jq -c '[.entries[].seq], .next')" "[3,4]
4"
is "the number of entries is a metric" "$(curl -s --unix-socket "$SOCKET" http://rg/metrics | grep '^regiongate_ledger_entries_total')" \
	"regiongate_ledger_entries_total 8"
curl -s -o "$WORK/answer" -w '%{http_code}' --unix-socket "$SOCKET" -H "Regiongate-Actor: $(printf 'a%.0s' {1..200})" \
	-X PUT http://rg/v1/meetings/m-2 -d '{}' >"$WORK/status"
is "a name that is too long is refused" "$(cat "$WORK/status")" 422
is "and nothing is changed" "$(rg ledger list --json | jq .head.seq)" 8
REGIONGATE_ACTOR=$'a\nb' rg status >/dev/null 2>&1
is "the CLI refuses a name with a line end" $? 2

# --- whole
check "verify finds the chain whole" rg ledger verify
is "so does the API" "$(curl -s --unix-socket "$SOCKET" http://rg/v1/ledger:verify | jq -c '[.ok, .checked, .broken]')" '[true,8,null]'
rg ledger export >"$WORK/whole"
is "an export has each entry and an end" "$(wc -l <"$WORK/whole")" 9
HASH=$(tail -n 1 "$WORK/whole" | jq -r .head.hash)
is "its last hash is that of its last entry's bytes" "$(sed -n 8p "$WORK/whole" | tr -d '\n' | sha256sum | cut -d ' ' -f 1)" "$HASH"
verify() { "$REGIONGATE" --socket /nowhere ledger verify "$@" >"$WORK/out" 2>"$WORK/err"; }
verify --file "$WORK/whole"
is "an export is verified without a daemon" $? 0
verify --head "$HASH" --file - <"$WORK/whole"
is "also from standard input, with a hash that was kept" $? 0
check "it says which entry has it" grep -q "^Entry 8 has the hash $HASH" "$WORK/out"
rg ledger export --after 5 >"$WORK/part"
verify --file "$WORK/part"
is "a part of it is verified" $? 0
check "it says what it could not check" grep -q "before entry 6 was not checked" "$WORK/out"

# --- an export that was edited
broken() { # text words
	verify --file "$WORK/edited"
	is "$1" "$?: $(cat "$WORK/err")" "1: regiongate: $2"
}
sed '5s/m-1/m-9/' "$WORK/whole" >"$WORK/edited"
broken "an edited entry is found" "entry 5 is not the one that entry 6 was chained to: one of the two was changed"
sed '8s/eth0/eth1/' "$WORK/whole" >"$WORK/edited"
broken "an edited last entry is found" "the hash of the last entry, 8, is another one: this entry was changed, or all from some entry on were made anew"
sed 5d "$WORK/whole" >"$WORK/edited"
broken "a removed entry is found" "entry 5 is missing"
sed '8d' "$WORK/whole" >"$WORK/edited"
broken "a removed last entry is found" "the ledger ends with entry 7, but there were 8: its end is missing"
sed '8,9d' "$WORK/whole" >"$WORK/edited"
broken "a file that was cut off is found" "'$WORK/edited' does not end with the line that an export ends with: its end is missing"
sed '3{h;d};4{G}' "$WORK/whole" >"$WORK/edited"
broken "a changed order is found" "entry 3 is missing"
sed '4s/.*/nonsense/' "$WORK/whole" >"$WORK/edited"
broken "a line that is no entry is found" "what stands behind entry 3 is no entry"
: >"$WORK/edited"
broken "an empty file is no ledger" "'$WORK/edited' does not end with the line that an export ends with: its end is missing"
verify --file "$WORK/nosuch"
is "a file that is not there is said" "$?: $(cat "$WORK/err")" "1: regiongate: can not open '$WORK/nosuch': No such file or directory"
verify --head abc
is "a hash that is none is a usage error" $? 2

# --- the store's file, edited while no daemon runs
daemon_stop
DB=$STATE/regiongate.db
sql() { sqlite3 "$DB" "DROP TRIGGER IF EXISTS ledger_stays; DROP TRIGGER IF EXISTS ledger_keeps; $1"; }
cp "$DB" "$WORK/kept.db"
check "the file itself refuses a change" sh -c "! sqlite3 '$DB' 'DELETE FROM ledger' 2>/dev/null"
tampered() { # text sql words
	rm -f "$DB" "$DB-wal" "$DB-shm"
	cp "$WORK/kept.db" "$DB"
	sql "$2"
	daemon_start
	rg ledger verify >"$WORK/out" 2>"$WORK/err"
	is "$1" "$?: $(cat "$WORK/err")" "1: regiongate: $3"
	check "and by the API" sh -c "curl -s --unix-socket '$SOCKET' http://rg/v1/ledger:verify | jq -e '.ok == false'"
	daemon_stop
}
tampered "an edited row is found" "UPDATE ledger SET entry = replace(entry, 'm-1', 'm-9') WHERE seq = 5" \
	"entry 5 is not the one that entry 6 was chained to: one of the two was changed"
tampered "a removed row is found" "DELETE FROM ledger WHERE seq = 5" "entry 5 is missing"
tampered "two rows that changed places are found" \
	"UPDATE ledger SET seq = -1 WHERE seq = 5; UPDATE ledger SET seq = 5 WHERE seq = 6; UPDATE ledger SET seq = 6 WHERE seq = -1" \
	"entry 5 is missing"
tampered "a ledger that begins later is found" "DELETE FROM ledger WHERE seq < 3" "the entries 1 to 2 are missing"

# --- cut off at its end: only who kept a hash can tell
rm -f "$DB" "$DB-wal" "$DB-shm"
cp "$WORK/kept.db" "$DB"
sql "DELETE FROM ledger WHERE seq > 6"
daemon_start
check "a ledger cut off at its end is a whole chain" rg ledger verify
rg ledger verify --head "$HASH" >"$WORK/out" 2>"$WORK/err"
is "the hash that was kept tells" "$?: $(cut -c 1-37 "$WORK/err")" "1: regiongate: no entry has the hash ${HASH:0:3}"
daemon_kill
daemon_start
is "kill -9 leaves a start that knows of no stop" \
	"$(rg ledger list --limit 1 --json | jq '.entries[0].detail.no_stop_since != null')" true
check "a hash of the ledger is in the daemon's log" grep -q "ledger: entry [0-9]* has the hash [0-9a-f]\{64\}" "$WORK/daemon.log"
world_done
