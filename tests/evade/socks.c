/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/socks.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "evade/die.h"
#include "evade/request.h"

#define READ_AT_ONCE 32
#define MESSAGE_MAX 65536

static int sock_open(const struct sock *sock)
{
	int family = sock->v6 ? AF_INET6 : AF_INET, one = 1, room = 128 << 20;
	int fd = socket(family, (sock->raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
			sock->protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    (sock->v6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)) :
			setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one))))
		die("socket option: %s", strerror(errno));
	return fd;
}

static int sock_bind(int fd, const struct sock *sock)
{
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(sock->port) };
	struct sockaddr_in at4 = { .sin_family = AF_INET, .sin_port = htons(sock->port) };

	memcpy(&at6.sin6_addr, sock->address.bytes, 16);
	memcpy(&at4.sin_addr, sock->address.bytes + 12, 4);
	return sock->v6 ? bind(fd, (struct sockaddr *)&at6, sizeof(at6)) :
			  bind(fd, (struct sockaddr *)&at4, sizeof(at4));
}

static void add(struct socks *socks, uint8_t protocol, bool raw, bool v6, const char *address, uint16_t port)
{
	struct sock *sock = &socks->all[socks->n];
	int fd;

	*sock = (struct sock){ .protocol = protocol, .v6 = v6, .raw = raw, .port = port };
	if (address && rg_addr_parse(address, &sock->address))
		die("%s is no address", address);
	fd = sock_open(sock);
	if (fd < 0 && protocol == IPPROTO_UDPLITE && !raw) { /* removed from Linux after 6.18 */
		socks->has_udplite = false;
		return;
	}
	if (fd < 0 || (!raw && sock_bind(fd, sock)))
		die("socket, protocol %u, %s, port %u: %s", protocol, address ? address : "any", port, strerror(errno));
	socks->fds[socks->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

void socks_open(struct socks *ret)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_TCP };
	static const struct { const char *v4, *v6; uint16_t port; } at[] = {
		{ GUARDED4, GUARDED6, PORT_GUARDED }, { GUARDED4, GUARDED6, PORT_OPEN },
		{ GUARDED4, GUARDED6, PORT_OTHER },   { GUARDED4, GUARDED6, PORT_SHARED_ONE },
		{ GUARDED4, GUARDED6, PORT_SHARED_TWO }, { GUARDED4, GUARDED6, PORT_SHARED_LAX },
		{ OPEN4, OPEN6, PORT_GUARDED },
		{ PLAIN4, PLAIN6, PORT_GUARDED },
	};

	ret->has_udplite = true;
	for (unsigned int p = 0; p < 3; p++) {
		add(ret, protocols[p], true, false, NULL, 0);
		add(ret, protocols[p], true, true, NULL, 0);
		if (protocols[p] == IPPROTO_TCP)
			continue;
		add(ret, protocols[p], false, true, "::", PORT_ANY); /* IPv4, too */
		for (unsigned int i = 0; i < sizeof(at) / sizeof(*at); i++) {
			add(ret, protocols[p], false, false, at[i].v4, at[i].port);
			add(ret, protocols[p], false, true, at[i].v6, at[i].port);
		}
	}
}

static uint64_t hash(uint64_t h, const uint8_t *at, size_t n)
{
	for (; n >= 8; at += 8, n -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	while (n--)
		h = (h ^ *at++) * 0x100000001b3ull;
	return h ^ h >> 29;
}

static void address_of(const struct sockaddr_storage *from, struct rg_addr *ret, uint16_t *ret_port)
{
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)from;

		memcpy(ret->bytes, &v6->sin6_addr, 16);
		*ret_port = ntohs(v6->sin6_port);
	} else {
		const struct sockaddr_in *v4 = (const void *)from;

		rg_addr_from_v4(ntohl(v4->sin_addr.s_addr), ret);
		*ret_port = ntohs(v4->sin_port);
	}
}

