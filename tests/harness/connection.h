/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Given and when for TCP at a shared endpoint, on top of shared.h: real connections in a network namespace of the test's,
 * and segments that claim to be of them by BPF_PROG_TEST_RUN. The kernel never sees those, so it is as if the server's
 * TCP did not take them. Include cmocka first. */
#ifndef RG_TEST_CONNECTION_H
#define RG_TEST_CONNECTION_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/shared.h"

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x18 /* with PSH */
#define TCP_FLAG_URG 0x38
#define STUN_SUCCESS 0x0101
#define STUN_ERROR 0x0111
#define NOBODY4 "192.0.2.77" /* in DE, with no host */
#define SERVER4_TOO "198.51.100.11"

static struct {
	int listener, client, server;
	const char *source, *to; /* NULL: the server's address of the source's family */
	uint16_t port;
	uint32_t start, ack;
} tcp;
static uint32_t other; /* number of m-8 */

static inline void *address_of(struct sockaddr_storage *at, const char *text, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_in6 *in6 = (void *)at;
	struct sockaddr_in *in4 = (void *)at;

	memset(at, 0, sizeof(*at));
	at->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	in4->sin_port = htons(port); /* in6's is in the same place */
	*ret_size = at->ss_family == AF_INET6 ? sizeof(*in6) : sizeof(*in4);
	assert_int_equal(inet_pton(at->ss_family, text, at->ss_family == AF_INET6 ? (void *)&in6->sin6_addr :
										       (void *)&in4->sin_addr), 1);
	return at;
}

static inline int bound_socket(const char *text, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t size;
	int one = 1, fd;

	address_of(&at, text, port, &size);
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (void *)&at, size), 0);
	return fd;
}

/* At both addresses. */
static inline void given_tcp_shared(uint32_t shared_flags)
{
	const struct rg_shared shared = { .flags = shared_flags, .protocol = IPPROTO_TCP, .first_port = 10000,
					  .last_port = 10000, .name = "sfu" };

	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 1, &shared, NULL), 0);
}

static inline void given_listener(const char *source)
{
	tcp.source = source;
	tcp.listener = bound_socket(server_for(source), local_port);
	assert_int_equal(listen(tcp.listener, 8), 0);
}

/* Where the client's next byte stands in its stream. */
static inline uint32_t next_of(int fd)
{
	int on = 1, off = 0, queue = TCP_SEND_QUEUE;
	uint32_t seq;
	socklen_t size = sizeof(seq);

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &size), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0); /* that has taken it away */
	return seq;
}

static inline void given_client(uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t size;

	tcp.port = port;
	tcp.client = bound_socket(tcp.source, port);
	address_of(&at, server_for(tcp.source), local_port, &size);
	assert_int_equal(connect(tcp.client, (void *)&at, size), 0);
	tcp.server = accept(tcp.listener, NULL, NULL);
	assert_true(tcp.server >= 0);
	tcp.start = next_of(tcp.client);
}

static inline void given_connection(const char *source, uint16_t port)
{
	given_listener(source);
	given_client(port);
}

static inline void gone(int *fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (*fd < 0)
		return;
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(*fd);
	*fd = -1;
}

/* What the client really sends: the server's TCP takes it. */
static inline void given_sent(const void *bytes, size_t n)
{
	char buf[2048];

	assert_int_equal(send(tcp.client, bytes, n, 0), n);
	assert_int_equal(recv(tcp.server, buf, n, MSG_WAITALL), n);
}

/* What the server sends, @from its first byte. */
static inline void when_server_sends(uint8_t tcp_flags, int from, const void *bytes, size_t n)
{
	uint8_t *header;

	packet_from(server_for(tcp.source), tcp.source);
	pkt_tcp(&packet, local_port, tcp.port);
	header = pkt_at(&packet, PKT_TCP, 0);
	pkt_put32(header + 4, next_of(tcp.server) + (uint32_t)from);
	header[13] = tcp_flags;
	put_payload(bytes, n);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, flags | RG_TRACE_EGRESS);
}

/* Its answer, of a STUN type. */
static inline void when_answered(uint16_t type, int from)
{
	static struct stun answer;

	stun_begin(&answer, type);
	stun_frame(&answer);
	when_server_sends(TCP_FLAG_ACK, from, answer.data, answer.length);
}

