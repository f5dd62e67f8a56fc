/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define BATCH 64
#define RAW_FRAMES 4096 /* different ones */

static const unsigned char mac[6] = { 2, 0, 0, 0, 0, 1 };

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void open_sockets(struct wire *w)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(RIVAL_PORT),
				     .sin_addr.s_addr = inet_addr("198.51.100.10") };
	struct sockaddr_ll out = { .sll_family = AF_PACKET, .sll_ifindex = w->tx };
	int room = 2048, yes = 1;

	w->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (w->udp < 0 || bind(w->udp, (struct sockaddr *)&local, sizeof(local)))
		bench_die("socket", NULL);
	setsockopt(w->udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	w->raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* receives nothing */
	if (w->raw < 0 || bind(w->raw, (struct sockaddr *)&out, sizeof(out)))
		bench_die("packet socket", NULL);
	setsockopt(w->raw, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes));
}

/* GRO on recv0, so that it has a NAPI context and takes XDP frames also without a program. */
void wire_net_up(struct wire *w)
{
	w->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (w->home < 0 || unshare(CLONE_NEWNET))
		bench_die("a network namespace", NULL);
	bench_shell("ip link set lo up && "
		    "ip link add send0 type veth peer name recv0 && "
		    "if [ $(nproc) -gt 1 ]; then for d in send0 recv0; do ethtool -L $d rx 2 tx 2; done; fi && "
		    "ip link set recv0 address 02:00:00:00:00:01 && "
		    "for s in all default send0 recv0; do echo 0 >/proc/sys/net/ipv4/conf/$s/rp_filter; "
		    "echo 1 >/proc/sys/net/ipv6/conf/$s/disable_ipv6; done && "
		    "ip addr add 198.51.100.10/24 dev recv0 && ip link set send0 up && ip link set recv0 up && "
		    "ethtool -K recv0 gro on");
	w->tx = (int)if_nametoindex("send0");
	w->rx = (int)if_nametoindex("recv0");
	w->sender = bench_sender_open(w->options->build, w->tx);
	w->second = bench_sender_open(w->options->build, w->tx);
	open_sockets(w);
}

void wire_net_down(struct wire *w)
{
	close(w->udp);
	close(w->raw);
	bench_sender_close(&w->sender);
	bench_sender_close(&w->second);
	if (setns(w->home, CLONE_NEWNET)) /* the last one out: the namespace and all in it goes */
		bench_die("back to the own namespace", NULL);
	close(w->home);
}

static struct bench_frame frame(void)
{
	struct bench_frame f = bench_frame_udp(1, "regiongate's bench..", 20);

	memcpy(f.bytes, mac, sizeof(mac));
	return f;
}

static void live(int prog_fd, unsigned int packets)
{
	struct bench_frame f = frame();
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.bytes, .data_size_in = f.length, .repeat = (int)packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		bench_die("live frames", NULL);
}

