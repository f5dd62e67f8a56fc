/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "evade/die.h"
#include "evade/stream.h"

#define LISTENERS 12
#define ANSWER_WAIT_MS 200
#define BACKLOG 1024 /* what goes on without its client stays for a second */

static struct {
	int answers;               /* a packet socket of the sender's */
	int listeners[LISTENERS];
	unsigned int n;
	int connection;            /* that was accepted before it is read, -1 */
} paths[PATH_MAX];

static int listener_open(unsigned int target, bool v6)
{
	const struct stream stream = { .v6 = v6, .target = (uint8_t)target };
	uint16_t port = build_port(target);

	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in at4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	inet_pton(v6 ? AF_INET6 : AF_INET, stream_address(&stream), v6 ? (void *)&at6.sin6_addr : &at4.sin_addr);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)) || /* urgent data, too */
	    (v6 ? bind(fd, (struct sockaddr *)&at6, sizeof(at6)) : bind(fd, (struct sockaddr *)&at4, sizeof(at4))) ||
	    listen(fd, BACKLOG))
		die("listener on port %u: %s", port, strerror(errno));
	return fd;
}

static int answers_open(const char *interface)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("%s: %s", interface, strerror(errno));
	return fd;
}

void listen_open(const char *prefix)
{
	static const uint8_t targets[] = { TO_GUARDED, TO_GUARDED_OPEN, TO_GUARDED_OTHER, TO_SHARED_ONE, TO_SHARED_TWO,
					   TO_SHARED_LAX };

	wire_enter(prefix, "send");
	for (unsigned int path = 0; path < PATH_MAX; path++) {
		paths[path].answers = answers_open(path_names[path]);
		paths[path].connection = -1;
	}
	for (unsigned int path = 0; path < PATH_MAX; path++) {
		wire_enter(prefix, path_names[path]);
		for (unsigned int i = 0; i < 2 * sizeof(targets); i++)
			paths[path].listeners[paths[path].n++] = listener_open(targets[i / 2], i & 1);
	}
	wire_home();
}

/* The number that it asks for, if a frame is the answer to @sport's first segment: of a host that uses neither
 * tags nor options of IP. */
static uint32_t answer_of(const uint8_t *frame, size_t n, uint16_t sport)
{
	bool v6 = n > 14 && frame[12] == 0x86;
	const uint8_t *tcp = frame + 14 + (v6 ? 40 : 20);
	uint32_t seq;
	uint16_t port;

	if (n < (v6 ? 74u : 54u) || frame[v6 ? 14 + 6 : 14 + 9] != IPPROTO_TCP || (tcp[13] & 0x12) != 0x12)
		return 0;
	memcpy(&port, tcp + 2, 2);
	memcpy(&seq, tcp + 4, 4);
	return ntohs(port) == sport ? ntohl(seq) + 1 : 0;
}

uint32_t listen_answer(unsigned int path, uint16_t sport, bool expected)
{
	struct pollfd fd = { .fd = paths[path].answers, .events = POLLIN };
	uint8_t frame[2048];
	uint32_t answer = 0;
	ssize_t n;

	do {
		while ((n = recv(fd.fd, frame, sizeof(frame), 0)) > 0)
			answer = answer ? answer : answer_of(frame, (size_t)n, sport);
	} while (!answer && expected && poll(&fd, 1, ANSWER_WAIT_MS) == 1);
	return answer;
}

static void read_connection(int fd, struct heard *ret)
{
	const struct linger at_once = { .l_onoff = 1 };
	ssize_t n = -1;

	ret->accepted = true;
	while (ret->n < sizeof(ret->data) &&
	       (n = recv(fd, ret->data + ret->n, sizeof(ret->data) - ret->n, MSG_DONTWAIT)) > 0)
		ret->n += (size_t)n;
	ret->ended = n == 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int listen_connection(unsigned int path, uint16_t sport)
{
	int found = paths[path].connection;

	paths[path].connection = -1;
	for (unsigned int i = 0; i < paths[path].n; i++) {
		struct sockaddr_in6 from = {};
		socklen_t size = sizeof(from);
		int fd;

		while ((fd = accept4(paths[path].listeners[i], (struct sockaddr *)&from, &size, SOCK_CLOEXEC)) >= 0) {
			int other = fd;

			if (from.sin6_port == htons(sport)) { /* in the same place for both families */
				other = found;
				found = fd;
			}
			if (other >= 0)
				close(other);
			size = sizeof(from);
		}
	}
	return found;
}

void listen_respond(unsigned int path, uint16_t sport)
{
	static const uint8_t success[22] = { 0, 20, 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
	uint8_t head[4];
	int fd = listen_connection(path, sport);

	if (fd >= 0 && recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT) == sizeof(head) && !head[2] && head[3] == 1)
		send(fd, success, sizeof(success), MSG_DONTWAIT | MSG_NOSIGNAL);
	paths[path].connection = fd;
}

void listen_read(unsigned int path, uint16_t sport, struct heard *ret)
{
	int fd = listen_connection(path, sport);

	ret->n = 0;
	ret->accepted = ret->ended = false;
	if (fd < 0)
		return;
	read_connection(fd, ret);
	close(fd);
}
