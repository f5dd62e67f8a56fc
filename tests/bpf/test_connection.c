/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP at a shared endpoint: real connections in a network namespace of the test's, and segments that claim to be of
 * them by BPF_PROG_TEST_RUN. The kernel never sees those, so it is as if the server's TCP did not take them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/shared.h"

#define TEST(name) static void name(void **state __attribute__((unused)))
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_ACK 0x18 /* with PSH */
#define TCP_FLAG_URG 0x38
#define NOBODY4 "192.0.2.77" /* in DE, with no host */

static struct {
	int listener, client, server;
	const char *source;
	uint16_t port;
	uint32_t start;
} tcp;
static uint32_t other; /* number of m-8 */

static void *address_of(struct sockaddr_storage *at, const char *text, uint16_t port, socklen_t *ret_size)
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

static int bound_socket(const char *text, uint16_t port)
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
static void given_tcp_shared(uint32_t shared_flags)
{
	const struct rg_shared shared = { .flags = shared_flags, .protocol = IPPROTO_TCP, .first_port = 10000,
					  .last_port = 10000, .name = "sfu" };

	assert_int_equal(rg_dp_shared_set(rg_engine_dp(gate), 1, &shared, NULL), 0);
}

static void given_listener(const char *source)
{
	tcp.source = source;
	tcp.listener = bound_socket(server_for(source), local_port);
	assert_int_equal(listen(tcp.listener, 8), 0);
}

/* Where the client's next byte stands in its stream. */
static uint32_t next_of(int fd)
{
	int on = 1, off = 0, queue = TCP_SEND_QUEUE;
	uint32_t seq;
	socklen_t size = sizeof(seq);

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &size), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
	return seq;
}

static void given_client(uint16_t port)
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

static void given_connection(const char *source, uint16_t port)
{
	given_listener(source);
	given_client(port);
}

static void gone(int *fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (*fd < 0)
		return;
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(*fd);
	*fd = -1;
}

/* What the client really sends: the server's TCP takes it. */
static void given_taken(const void *bytes, size_t n)
{
	char buf[2048];

	assert_int_equal(send(tcp.client, bytes, n, 0), n);
	assert_int_equal(recv(tcp.server, buf, n, MSG_WAITALL), n);
}

/* A segment with @n bytes that stand @from the stream's start. */
static void when_flagged(uint8_t tcp_flags, int from, const void *bytes, size_t n)
{
	uint8_t *header;

	packet_from(tcp.source, server_for(tcp.source));
	pkt_tcp(&packet, tcp.port, local_port);
	header = pkt_at(&packet, PKT_TCP, 0);
	pkt_put32(header + 4, tcp.start + (uint32_t)from);
	header[13] = tcp_flags;
	put_payload(bytes, n);
	when_sent();
}

static void when_segment(int from, const void *bytes, size_t n)
{
	when_flagged(TCP_FLAG_ACK, from, bytes, n);
}

/* A framed request, as far as its first @n bytes; 0: whole. */
static void when_named_flagged(uint8_t tcp_flags, int from, const char *name, size_t n)
{
	static uint8_t frame[2048];

	stun_chromium(&message, name);
	stun_number(frame, message.length);
	memcpy(frame + 2, message.data, message.length);
	when_flagged(tcp_flags, from, frame, n ? n : message.length + 2);
}

static void when_named_part(int from, const char *name, size_t n)
{
	when_named_flagged(TCP_FLAG_ACK, from, name, n);
}

static void when_named(int from, const char *name)
{
	when_named_part(from, name, 0);
}

static void when_framed_media(int from)
{
	when_segment(from, "\0\x11\x80\x6f\x12\x34\x00\x00\x00\x01\x00\x00\x00\x02media", 19);
}

/* The first frame passed, and the server has taken it. */
static void given_opened(const char *source, const char *name)
{
	given_connection(source, 40000);
	when_named(0, name);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
}

TEST(a_first_frame_opens_its_connection)
{
	static const char *const sources[] = { DE4, DE6 };

	for (size_t i = 0; i < 2; i++) {
		given_connection(sources[i], 40000);
		when_framed_media(0);
		then_reason(RG_REASON_REFUSE_UNBOUND);
		when_named(0, "abcd:wxyz");
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.meeting, meeting);
		when_framed_media(0); /* not yet: the server has nothing of it */
		then_reason(RG_REASON_REFUSE_UNBOUND);
		given_taken("0123456789", 10);
		when_framed_media(10);
		then_reason(RG_REASON_ADMIT_DEFAULT);
		assert_int_equal(found.tie, RG_TIE_FLOW);
		gone(&tcp.client);
		gone(&tcp.server);
		gone(&tcp.listener);
	}
}