/* The local address of a message: its destination. */
static void dest_of(struct msghdr *message, struct rg_addr *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			memcpy(ret->bytes, &((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, 16);
		else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			rg_addr_from_v4(ntohl(((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr.s_addr), ret);
	}
}

static size_t number16(const uint8_t *at)
{
	return (size_t)(at[0] << 8 | at[1]);
}

/* Bytes of the transport header, 0 if it is not there. */
static size_t header_of(const struct sock *sock, const uint8_t *at, size_t n)
{
	if (!sock->raw)
		return 0;
	if (sock->protocol != IPPROTO_TCP)
		return 8;
	return n > 12 ? (at[12] >> 4) * 4u : 20;
}

/* The message in it: a raw socket shows what is behind a UDP datagram's own length, which no UDP socket does;
 * on TCP, what a frame's length says. */
static void understand_payload(const struct sock *sock, const uint8_t *data, size_t n, size_t transport,
			       struct got *ret)
{
	size_t header, own, framed;

	if (n < transport)
		return;
	data += transport;
	n -= transport;
	header = header_of(sock, data, n);
	if (n < header)
		return;
	own = sock->raw && sock->protocol == IPPROTO_UDP ? number16(data + 4) : 0;
	if (own >= 8 && own < n)
		n = own;
	data += header;
	n -= header;
	ret->payload = (uint32_t)n;
	framed = sock->protocol == IPPROTO_TCP && n > 2 ? number16(data) : 0;
	if (sock->protocol != IPPROTO_TCP)
		ret->names_guarded = request_names_guarded(data, n, false, &ret->id);
	else if (n > 2)
		ret->names_guarded = request_names_guarded(data + 2, n - 2 < framed ? n - 2 : framed, n - 2 < framed,
							   &(uint32_t){ 0 });
}

/* As build.c writes it: the payload's first word, and TCP's sequence number. */
static uint32_t id_of(const struct sock *sock, const uint8_t *data, size_t n, size_t transport)
{
	uint32_t id;

	if (sock->raw)
		transport += sock->protocol == IPPROTO_TCP ? 4 : 8;
	if (n < transport + 4)
		return 0;
	memcpy(&id, data + transport, 4);
	return sock->protocol == IPPROTO_TCP ? ntohl(id) : le32toh(id);
}

static void understand(const struct sock *sock, struct msghdr *message, const uint8_t *data, size_t n,
		       struct got *ret)
{
	size_t header = sock->raw && !sock->v6 && n >= 20 ? (data[0] & 15) * 4u : 0;

	*ret = (struct got){ .protocol = sock->protocol, .raw = sock->raw, .length = (uint32_t)n,
			     .dport = sock->port, .id = id_of(sock, data, n, header) };
	understand_payload(sock, data, n, header, ret);
	address_of(message->msg_name, &ret->source, &ret->sport);
	dest_of(message, &ret->dest);
	if (!sock->raw)
		return;
	ret->sport = ret->dport = 0;
	if (n < header + 4)
		return;
	ret->sport = (uint16_t)(data[header] << 8 | data[header + 1]);
	ret->dport = (uint16_t)(data[header + 2] << 8 | data[header + 3]);
}

static void keep(struct gots *gots, const struct got *got)
{
	if (gots->n == gots->room) {
		gots->room = gots->room ? gots->room * 2 : 1024;
		gots->all = realloc(gots->all, gots->room * sizeof(*gots->all));
		if (!gots->all)
			die("no memory");
	}
	gots->all[gots->n++] = *got;
}

/* Returns false when there is nothing left to read. */
static bool read_some(const struct socks *socks, unsigned int i, struct gots *ret)
{
	static uint8_t data[READ_AT_ONCE][MESSAGE_MAX], control[READ_AT_ONCE][128];
	static struct sockaddr_storage from[READ_AT_ONCE];
	struct mmsghdr messages[READ_AT_ONCE];
	struct iovec parts[READ_AT_ONCE];
	int n;

	memset(messages, 0, sizeof(messages));
	for (unsigned int j = 0; j < READ_AT_ONCE; j++) {
		parts[j] = (struct iovec){ data[j], sizeof(data[j]) };
		messages[j].msg_hdr = (struct msghdr){
			.msg_iov = &parts[j], .msg_iovlen = 1, .msg_name = &from[j],
			.msg_namelen = sizeof(from[j]), .msg_control = control[j],
			.msg_controllen = sizeof(control[j]),
		};
	}
	n = recvmmsg(socks->fds[i].fd, messages, READ_AT_ONCE, MSG_DONTWAIT, NULL);
	for (int j = 0; j < n; j++) {
		size_t length = messages[j].msg_len;
		struct got got;

		understand(&socks->all[i], &messages[j].msg_hdr, data[j], length, &got);
		if (got.dport == PORT_MARKER)
			continue;
		got.key = hash(hash(i, got.source.bytes, 16) ^ got.sport, data[j], length);
		keep(ret, &got);
	}
	return n == READ_AT_ONCE;
}

static int by_key(const void *a, const void *b)
{
	const struct got *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

void socks_read(struct socks *socks, struct gots *ret)
{
	ret->n = 0;
	if (poll(socks->fds, socks->n, 0) <= 0)
		return;
	for (unsigned int i = 0; i < socks->n; i++)
		if (socks->fds[i].revents & POLLIN)
			while (read_some(socks, i, ret))
				;
	qsort(ret->all, ret->n, sizeof(*ret->all), by_key);
}
