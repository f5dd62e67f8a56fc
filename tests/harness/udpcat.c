/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Traffic for tests and the demo: an echo server and a client that counts answers.
 *
 *   udpcat echo [-t] [-b ADDRESS] PORT...
 *       Answer every datagram (-t: every byte of every connection) on these ports,
 *       IPv4 and IPv6, until SIGTERM; then print "PORT COUNT", what was received by
 *       each. Prints "ready" when it listens.
 *   udpcat send [-t] [-n COUNT] [-i INTERVAL_US] [-s SIZE] [-p SOURCE_PORT] [-w WAIT_MS] [-u USERNAME] ADDRESS PORT
 *       Send COUNT numbered datagrams (-t: make COUNT connections, one byte each) and
 *       print "SENT ANSWERED FIRST_LOST LAST_LOST" (numbers from 1, 0: none was lost).
 *       -u: each datagram is a STUN Binding Request with this USERNAME.
 *   udpcat frame [-n COUNT] IFACE HEX
 *       Send a raw Ethernet frame COUNT times, byte by byte as it is given.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS_MAX 64
#define CONNECTIONS_MAX 256
#define SIZE_MAX_BYTES 65000

struct options {
	bool tcp;
	unsigned int count, interval_us, size, source_port, wait_ms;
	const char *bind, *username;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "udpcat: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fputs("usage: udpcat echo [-t] [-b ADDRESS] PORT...\n"
	      "       udpcat send [-t] [-n COUNT] [-i INTERVAL_US] [-s SIZE] [-p SOURCE_PORT] "
	      "[-w WAIT_MS] [-u USERNAME] ADDRESS PORT\n"
	      "       udpcat frame [-n COUNT] IFACE HEX\n", stderr);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void resolve(const char *address, const char *port, struct sockaddr_storage *ret,
		    socklen_t *ret_length)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *found;

	if (getaddrinfo(address, port, &hints, &found)) {
		fprintf(stderr, "udpcat: '%s' '%s' is no address and port\n", address, port);
		exit(2);
	}
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	*ret_length = found->ai_addrlen;
	freeaddrinfo(found);
}

/* A socket of @family that keeps to its family, bound to @port if it is not 0. */
static int open_socket(const struct options *options, int family, unsigned int port,
		       const char *address)
{
	int fd = socket(family, options->tcp ? SOCK_STREAM : SOCK_DGRAM, 0), on = 1;
	int room = 16 << 20; /* a slow machine must not be taken for a filter that drops */
	struct sockaddr_storage local;
	socklen_t length;
	char text[16];

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (!port)
		return fd;
	snprintf(text, sizeof(text), "%u", port);
	resolve(address ? address : family == AF_INET6 ? "::" : "0.0.0.0", text, &local, &length);
	if (bind(fd, (struct sockaddr *)&local, length))
		die("bind");
	return fd;
}

struct listener {
	unsigned int port;
	uint64_t count;
	int fds[2];
};

static void echo_datagram(struct listener *listener, int fd)
{
	static char data[SIZE_MAX_BYTES];
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &length);

	if (n < 0)
		return; /* an ICMP error of an earlier answer */
	listener->count++;
	sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from, length);
}

/* Connections of the TCP server; a closed one leaves a -1 for the next. */
struct connections {
	struct pollfd fds[CONNECTIONS_MAX];
	struct listener *listeners[CONNECTIONS_MAX];
};

static void connection_accept(struct connections *connections, struct listener *listener, int fd)
{
	int client = accept(fd, NULL, NULL);

	for (size_t i = 0; client >= 0 && i < CONNECTIONS_MAX; i++) {
		if (connections->fds[i].fd >= 0)
			continue;
		connections->fds[i] = (struct pollfd){ .fd = client, .events = POLLIN };
		connections->listeners[i] = listener;
		return;
	}
	if (client >= 0)
		close(client);
}

static void connection_serve(struct connections *connections, size_t i)
{
	char data[4096];
	ssize_t n = recv(connections->fds[i].fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0) {
		connections->listeners[i]->count += (uint64_t)n;
		if (send(connections->fds[i].fd, data, (size_t)n, MSG_NOSIGNAL) == n)
			return;
	}
	close(connections->fds[i].fd);
	connections->fds[i].fd = -1;
}