/* And the server has understood it. */
static inline void given_taken(const void *bytes, size_t n)
{
	given_sent(bytes, n);
	when_answered(STUN_SUCCESS, 0);
}

/* A segment with @n bytes that stand @from the stream's start. */
static inline void when_flagged(uint8_t tcp_flags, int from, const void *bytes, size_t n)
{
	uint8_t *header;

	packet_from(tcp.source, tcp.to ? tcp.to : server_for(tcp.source));
	pkt_tcp(&packet, tcp.port, local_port);
	header = pkt_at(&packet, PKT_TCP, 0);
	pkt_put32(header + 4, tcp.start + (uint32_t)from);
	pkt_put32(header + 8, tcp.ack);
	header[13] = tcp_flags;
	put_payload(bytes, n);
	when_sent();
}

static inline void when_segment(int from, const void *bytes, size_t n)
{
	when_flagged(TCP_FLAG_ACK, from, bytes, n);
}

/* A framed request, as far as its first @n bytes; 0: whole. */
static inline void when_named_flagged(uint8_t tcp_flags, int from, const char *name, size_t n)
{
	static uint8_t frame[2048];

	stun_chromium(&message, name);
	stun_number(frame, message.length);
	memcpy(frame + 2, message.data, message.length);
	when_flagged(tcp_flags, from, frame, n ? n : message.length + 2);
}

static inline void when_named_part(int from, const char *name, size_t n)
{
	when_named_flagged(TCP_FLAG_ACK, from, name, n);
}

static inline void when_named(int from, const char *name)
{
	when_named_part(from, name, 0);
}

/* The server's answer to something. */
static inline void when_tcp_egress(void)
{
	packet_from(server_for(tcp.source), tcp.source);
	pkt_tcp(&packet, local_port, tcp.port);
	put_payload("media", 5);
	pkt_end(&packet);
	when_frame(packet.data, packet.length, RG_TRACE_EGRESS);
}

static inline void when_framed_media(int from)
{
	when_segment(from, "\0\x11\x80\x6f\x12\x34\x00\x00\x00\x01\x00\x00\x00\x02media", 19);
}

/* The first frame passed, and the server has taken it. */
static inline void given_opened(const char *source, const char *name)
{
	given_connection(source, 40000);
	when_named(0, name);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
}

/* 0 or 1 and more */
static inline int count_connections(void)
{
	struct rg_connection_key key;

	return !bpf_map_get_next_key(bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_connections), NULL, &key);
}

/* A client of the same address and port, whose stream is to begin at @start, at the server's other address. */
static inline int given_client_too(uint32_t start)
{
	int fd = bound_socket(tcp.source, tcp.port), on = 1, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	struct sockaddr_storage at;
	socklen_t size;

	start--;
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &start, sizeof(start)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
	address_of(&at, tcp.to ? tcp.to : SERVER4_TOO, local_port, &size);
	assert_int_equal(connect(fd, (void *)&at, size), 0);
	assert_int_equal(next_of(fd), start + 1);
	return fd;
}

static inline void when_named_too(uint32_t start, const char *name)
{
	const uint32_t start_here = tcp.start;

	tcp.to = SERVER4_TOO;
	tcp.start = start;
	when_named(0, name);
	tcp.start = start_here;
	tcp.to = NULL;
}

/* How long nothing else may begin after something has passed, and how long what has passed may be on its way: see
 * bpf/connection.h. */
#define MOMENT 4
#define LATE 180

static inline void the_connection(struct rg_connection_key *key, union rg_connection *ret)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_connections);

	assert_int_equal(bpf_map_get_next_key(fd, NULL, key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, key, ret), 0);
}

static inline void given_at(const struct rg_connection_key *key, union rg_connection connection, uint16_t at)
{
	connection.at = at;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_connections), key, &connection,
					     BPF_ANY), 0);
}

/* What passed last of the only connection was so much earlier. */
static inline void given_earlier(uint16_t ticks)
{
	union rg_connection connection;
	struct rg_connection_key key;

	the_connection(&key, &connection);
	given_at(&key, connection, (uint16_t)(connection.at - ticks));
}

static inline uint16_t connection_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint16_t)(((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) >> RG_CONNECTION_SHIFT);
}

