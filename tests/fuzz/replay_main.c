/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Replays files through a fuzz target as an ordinary test: one TAP line a file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data = malloc(1 << 24);
		size_t n;

		if (!f || !data) {
			printf("not ok %d - %s can not be read\n", i, argv[i]);
			return 1;
		}
		n = fread(data, 1, 1 << 24, f);
		fclose(f);
		data = realloc(data, n ? n : 1); /* so that one byte too far is seen */
		LLVMFuzzerTestOneInput(data, n);
		free(data);
		printf("ok %d - %s\n", i, argv[i]);
		fflush(stdout);
	}
	return argc > 1 ? 0 : 1;
}