static void listeners_open(const struct options *options, struct listener *listeners, int n,
			   char **ports, struct pollfd *fds)
{
	bool v6_only = options->bind && strchr(options->bind, ':');

	for (int i = 0; i < n; i++) {
		listeners[i].port = (unsigned int)strtoul(ports[i], NULL, 10);
		if (!listeners[i].port || listeners[i].port > 65535)
			usage();
		for (int f = 0; f < 2; f++) {
			bool wanted = !options->bind || v6_only == (f == 1);
			int fd = wanted ? open_socket(options, f ? AF_INET6 : AF_INET,
						      listeners[i].port, options->bind) : -1;

			if (fd >= 0 && options->tcp && listen(fd, 64))
				die("listen");
			fds[2 * i + f] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
}

static int run_echo(const struct options *options, int n, char **ports)
{
	static struct listener listeners[PORTS_MAX];
	static struct connections connections;
	static struct pollfd fds[2 * PORTS_MAX + CONNECTIONS_MAX];

	if (n < 1 || n > PORTS_MAX)
		usage();
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		connections.fds[i].fd = -1;
	listeners_open(options, listeners, n, ports, fds);
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		memcpy(fds + 2 * n, connections.fds, sizeof(connections.fds));
		if (poll(fds, (nfds_t)(2 * n + CONNECTIONS_MAX), 200) <= 0)
			continue;
		for (int i = 0; i < 2 * n; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			if (options->tcp)
				connection_accept(&connections, &listeners[i / 2], fds[i].fd);
			else
				echo_datagram(&listeners[i / 2], fds[i].fd);
		}
		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			if (fds[2 * n + (int)i].fd >= 0 && fds[2 * n + (int)i].revents)
				connection_serve(&connections, i);
	}
	for (int i = 0; i < n; i++)
		printf("%u %llu\n", listeners[i].port, (unsigned long long)listeners[i].count);
	return 0;
}

/* RFC 8489: a Binding Request with one attribute; the number is in its transaction id. */
#define STUN_NUMBER_AT 8
static size_t stun_build(uint8_t *data, uint32_t number, const char *username)
{
	size_t length = strlen(username), padded = (length + 3) & ~(size_t)3;
	uint16_t words[2] = { htons(0x0001), htons((uint16_t)(4 + padded)) };
	uint16_t attribute[2] = { htons(0x0006), htons((uint16_t)length) };
	uint32_t cookie = htonl(0x2112a442);

	memset(data, 0, 24 + padded);
	memcpy(data, words, 4);
	memcpy(data + 4, &cookie, 4);
	memcpy(data + STUN_NUMBER_AT, &number, 4);
	memcpy(data + 20, attribute, 4);
	memcpy(data + 24, username, length);
	return 24 + padded;
}

struct tally {
	uint8_t *answered; /* by number, from 0 */
	unsigned int count;
	size_t number_at;  /* offset of the number in an answer */
};

static int tally_print(const struct tally *tally)
{
	unsigned int n = 0, first = 0, last = 0;

	for (unsigned int i = 0; i < tally->count; i++) {
		if (tally->answered[i]) {
			n++;
			continue;
		}
		first = first ? first : i + 1;
		last = i + 1;
	}
	printf("%u %u %u %u\n", tally->count, n, first, last);
	return 0;
}

static bool tally_full(const struct tally *tally)
{
	return !memchr(tally->answered, 0, tally->count);
}

/* Take answers until @deadline, or until all have come if @eager. */
static void answers_take(int fd, struct tally *tally, uint64_t deadline, bool eager)
{
	static char data[SIZE_MAX_BYTES];
	uint64_t now;

	while ((now = now_us()) < deadline && !(eager && tally_full(tally))) {
		struct timespec left = { .tv_sec = (time_t)((deadline - now) / 1000000),
					 .tv_nsec = (long)((deadline - now) % 1000000 * 1000) };
		uint32_t number;
		fd_set set;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		if (pselect(fd + 1, &set, NULL, NULL, &left, NULL) <= 0)
			continue;
		if (recv(fd, data, sizeof(data), MSG_DONTWAIT) < (ssize_t)(tally->number_at + sizeof(number)))
			continue;
		memcpy(&number, data + tally->number_at, sizeof(number));
		if (number < tally->count)
			tally->answered[number] = 1;
	}
}

static int send_datagrams(const struct options *options, const struct sockaddr_storage *to,
			  socklen_t length)
{
	struct tally tally = { calloc(options->count, 1), options->count, options->username ? STUN_NUMBER_AT : 0 };
	int fd = open_socket(options, to->ss_family, options->source_port, NULL);
	size_t size = options->size;
	static char data[SIZE_MAX_BYTES];
	uint64_t start;

	if (!tally.answered || connect(fd, (const struct sockaddr *)to, length))
		die("connect");
	start = now_us();
	for (uint32_t i = 0; i < options->count && !stopped; i++) {
		if (options->username)
			size = stun_build((uint8_t *)data, i, options->username);
		else
			memcpy(data, &i, sizeof(i));
		if (send(fd, data, size, 0) < 0 && errno != ECONNREFUSED)
			die("send");
		answers_take(fd, &tally, start + (uint64_t)(i + 1) * options->interval_us, false);
	}
	answers_take(fd, &tally, now_us() + options->wait_ms * 1000ull, true);
	close(fd);
	tally_print(&tally);
	free(tally.answered);
	return 0;
}

/* Connect, send a byte, read it back; each step within wait_ms. */
static bool connection_try(const struct options *options, const struct sockaddr_storage *to,
			   socklen_t length)
{
	int fd = open_socket(options, to->ss_family, options->source_port, NULL);
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	bool answered = false;
	char byte = 'x';

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if ((!connect(fd, (const struct sockaddr *)to, length) || errno == EINPROGRESS) &&
	    poll(&pollfd, 1, (int)options->wait_ms) == 1 && send(fd, &byte, 1, MSG_NOSIGNAL) == 1) {
		pollfd.events = POLLIN;
		answered = poll(&pollfd, 1, (int)options->wait_ms) == 1 && recv(fd, &byte, 1, 0) == 1;
	}
	close(fd);
	return answered;
}

static int make_connections(const struct options *options, const struct sockaddr_storage *to,
			    socklen_t length)
{
	struct tally tally = { calloc(options->count, 1), options->count, 0 };

	if (!tally.answered)
		die("calloc");
	for (unsigned int i = 0; i < options->count && !stopped; i++)
		tally.answered[i] = connection_try(options, to, length);
	tally_print(&tally);
	free(tally.answered);
	return 0;
}

static int send_frames(const struct options *options, const char *iface, const char *hex)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface) };
	static uint8_t frame[SIZE_MAX_BYTES];
	size_t length = strlen(hex) / 2;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !to.sll_ifindex)
		die(iface);
	if (strlen(hex) % 2 || length > sizeof(frame) || strspn(hex, "0123456789abcdef") != 2 * length)
		usage();
	for (size_t i = 0; i < length; i++)
		sscanf(hex + 2 * i, "%2hhx", &frame[i]);
	for (unsigned int i = 0; i < options->count && !stopped; i++)
		if (sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("send");
	close(fd);
	return 0;
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > max)
		usage();
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	struct options options = { .count = 10, .interval_us = 1000, .size = 64, .wait_ms = 300 };
	struct sigaction action = { .sa_handler = stop };
	struct sockaddr_storage to;
	const char *verb;
	socklen_t length;
	int option;

	if (argc < 2)
		usage();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while ((option = getopt(argc - 1, argv + 1, "tb:n:i:s:p:w:u:")) != -1) {
		switch (option) {
		case 't': options.tcp = true; break;
		case 'b': options.bind = optarg; break;
		case 'n': options.count = number(optarg, 10000000); break;
		case 'i': options.interval_us = number(optarg, 60000000); break;
		case 's': options.size = number(optarg, SIZE_MAX_BYTES); break;
		case 'p': options.source_port = number(optarg, 65535); break;
		case 'w': options.wait_ms = number(optarg, 60000); break;
		case 'u': options.username = strlen(optarg) <= 513 ? optarg : (usage(), NULL); break;
		default: usage();
		}
	}
	verb = argv[1];
	argc -= optind + 1;
	argv += optind + 1;
	if (!strcmp(verb, "echo"))
		return run_echo(&options, argc, argv);
	if (!strcmp(verb, "frame") && argc == 2)
		return send_frames(&options, argv[0], argv[1]);
	if (strcmp(verb, "send") || argc != 2 || options.size < sizeof(uint32_t) || !options.count)
		usage();
	resolve(argv[0], argv[1], &to, &length);
	return options.tcp ? make_connections(&options, &to, length) :
			     send_datagrams(&options, &to, length);
}