TEST(a_request_opens_only_what_begins_with_it)
{
	given_connection(DE4, 40000);
	when_named(1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(-1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(1000000, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
	when_named(0, "nobo:wxyz");
	then_reason(RG_REASON_REFUSE_UNKNOWN_UFRAG);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(1);
}

TEST(a_cut_request_opens_nothing)
{
	given_connection(DE4, 40000);
	for (size_t n = 1; n < message.length + 2; n++) {
		when_named_part(0, "abcd:wxyz", n);
		then_reason(RG_REASON_REFUSE_UNBOUND);
	}
	when_named_part(0, "abcd:wxyz", message.length + 2);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_refused_request_opens_nothing)
{
	given_connection(CN4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_REGION);
	when_named(0, "efgh:wxyz"); /* of a meeting that admits it */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* The first one, with a wrong checksum say, was for the filter; the second one for the server. */
TEST(a_connection_has_one_first_frame)
{
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz"); /* repeated */
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "ijkl:wxyz"); /* another one of that meeting */
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_connection_stays_in_its_meeting)
{
	given_opened(DE4, "abcd:wxyz");
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, meeting);
	when_named(10, "ijkl:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_ufrag("abcd", 9, other);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "abcd:wxyz"); /* it is the other meeting's now */
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(a_rule_holds_on_an_open_connection)
{
	given_opened(DE4, "abcd:wxyz");
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_REGION);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_began_unseen_stays_unbound)
{
	given_connection(DE4, 40000);
	given_taken("0123456789", 10);
	when_named(10, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_segment(10, NULL, 0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	then_flows(0);
}

TEST(the_same_port_again_is_another_connection)
{
	given_opened(DE4, "abcd:wxyz");
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_framed_media(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	given_taken("0123456789", 10); /* though nothing was admitted */
	when_framed_media(10);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* The participant is refused where its last connection was, and its flow still is. */
TEST(a_new_connection_leaves_a_meeting_that_refuses)
{
	given_opened(DE4, "abcd:wxyz");
	gone(&tcp.client);
	gone(&tcp.server);
	given_meeting("m-7", MEETING_THAT_REFUSES("DE"));
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	assert_int_equal(found.meeting, other);
}

/* The only connection's entry, by the map, is as an upgrade from a load without rg_connections makes it. */
static void given_upgrade(void)
{
	int fd = bpf_map__fd(rg_engine_dp(gate)->skel->maps.rg_connections);
	const union rg_connection any = { .meeting = meeting | RG_CONNECTION_ANY };
	struct rg_flow_key key;

	the_flow(&key);
	assert_int_equal(bpf_map_update_elem(fd, &key, &any, BPF_ANY), 0);
}

TEST(what_was_open_before_an_upgrade_goes_on_in_its_meeting)
{
	given_opened(DE4, "abcd:wxyz");
	given_upgrade();
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(10, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(10, "ijkl:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	gone(&tcp.client);
	gone(&tcp.server);
	given_client(40000);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

/* A SYN that nobody answers, so that the handshake stays under way. */
static void given_half_open(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

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
}

TEST(a_first_frame_may_come_before_the_handshake_is_over)
{
	given_half_open();
	when_framed_media(0);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(-1, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
}

TEST(where_a_socket_only_listens_no_payload_passes)
{
	given_listener(DE4);
	tcp.port = 40002;
	when_segment(0, NULL, 0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_flagged(TCP_FLAG_SYN, 0, NULL, 0);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_REFUSE_UNBOUND);
	then_flows(0);
}

TEST(without_a_socket_the_flow_alone_tells)
{
	tcp.source = DE4;
	tcp.port = 40003;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	when_framed_media(5000);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(urgent_data_and_a_payload_in_a_syn_are_refused)
{
	given_connection(DE4, 40000);
	when_flagged(TCP_FLAG_URG, 0, NULL, 0); /* of what comes later */
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_flagged(TCP_FLAG_SYN, 0, "x", 1);
	then_reason(RG_REASON_REFUSE_UNBOUND);
	when_named_flagged(TCP_FLAG_SYN, -1, "abcd:wxyz", 0);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_named(0, "abcd:wxyz");
	given_taken("0123456789", 10);
	when_flagged(TCP_FLAG_URG, 10, "x", 1);
	then_reason(RG_REASON_REFUSE_UNSUPPORTED);
	when_flagged(TCP_FLAG_ACK, 10, "x", 1);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(an_endpoint_that_admits_unbound_ones_asks_nobody)
{
	given_tcp_shared(RG_SHARED_ADMIT_UNBOUND);
	given_connection(DE4, 40000);
	when_framed_media(100);
	then_reason(RG_REASON_ADMIT_FLOW_UNBOUND);
	when_named(100, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(a_dry_run_opens_nothing)
{
	given_connection(DE4, 40000);
	flags = RG_TRACE_DRY;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	flags = 0;
	then_flows(0);
	when_named(0, "efgh:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

TEST(what_is_observed_opens_its_connection)
{
	given_meeting("m-7", "{\"mode\":\"observe\",\"endpoints\":[],\"rules\":[{\"action\":\"refuse\",\"regions\":[\"DE\"]}]}");
	given_connection(DE4, 40000);
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_OBSERVE_REFUSED);
	given_taken("0123456789", 10);
	when_framed_media(10);
	then_reason(RG_REASON_OBSERVE_REFUSED);
	given_meeting("m-7", MEETING_THAT_REFUSES("CN"));
	when_framed_media(10);
	then_reason(RG_REASON_ADMIT_DEFAULT);
}

static uint32_t second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec;
}

/* What passed without a flow could never be bound: the server has its first frame. */
TEST(beyond_the_limit_of_flows_nothing_opens)
{
	struct rg_dp *dp = rg_engine_dp(gate);

	given_connection(DE4, 40000);
	do { /* as long as a second ends meanwhile: then there are new ones */
		dp->bindings[1].tokens = 0;
		dp->bindings[1].filled = second();
		when_named(0, "abcd:wxyz");
	} while (dp->bindings[1].filled != second());
	then_reason(RG_REASON_REFUSE_UNBOUND);
	dp->bindings[1].tokens = 1;
	when_named(0, "abcd:wxyz");
	then_reason(RG_REASON_ADMIT_DEFAULT);
	then_flows(1);
}

static int given_namespace(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET) ||
	       system("ip link set lo up && sysctl -q net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lo.rp_filter=0 &&"
		      "for a in " SERVER4 "/32 " DE4 "/32 " CN4 "/32; do ip addr add $a dev lo; done &&"
		      "for a in " SERVER6 "/128 " DE6 "/128; do ip addr add $a dev lo nodad; done &&"
		      "ip link add nobody type veth peer name peer && ip link set peer up && ip link set nobody up && ip route add " NOBODY4 "/32 dev nobody");
}

static int given_tcp_sfu(void **state)
{
	tcp.listener = tcp.client = tcp.server = -1;
	if (given_sfu(state))
		return -1;
	given_tcp_shared(0);
	given_meeting("m-8", "{\"endpoints\":[],\"rules\":[]}");
	other = meeting_number("m-8");
	given_ufrag("efgh", 2, other);
	given_ufrag("ijkl", 3, meeting);
	return 0;
}

static int drop_tcp_sfu(void **state)
{
	gone(&tcp.client);
	gone(&tcp.server);
	gone(&tcp.listener);
	return drop_gate(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, given_tcp_sfu, drop_tcp_sfu)
		T(a_first_frame_opens_its_connection),
		T(a_request_opens_only_what_begins_with_it),
		T(a_cut_request_opens_nothing),
		T(a_refused_request_opens_nothing),
		T(a_connection_has_one_first_frame),
		T(a_connection_stays_in_its_meeting),
		T(a_rule_holds_on_an_open_connection),
		T(what_began_unseen_stays_unbound),
		T(the_same_port_again_is_another_connection),
		T(a_new_connection_leaves_a_meeting_that_refuses),
		T(what_was_open_before_an_upgrade_goes_on_in_its_meeting),
		T(a_first_frame_may_come_before_the_handshake_is_over),
		T(where_a_socket_only_listens_no_payload_passes),
		T(without_a_socket_the_flow_alone_tells),
		T(urgent_data_and_a_payload_in_a_syn_are_refused),
		T(an_endpoint_that_admits_unbound_ones_asks_nobody),
		T(a_dry_run_opens_nothing),
		T(what_is_observed_opens_its_connection),
		T(beyond_the_limit_of_flows_nothing_opens),
	};

	return cmocka_run_group_tests(tests, given_namespace, NULL);
}
