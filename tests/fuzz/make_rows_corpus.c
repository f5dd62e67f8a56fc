/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes tests/fuzz/corpus/rows (make fuzz-corpus): rows of a store as fuzz_rows reads them (rows.h). */
#include <stdio.h>

#define MEETING "m\tm-1\t#1\t#5\t{\"id\":\"m-1\",\"endpoints\":[{\"address\":\"198.51.100.10\",\"port\":10001,\"protocol\":\"udp\"}]," \
		"\"default\":\"admit\",\"rules\":[{\"id\":\"r1\",\"action\":\"refuse\",\"regions\":[\"CN\"]}],\"mode\":\"enforce\"}\n"
#define ENDPOINT_OF(at) "{\"endpoints\":[{\"address\":\"" at "\",\"port\":10001}]}\n"
#define SHARED "e\tsfu\t#1\t#3\t{\"address\":\"198.51.100.10\",\"port\":10000,\"protocol\":\"udp\",\"classify\":\"ufrag\",\"unbound\":\"refuse\"}\n"
#define RANGE "{\"address\":\"any\",\"ports\":\"10001-10002\",\"protocol\":\"udp\",\"classify\":\"ufrag\"}\n"
#define REGION "r\tde\t#1\t{\"country\":\"DE\",\"networks\":[\"192.0.2.0/24\"]}\n"
#define ENTRY(kind, subject) "L\t" kind "\t" subject "\t{\"after\":{\"policy\":\"default admit\"},\"before\":null}\n"
#define LEDGER "L\tstart\tregiongated\t{\"version\":\"0.1.0\"}\n" ENTRY("meeting-put", "m-1") \
	       "L\torder-refused\tm-1\t{\"order\":{\"jurisdiction\":\"CN\"}}\nL\tstop\tregiongated\t{}\n"

static const struct { const char *name, *text; } variants[] = {
	{ "whole", MEETING SHARED REGION LEDGER "u\t#1\t#1\t#1\t26ant1ioqu7qnr\ni\teth0\t#2\t{\"mode\":\"native\",\"egress\":\"tcx\"}\n"
	  "c\t#1\tDE+de\nk\trevision\t#5\nk\talive\t#1591272000\ns\tmode\t{\"mode\":\"observe\",\"config\":\"enforce\"}\n"
	  "s\tclock\t{\"boot\":\"boot-1\",\"anchor_ns\":1599999000000000000}\ny\tm-1\t#1\t#7\t#700\n"
	  "n\tm-1\t#1\t#9\t192.0.2.0/24\t#1591272000\n" },
	{ "empty", "" },
	{ "order", "m\tm-1\t#1\t#1\t{\"rules\":[{\"action\":\"refuse\",\"regions\":[\"continent:AS\"],\"order\":{\"jurisdiction\":\"CN\","
	  "\"authority\":\"a\",\"basis\":\"b\",\"reference\":\"c\",\"received\":\"2020-06-03\"}}],\"sites\":{\"allow\":[\"EU\"]},"
	  "\"exceptions\":[{\"network\":\"203.0.113.7/32\",\"action\":\"admit\",\"reason\":\"host\"}],\"expires\":\"2020-06-06T00:00:00Z\"}\n" },
	{ "meeting-bad", "m\tm-1\t#1\t#1\t{\"endpoints\":1}\n" },
	{ "meeting-other", "m\tm-1\t#1\t#1\t{\"id\":\"m-2\"}\n" },
	{ "meeting-number", "m\tm-1\t#0\t#1\t{}\n" },
	{ "meeting-number-large", "m\tm-1\t#4294967297\t#1\t{}\n" },
	{ "meeting-number-twice", "m\tm-1\t#1\t#1\t{}\nm\tm-2\t#1\t#2\t{}\n" },
	{ "meeting-endpoint-twice", "m\tm-1\t#1\t#1\t" ENDPOINT_OF("198.51.100.10") "m\tm-2\t#2\t#2\t" ENDPOINT_OF("198.51.100.10") },
	{ "meeting-on-shared", MEETING "e\tsfu\t#1\t#3\t" RANGE },
	{ "shared-overlap", SHARED "e\ta\t#2\t#3\t{\"address\":\"198.51.100.10\",\"ports\":\"9999-10001\",\"protocol\":\"udp\","
	  "\"classify\":\"ufrag\"}\n" },
	{ "shared-number-large", SHARED "e\ta\t#4294967297\t#3\t" RANGE },
	{ "shared-bad", "e\tsfu\t#1\t#1\t{\"port\":1}\n" },
	{ "ufrag-nobody", MEETING SHARED "u\t#1\t#1\t#2\tabcd\n" },
	{ "ufrag-twice", MEETING SHARED "u\t#1\t#1\t#1\tabcd\nu\t#2\t#1\t#1\tabcd\n" },
	{ "ufrag-number-large", MEETING SHARED "u\t#1\t#1\t#1\tabcd\nu\t#4294967297\t#1\t#1\tefgh\n" },
	{ "ufrag-long", MEETING SHARED "u\t#1\t#1\t#1\tabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n" },
	{ "region-bad", "r\tde\t#1\t{\"networks\":[\"192.0.2.1/24\"]}\n" },
	{ "interface-name", "i\ta-name-of-twenty-one-x\t#1\t{\"mode\":\"auto\"}\ni\ta-name-of-twenty-one-y\t#1\t{\"mode\":\"auto\"}\n" },
	{ "interface-bad", "i\teth0\t#1\t{\"mode\":\"fast\"}\n" },
	{ "class-bad", "c\t#1\tDE\nc\t#3\tFR\n" },
	{ "types", "m\t%m-1\t#1\tx\t%{}\nk\trevision\tx\nk\talive\t#-5\ny\tm-1\tx\t#-1\t~\n" },
	{ "settings-bad", "s\tmode\t[\ns\tclock\t{\"boot\":\"boot-1\",\"anchor_ns\":9223372036854775807}\n" },
	{ "ledger-changed", LEDGER "t\t#2\t{\"previous\":\"00\",\"seq\":2}\n" },
	{ "ledger-hash", LEDGER "h\t#4\t%0123456789abcdef0123456789abcdef\n" },
	{ "ledger-hash-none", LEDGER "h\t#4\t%\n" },
	{ "ledger-hole", LEDGER "d\t#2\n" },
	{ "ledger-cut", LEDGER "d\t#4\n" },
	{ "ledger-first", LEDGER "d\t#1\n" },
	{ "ledger-moved", LEDGER "q\t#4\t#9\n" },
	{ "ledger-not-json", LEDGER "l\t#5\t#0\t=\tno entry\n" },
	{ "ledger-forged", "l\t#1\t#1\t=\t{\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"seq\":1}\n" },
	{ "ledger-detail", "L\tmode\tx\tnot json\n" },
	{ "ledger-subject", "L\tmode\t\"\\\x01\x7f\t{}\nL\tmode\t\xff\t{}\n" },
	{ "ledger-below", LEDGER "l\t#-3\t#1\t=\tx\n" },
	{ "ledger-only-below", "l\t#-3\t#1\t=\tx\n" },
	{ "ledger-nought", "l\t#0\t#1\t=\tx\n" },
	{ "ledger-last", LEDGER "l\t#9223372036854775807\t#1\t=\tx\n" },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(variants) / sizeof(*variants); i++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", argv[1], variants[i].name);
		file = fopen(path, "wb");
		if (!file || fputs(variants[i].text, file) < 0 || fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return argc == 2 ? 0 : 1;
}