/* In the moment in which something of the only connection has passed; again, if this process lost too much of it. */
static inline void when_just(void (*when)(int), int from)
{
	union rg_connection connection;
	struct rg_connection_key key;
	uint16_t now;

	the_connection(&key, &connection);
	do {
		now = connection_now();
		given_at(&key, connection, now);
		when(from);
	} while ((uint16_t)(connection_now() - now) >= MOMENT);
}

/* It is remembered that something has passed. */
static inline void when_noted(void (*when)(int), int from)
{
	union rg_connection before, after;
	struct rg_connection_key key;

	given_earlier(LATE);
	the_connection(&key, &before);
	when(from);
	the_connection(&key, &after);
	assert_int_not_equal(before.at, after.at);
}

static inline void when_syn(int from)
{
	when_flagged(TCP_FLAG_SYN, from, NULL, 0);
}

static inline void when_rst(int from)
{
	when_flagged(TCP_FLAG_RST, from, NULL, 0);
}

/* A SYN that nobody answers, so that the handshake stays under way. Returns a socket that hears what is sent there. */
static inline int given_syn(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const struct sockaddr_ll peer = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
					  .sll_ifindex = (int)if_nametoindex("peer") };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), hears = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));

	assert_int_equal(bind(hears, (void *)&peer, sizeof(peer)), 0);
	given_listener(DE4);
	tcp.source = NOBODY4;
	tcp.port = 40001;
	tcp.start = 0xffffffff; /* and the next one is 0 */
	packet_from(NOBODY4, SERVER4);
	pkt_tcp(&packet, tcp.port, local_port);
	pkt_put32(pkt_at(&packet, PKT_TCP, 0) + 4, tcp.start);
	pkt_at(&packet, PKT_TCP, 0)[13] = TCP_FLAG_SYN;
	pkt_end(&packet);
	inet_pton(AF_INET, SERVER4, &to.sin_addr);
	assert_int_equal(sendto(fd, packet.data + 14, packet.length - 14, 0, (void *)&to, sizeof(to)), packet.length - 14);
	close(fd);
	tcp.start++;
	return hears;
}

static inline void given_half_open(void)
{
	close(given_syn());
}

/* The handshake is in nothing but the sequence number of the answer to it. */
static inline void given_cookie(void)
{
	uint8_t answer[2048];
	int hears;

	assert_int_equal(system("sysctl -q net.ipv4.tcp_syncookies=2"), 0);
	hears = given_syn();
	do
		assert_true(recv(hears, answer, sizeof(answer), 0) > 0);
	while (answer[0] != 0x45 || answer[9] != IPPROTO_TCP);
	close(hears);
	assert_int_equal(system("sysctl -q net.ipv4.tcp_syncookies=1"), 0);
	memcpy(&tcp.ack, answer + 24, 4);
	tcp.ack = ntohl(tcp.ack) + 1;
}

static inline void given_mode(const char *json)
{
	json_t *body = parsed(json), *answer = NULL;
	struct rg_err err = {};

	assert_int_equal(rg_engine_mode_put(gate, body, &answer, &err), 0);
	json_decref(answer);
	json_decref(body);
}

static inline int given_namespace(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) ||
	       system("ip link set lo up && sysctl -q net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lo.rp_filter=0 &&"
		      "for a in " SERVER4 "/32 " SERVER4_TOO "/32 " DE4 "/32 " CN4 "/32; do ip addr add $a dev lo; done &&"
		      "for a in " SERVER6 "/128 " DE6 "/128; do ip addr add $a dev lo nodad; done &&"
		      "ip link add nobody type veth peer name peer && ip link set peer up && ip link set nobody up &&"
		      "ip route add " NOBODY4 "/32 dev nobody && ip neigh add " NOBODY4 " lladdr 02:00:00:00:00:77 dev nobody");
}

static inline int given_tcp_sfu(void **state)
{
	tcp.listener = tcp.client = tcp.server = -1;
	tcp.ack = 0;
	if (given_sfu(state))
		return -1;
	given_tcp_shared(0);
	given_meeting("m-8", "{\"endpoints\":[],\"rules\":[]}");
	other = meeting_number("m-8");
	given_ufrag("efgh", 2, other);
	given_ufrag("ijkl", 3, meeting);
	return 0;
}

static inline int drop_tcp_sfu(void **state)
{
	gone(&tcp.client);
	gone(&tcp.server);
	gone(&tcp.listener);
	return drop_gate(state);
}

#endif
