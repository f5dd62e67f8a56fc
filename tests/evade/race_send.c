/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/race_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "evade/die.h"
#include "evade/request.h"
#include "harness/packet.h"

#define SOURCE "203.0.113.251" /* m-open admits it, m-guarded does not */
#define LENGTH_MAX 512
#define PRIORITY 2 /* above the thread that polls */

const struct race_arrival race_arrivals[RACE_ARRIVALS] = {
	{ "native", PATH_NATIVE, 8, false },
	{ "generic", PATH_GENERIC, 8, false },
	{ "native, RPS", PATH_NATIVE, RACE_BATCH, true },
};
const struct race_arrival *arrival;
struct race_pair *pair;

static const struct plan framed = { .protocol = IPPROTO_TCP };
static struct frame frames[RACE_BATCH];
static uint8_t arena[RACE_BATCH][LENGTH_MAX];
static unsigned int n_frames;
static struct gots ignored;

int race_other_cpu(void)
{
	return (int)((sched_getcpu() + 1) % sysconf(_SC_NPROCESSORS_ONLN));
}

void race_put(uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *payload, size_t n)
{
	static struct pkt packet;
	uint8_t *tcp;

	pkt_begin(&packet);
	pkt_ip4(&packet, SOURCE, OPEN4);
	pkt_tcp(&packet, pair->sport, PORT_SHARED_TWO);
	pkt_payload(&packet, n);
	pkt_end(&packet);
	tcp = pkt_at(&packet, PKT_TCP, 0);
	pkt_put32(tcp + 4, seq);
	pkt_put32(tcp + 8, ack);
	tcp[13] = flags;
	memcpy(tcp + 20, payload, n);
	pkt_put16(tcp + 16, 0);
	pkt_put16(tcp + 16, build_sum(false, pkt_at(&packet, PKT_IP4, 0), IPPROTO_TCP, tcp, 20 + n));
	frames[n_frames] = (struct frame){ arena[n_frames], packet.length };
	memcpy(arena[n_frames++], packet.data, packet.length);
}

void race_put_plain(uint8_t flags, uint32_t seq, uint32_t ack)
{
	race_put(flags, seq, ack, NULL, 0);
}

uint64_t race_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void race_send_all(void)
{
	wire_exchange(arrival->path, false, frames, n_frames, &ignored);
	n_frames = 0;
}

void race_send_at(uint64_t at)
{
	while (race_clock() < at)
		;
	race_send_all();
}

void race_send(uint8_t flags, uint32_t seq, uint32_t ack)
{
	race_put_plain(flags, seq, ack);
	race_send_all();
}

size_t race_request(uint8_t *to)
{
	return build_request(&framed, NAME_OPEN, ODD_NOTHING, pair->seq, to);
}

void race_put_payload(uint32_t ack)
{
	uint8_t payload[8 + REQUEST_MAX] = { 0, 6, 0x80, 1, 2, 3, 4, 5 };
	size_t n = 8 + build_request(&framed, NAME_GUARDED, ODD_NOTHING, pair->seq, payload + 8);

	race_put(TCP_PSH | TCP_ACK, pair->second + 1, ack, payload, n);
}

/* A request with another one in its last attribute. */
static size_t build_around(uint8_t *to, uint32_t *ret_within)
{
	size_t at = race_request(to), within = build_request(&framed, NAME_GUARDED, ODD_NOTHING, pair->seq, to + at + 4);
	size_t n = at + 4 + ((within + 3) & ~3u);

	pkt_put16(to + at, 0x8022);
	pkt_put16(to + at + 2, within);
	pkt_put16(to, n - 2);
	pkt_put16(to + 4, n - 2 - 20);
	*ret_within = (uint32_t)at + 4;
	return n;
}

void race_put_around(uint32_t ack)
{
	uint8_t payload[2 * REQUEST_MAX] = { 0 };
	uint32_t within;
	size_t n = build_around(payload, &within);

	race_put(TCP_PSH | TCP_ACK, pair->second + 1 - within, ack, payload, n);
}

uint32_t race_within(void)
{
	uint8_t payload[2 * REQUEST_MAX];
	uint32_t within;

	build_around(payload, &within);
	return within;
}

/* What polls the filter's device is a thread of its own (the youngest of its name), and runs when this process sleeps, not
 * before: then all of a batch is there. In generic mode it takes GRO to have one. */
void race_hold_back(const char *prefix)
{
	const struct sched_param first = { .sched_priority = PRIORITY };
	static const char script[] =
		"ip netns exec %1$s-send ethtool -K %2$s tso off && ip netns exec %1$s-%2$s sh -ec '"
		"ethtool -K %2$s gro on; cd /sys/class/net/%2$s; echo 1 >threaded; echo %3$x >queues/rx-0/rps_cpus; "
		"pid=$(pgrep -n ^napi/%2$.6s); taskset -pc %4$d $pid >/dev/null; chrt -fp %5$d $pid'";
	char line[sizeof(script) + 256];

	snprintf(line, sizeof(line), script, prefix, path_names[arrival->path], arrival->steered ? 1u << race_other_cpu() : 0,
		 sched_getcpu(), PRIORITY - 1);
	if (system(line) || sched_setscheduler(0, SCHED_FIFO, &first))
		die("%s: %s", line, strerror(errno));
}

void race_set_cookies(const char *prefix, const char *value)
{
	FILE *file;

	wire_enter(prefix, path_names[arrival->path]);
	file = fopen("/proc/sys/net/ipv4/tcp_syncookies", "we");
	if (!file || fputs(value, file) < 0 || fclose(file))
		die("tcp_syncookies: %s", strerror(errno));
	wire_home();
}

