/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "evade/die.h"
#include "evade/socks.h"

#define SEND_AT_ONCE 64
#define MARKER_WAIT_MS 2000

const char *const path_names[PATH_MAX] = { "native", "generic", "bare1", "bare2" };

struct path {
	int tx, tx_vlan;
	int marker;
	struct socks socks;
};

static struct path paths[PATH_MAX];
static int home = -1;
static uint32_t marker_number;

void wire_enter(const char *prefix, const char *name)
{
	char file[256];
	int fd;

	snprintf(file, sizeof(file), "/run/netns/%s-%s", prefix, name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("%s: %s", file, strerror(errno));
	close(fd);
}

void wire_home(void)
{
	if (setns(home, CLONE_NEWNET))
		die("setns: %s", strerror(errno));
}

/* A packet socket that sends on an interface; -1 if there is no such interface. */
static int sender_open(const char *interface)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface) };
	int fd, one = 1, room = 64 << 20;

	if (!at.sll_ifindex)
		return -1;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		die("%s: %s", interface, strerror(errno));
	return fd;
}

static int marker_open(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT_MARKER) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, PLAIN4, &at.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("marker: %s", strerror(errno));
	return fd;
}

void wire_open(const char *prefix)
{
	char interface[IF_NAMESIZE];

	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	wire_enter(prefix, "send");
	for (unsigned int i = 0; i < PATH_MAX; i++) {
		paths[i].tx = sender_open(path_names[i]);
		snprintf(interface, sizeof(interface), "%s.5", path_names[i]);
		paths[i].tx_vlan = sender_open(interface);
		if (paths[i].tx < 0)
			die("no interface %s", path_names[i]);
	}
	for (unsigned int i = 0; i < PATH_MAX; i++) {
		wire_enter(prefix, path_names[i]);
		paths[i].marker = marker_open();
		socks_open(&paths[i].socks);
	}
	wire_home();
}

bool wire_has_vlan(void)
{
	return paths[PATH_BARE_NATIVE].tx_vlan >= 0;
}

bool wire_has_udplite(void)
{
	return paths[PATH_BARE_NATIVE].socks.has_udplite;
}

static void send_all(int fd, const struct frame *frames, unsigned int n)
{
	struct mmsghdr messages[SEND_AT_ONCE];
	struct iovec parts[SEND_AT_ONCE];

	for (unsigned int done = 0; done < n;) {
		unsigned int some = n - done < SEND_AT_ONCE ? n - done : SEND_AT_ONCE;
		int sent;

		memset(messages, 0, some * sizeof(*messages));
		for (unsigned int i = 0; i < some; i++) {
			parts[i] = (struct iovec){ frames[done + i].data, frames[done + i].length };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		sent = sendmmsg(fd, messages, some, 0);
		if (sent <= 0)
			die("send of %zu bytes: %s", frames[done].length, strerror(errno));
		done += (unsigned int)sent;
	}
}

/* The marker is the last frame of a batch: when it is here, all others have been received. */
static void await_marker(unsigned int path)
{
	struct pollfd fd = { .fd = paths[path].marker, .events = POLLIN };
	uint32_t number;

	for (;;) {
		if (poll(&fd, 1, MARKER_WAIT_MS) != 1)
			die("%s: the marker does not arrive", path_names[path]);
		if (recv(fd.fd, &number, sizeof(number), 0) == sizeof(number) && ntohl(number) == marker_number)
			return;
	}
}

void wire_exchange(unsigned int path, bool vlan, const struct frame *frames, unsigned int n,
		   struct gots *ret)
{
	uint8_t data[MARKER_LENGTH + 16];
	struct frame marker = { data, build_marker(++marker_number, data) };

	send_all(vlan ? paths[path].tx_vlan : paths[path].tx, frames, n);
	send_all(paths[path].tx, &marker, 1);
	await_marker(path);
	socks_read(&paths[path].socks, ret);
}
