/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes tests/fuzz/corpus/stun (make fuzz-corpus): requests of each kind as fuzz_stun reads them. */
#include <stdio.h>
#include <stdlib.h>
#include "harness/stun_message.h"

static const char *directory;

static void write_file(const char *name, uint8_t head, const struct stun *message)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "wb");
	if (!f || fputc(head, f) == EOF || fwrite(message->data, 1, message->length, f) != message->length || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static char name[400];
	struct stun s;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	directory = argv[1];
	stun_chromium(&s, "abcd:wxyz");
	write_file("chromium", 0, &s);
	stun_frame(&s);
	write_file("chromium-tcp", 1, &s);
	s.length -= 50;
	write_file("tcp-first-segment", 1, &s);
	stun_libnice(&s, "a+/d:wxyz");
	write_file("libnice", 0, &s);
	stun_libnice(&s, "prefix01abcdefgh:wxyz");
	write_file("prefix", 3 << 1, &s);
	memset(name, 'n', 256);
	stun_libnice(&s, name);
	write_file("name-256", 0, &s);
	memset(name, 'n', 300);
	stun_libnice(&s, name);
	write_file("name-300", 0, &s);
	stun_libnice(&s, "abcdefghijklmnopqrstuvwxyz012345:wxyz");
	write_file("name-32", 0, &s);
	stun_libnice(&s, ":wxyz");
	write_file("colon-first", 0, &s);
	stun_libnice(&s, "");
	write_file("name-empty", 0, &s);
	stun_chromium(&s, "abcd:wxyz");
	stun_username(&s, "efgh:wxyz");
	write_file("two-names", 0, &s);
	stun_begin(&s, 0x0200);
	write_file("goog-ping", 0, &s);
	stun_begin(&s, 0x0001);
	for (int i = 0; i < 70; i++)
		stun_attribute(&s, 0x8022, "", 0);
	write_file("attributes-70", 0, &s);
	stun_chromium(&s, "abcd:wxyz");
	stun_number(s.data + 2, 0xfffc);
	write_file("too-long", 0, &s);
	return 0;
}
