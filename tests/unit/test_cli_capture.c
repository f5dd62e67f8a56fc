/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Captured packets of other link types become Ethernet frames; every length is survived. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "cli/capture.h"

struct file_header { uint32_t magic; uint16_t major, minor; uint32_t zone, figures, snap, link; };
struct packet_header { uint32_t seconds, fraction, captured, length; };

struct packet { const void *data; size_t captured, length; };

/* A capture of @n packets in a file of its own; its path is owned by the caller. */
static char *capture_of(uint32_t link, const struct packet *packets, size_t n)
{
	const struct file_header header = { 0xa1b2c3d4, 2, 4, 0, 0, 262144, link };
	char *path = strdup("/tmp/test_cli_capture.XXXXXX");
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fwrite(&header, sizeof(header), 1, file);
	for (size_t i = 0; i < n; i++) {
		const struct packet_header each = { 0, 0, (uint32_t)packets[i].captured,
						    (uint32_t)packets[i].length };

		fwrite(&each, sizeof(each), 1, file);
		fwrite(packets[i].data, 1, packets[i].captured, file);
	}
	assert_int_equal(fclose(file), 0);
	return path;
}

static struct rg_capture *opened(uint32_t link, const struct packet *packets, size_t n)
{
	char *path = capture_of(link, packets, n);
	struct rg_capture *capture = NULL;
	struct rg_err err = { 0 };

	if (rg_capture_open(path, &capture, &err))
		fail_msg("%s", err.detail);
	unlink(path);
	free(path);
	return capture;
}

/* 20 bytes that start like IPv4. */
static const uint8_t ipv4[20] = { 0x45, 0, 0, 20, [19] = 7 };

static const struct { uint32_t link; size_t header_length; uint8_t header[20]; } links[] = {
	{ 113, 16, { [14] = 0x08 } },          /* LINUX_SLL */
	{ 276, 20, { 0x08 } },                 /* LINUX_SLL2 */
	{ 101, 0, { 0 } },                     /* RAW */
	{ 228, 0, { 0 } },                     /* IPV4 */
	{ 0, 4, { 2 } },                       /* NULL of a little-endian host */
	{ 0, 4, { [3] = 2 } },                 /* NULL of a big-endian host */
	{ 108, 4, { [3] = 2 } },               /* LOOP */
};

static void a_link_header_is_replaced_by_an_ethernet_header(void **state)
{
	uint8_t packet[64], wanted[14 + sizeof(ipv4)] = { [12] = 0x08 };

	(void)state;
	memcpy(wanted + 14, ipv4, sizeof(ipv4));
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		size_t length = links[i].header_length + sizeof(ipv4);
		const struct packet one = { packet, length, length };
		struct rg_capture *capture;
		struct rg_capture_frame frame;

		memcpy(packet, links[i].header, links[i].header_length);
		memcpy(packet + links[i].header_length, ipv4, sizeof(ipv4));
		capture = opened(links[i].link, &one, 1);
		assert_non_null(rg_capture_converted_from(capture));
		assert_int_equal(rg_capture_next(capture, &frame, NULL), 1);
		assert_int_equal(frame.length, sizeof(wanted));
		assert_memory_equal(frame.data, wanted, sizeof(wanted));
		assert_false(frame.partial);
		assert_int_equal(rg_capture_next(capture, &frame, NULL), 0);
		rg_capture_close(capture);
	}
}

static void every_truncation_of_a_packet_is_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		size_t header = links[i].header_length, whole = header + sizeof(ipv4);
		struct packet cuts[64];
		struct rg_capture *capture;
		struct rg_capture_frame frame;
		uint8_t packet[64];

		memcpy(packet, links[i].header, header);
		memcpy(packet + header, ipv4, sizeof(ipv4));
		for (size_t cut = 0; cut <= whole; cut++)
			cuts[cut] = (struct packet){ packet, cut, whole };
		capture = opened(links[i].link, cuts, whole + 1);
		for (size_t cut = 0; cut <= whole; cut++) {
			assert_int_equal(rg_capture_next(capture, &frame, NULL), 1);
			assert_int_equal(frame.length, cut < header ? 0 : 14 + cut - header);
			assert_int_equal(frame.partial, cut < whole);
		}
		assert_int_equal(rg_capture_next(capture, &frame, NULL), 0);
		rg_capture_close(capture);
	}
}

static void ethernet_frames_are_taken_as_they_are(void **state)
{
	const struct packet packets[] = { { ipv4, 5, 5 }, { ipv4, sizeof(ipv4), 1500 } };
	struct rg_capture *capture = opened(1, packets, ARRAY_SIZE(packets));
	struct rg_capture_frame frame;

	(void)state;
	assert_null(rg_capture_converted_from(capture));
	assert_int_equal(rg_capture_next(capture, &frame, NULL), 1);
	assert_int_equal(frame.length, 5);
	assert_int_equal(rg_capture_next(capture, &frame, NULL), 1);
	assert_memory_equal(frame.data, ipv4, sizeof(ipv4));
	assert_true(frame.partial);
	rg_capture_close(capture);
}

static void a_file_that_is_cut_off_is_an_error_behind_its_whole_packets(void **state)
{
	const struct packet packets[] = { { ipv4, 20, 20 }, { ipv4, 20, 20 } };
	const long whole = 24 + 2 * (16 + 20);

	(void)state;
	for (long length = 0; length < whole; length++) {
		char *path = capture_of(1, packets, ARRAY_SIZE(packets));
		struct rg_capture *capture = NULL;
		struct rg_capture_frame frame;
		struct rg_err err = { 0 };
		int n = 0, r = -EINVAL;

		assert_int_equal(truncate(path, length), 0);
		if (!rg_capture_open(path, &capture, &err))
			while ((r = rg_capture_next(capture, &frame, &err)) > 0)
				n++;
		else
			assert_true(length < 24);
		assert_int_equal(n, length < 24 + 36 ? 0 : 1);
		/* between two packets nothing shows that one is missing */
		assert_int_equal(r, length == 24 || length == 24 + 36 ? 0 : -EINVAL);
		assert_true(r == 0 || *err.detail);
		rg_capture_close(capture);
		unlink(path);
		free(path);
	}
}

static void link_types_without_frames_are_refused(void **state)
{
	char *path = capture_of(105, NULL, 0); /* IEEE 802.11 */
	struct rg_capture *capture = NULL;
	struct rg_err err = { 0 };

	(void)state;
	assert_int_equal(rg_capture_open(path, &capture, &err), -EINVAL);
	assert_null(capture);
	assert_non_null(strstr(err.detail, "link type 105"));
	unlink(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_header_is_replaced_by_an_ethernet_header),
		cmocka_unit_test(every_truncation_of_a_packet_is_survived),
		cmocka_unit_test(ethernet_frames_are_taken_as_they_are),
		cmocka_unit_test(a_file_that_is_cut_off_is_an_error_behind_its_whole_packets),
		cmocka_unit_test(link_types_without_frames_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