static unsigned int checksum(const unsigned char *header)
{
	unsigned int sum = 0;

	for (int i = 0; i < 20; i += 2)
		if (i != 10)
			sum += (unsigned int)header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* The packet that wire.bpf.c would make of the source. */
static void fill_raw(unsigned char *to, const struct bench_source *source)
{
	unsigned int sum;

	memcpy(to + 26, &source->address[0], 4);
	memcpy(to + 30, &source->local, 4);
	memcpy(to + 34, &source->remote_port, 2);
	memcpy(to + 36, &source->local_port, 2);
	memcpy(to + 42 + RG_BENCH_TOLD_AT, &source->told, sizeof(source->told));
	sum = checksum(to + 14);
	to[24] = (unsigned char)(sum >> 8);
	to[25] = (unsigned char)sum;
}

static void raw(struct wire *w, unsigned int packets)
{
	static struct bench_frame frames[RAW_FRAMES];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	unsigned int sent = 0;

	for (unsigned int i = 0; i < RAW_FRAMES; i++) {
		frames[i] = frame();
		fill_raw(frames[i].bytes, &w->sender.sources[i]);
	}
	memset(messages, 0, sizeof(messages));
	while (sent < packets) {
		int n;

		for (unsigned int i = 0; i < BATCH; i++) {
			struct bench_frame *f = &frames[(sent + i) % RAW_FRAMES];

			parts[i] = (struct iovec){ f->bytes, f->length };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		n = sendmmsg(w->raw, messages, BATCH, 0);
		if (n <= 0)
			bench_die("sendmmsg", NULL);
		sent += (unsigned int)n;
	}
}

uint64_t wire_received(void)
{
	unsigned long long bytes, n = 0;
	char line[512];
	FILE *f = fopen("/proc/thread-self/net/dev", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " recv0: %llu %llu", &bytes, &n) == 2)
			break;
	if (f)
		fclose(f);
	return n;
}

uint64_t wire_delivered(void)
{
	unsigned long long in = 0, no_port = 0, errors = 0;
	char line[512];
	FILE *f = fopen("/proc/thread-self/net/snmp", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Udp: %llu %llu %llu", &in, &no_port, &errors) == 3)
			break;
	if (f)
		fclose(f);
	return in + no_port + errors;
}

/* The thread that takes over where too much comes at once: its time is the packets', too. */
static unsigned int ksoftirqd_pid(unsigned int cpu)
{
	char path[64], name[32], wanted[32];

	snprintf(wanted, sizeof(wanted), "ksoftirqd/%u", cpu);
	for (unsigned int pid = 1; pid < 4096; pid++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%u/comm", pid);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%31s", name) != 1)
			name[0] = '\0';
		fclose(f);
		if (!strcmp(name, wanted))
			return pid;
	}
	return 0;
}

static uint64_t ksoftirqd_ns(unsigned int pid)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/schedstat", pid);
	f = pid ? fopen(path, "r") : NULL;
	if (f && fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

static void wait_received(uint64_t count)
{
	for (int i = 0; i < 2000 && wire_received() < count; i++)
		usleep(100);
}

double wire_send(struct wire *w, enum wire_way way, unsigned int packets)
{
	unsigned int cpu = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	uint64_t ns, before = wire_received();
	cpu_set_t all;

	if (!w->ksoftirqd)
		w->ksoftirqd = ksoftirqd_pid(cpu);
	sched_getaffinity(0, sizeof(all), &all);
	pin(cpu);
	ns = bench_cpu_ns() + ksoftirqd_ns(w->ksoftirqd);
	if (way == WIRE_LIVE)
		live(w->sender.send, packets);
	else
		raw(w, packets);
	wait_received(before + packets);
	ns = bench_cpu_ns() + ksoftirqd_ns(w->ksoftirqd) - ns;
	sched_setaffinity(0, sizeof(all), &all);
	return (double)ns / packets;
}

struct thread { pthread_t id; unsigned int cpu, packets; int prog_fd; pthread_barrier_t *barrier; };

static void *thread_run(void *arg)
{
	struct thread *t = arg;

	pin(t->cpu);
	pthread_barrier_wait(t->barrier);
	live(t->prog_fd, t->packets);
	return NULL;
}

double wire_send_parallel(struct wire *w, unsigned int cpus, unsigned int packets)
{
	struct thread threads[2] = { { .cpu = 0, .prog_fd = w->sender.send }, { .cpu = 1, .prog_fd = w->second.send } };
	pthread_barrier_t barrier;
	uint64_t start;

	pthread_barrier_init(&barrier, NULL, cpus + 1);
	for (unsigned int i = 0; i < cpus; i++) {
		threads[i].packets = packets;
		threads[i].barrier = &barrier;
		if (pthread_create(&threads[i].id, NULL, thread_run, &threads[i]))
			bench_die("thread", NULL);
	}
	pthread_barrier_wait(&barrier);
	start = bench_now_ns();
	for (unsigned int i = 0; i < cpus; i++)
		pthread_join(threads[i].id, NULL);
	pthread_barrier_destroy(&barrier);
	return (double)packets * cpus / ((double)(bench_now_ns() - start) / 1e9);
}
