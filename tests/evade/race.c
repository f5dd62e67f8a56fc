/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evade/race.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "evade/die.h"
#include "evade/judge.h"
#include "evade/listen.h"
#include "evade/race_send.h"
#include "evade/random.h"
#include "evade/request.h"
#include "evade/stream_run.h"

#define TICK_SHIFT 6 /* of nanoseconds: the clock that initial sequence numbers go by */
#define LEAD_NS 40000 /* a batch is built so long before it is sent */
#define ERRORS 31
#define TIME_WAIT_STEP 65537 /* from a connection's last number to the first one of its successor */
#define ROUND 50 /* prepared together; one of them has an honest successor */
#define PAUSE_US 80000 /* then what the filter remembers of a moment is over */
#define CLOSE_MS 20
#define BEHIND 100000 /* any number of the first connection */
#define SYN_TRIES 4 /* a second apart, as any client's */
#define LENGTH_MAX 1024

/* What of a first connection there is. */
enum before { HANDSHAKE, FRESH, ANSWERED, ENDED, SERVER_CLOSED, BOTH_CLOSED };
/* By what the server's first number for the second one is known. */
enum known { BY_CLOCK, BY_COOKIE, BY_OWN_COOKIE, BY_TIME_WAIT };
/* What is sent at once. */
enum step {
	END,
	RST, FIN, LAST_ACK, DATA, /* of the first connection */
	WHILE_IT_CLOSES,          /* what was sent before, so long as it takes the server to close */
	SYN, ACK, PAYLOAD,        /* of the second one */
	AROUND,                   /* a request that begins before the second one does, with another one within */
};

/* open: not covered (docs/evasion.md), so counted only. */
static const struct sequence {
	const char *text;
	enum before before;
	enum known known;
	enum step steps[5];
	bool open;
} sequences[] = {
	{ "SYN at a listener", ENDED, BY_CLOCK, { SYN, PAYLOAD }, false },
	{ "RST, SYN", ANSWERED, BY_CLOCK, { RST, SYN, PAYLOAD }, false },
	{ "last ACK, SYN", BOTH_CLOSED, BY_CLOCK, { LAST_ACK, SYN, PAYLOAD }, false },
	{ "data after close, SYN", SERVER_CLOSED, BY_CLOCK, { DATA, SYN, PAYLOAD }, false },
	{ "data, server closes, SYN", ANSWERED, BY_CLOCK, { DATA, WHILE_IT_CLOSES, SYN, PAYLOAD }, false },
	{ "RST behind a handshake, SYN", FRESH, BY_CLOCK, { RST, SYN, AROUND }, false },
	{ "FIN, SYN", SERVER_CLOSED, BY_TIME_WAIT, { FIN, SYN, PAYLOAD }, false },
	{ "SYN at a listener, within a request", ENDED, BY_CLOCK, { SYN, AROUND }, false },
	{ "RST in a handshake, SYN", HANDSHAKE, BY_CLOCK, { RST, SYN, AROUND }, false },
	{ "SYN in a handshake, SYN", HANDSHAKE, BY_CLOCK, { SYN, SYN, AROUND }, false },
	{ "RST, cookie", ANSWERED, BY_COOKIE, { RST, PAYLOAD }, false },
	{ "RST, its own cookie", ANSWERED, BY_OWN_COOKIE, { RST, PAYLOAD }, false },
	{ "last ACK, cookie", BOTH_CLOSED, BY_COOKIE, { LAST_ACK, PAYLOAD }, false },
	{ "data after close, cookie", SERVER_CLOSED, BY_COOKIE, { DATA, PAYLOAD }, false },
	{ "RST behind a handshake, cookie", FRESH, BY_COOKIE, { RST, ACK, AROUND }, false },
	{ "FIN, server closes, cookie", ANSWERED, BY_COOKIE, { FIN, WHILE_IT_CLOSES, LAST_ACK, PAYLOAD }, true },
	{ "data, server closes, cookie", ANSWERED, BY_COOKIE, { DATA, WHILE_IT_CLOSES, PAYLOAD }, true },
	{ "data, server closes, cookie within a request", ANSWERED, BY_COOKIE, { DATA, WHILE_IT_CLOSES, ACK, AROUND }, true },
	{ "data, server closes, its own cookie", ANSWERED, BY_OWN_COOKIE, { DATA, WHILE_IT_CLOSES, PAYLOAD }, true },
};
#define SEQUENCES (sizeof(sequences) / sizeof(*sequences))

static struct race_pair pairs[ROUND];
static struct { int32_t all[ERRORS]; unsigned int n; } errors; /* of guesses, in ticks */
static struct { unsigned int tries, connections, holes, going, clients, losses; } sums;
static struct rnd rnd;

/* --- the first connection */

/* Has its server answered? */
static bool begin_first(void)
{
	uint32_t answer;

	pair->at = race_clock() + LEAD_NS;
	race_put_plain(TCP_SYN, pair->seq, 0);
	race_send_at(pair->at);
	answer = listen_answer(arrival->path, pair->sport, true);
	pair->isn = answer - 1;
	pair->next = pair->seq + 1;
	pair->server = answer;
	return answer;
}

/* As any client's, whose server answers its request. */
static bool open_first(void)
{
	static const uint8_t success[22] = { 0, 20, 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
	uint8_t request[REQUEST_MAX], heard[REQUEST_MAX];
	size_t n = race_request(request);

	race_send(TCP_ACK, pair->next, pair->server);
	pair->fd = listen_connection(arrival->path, pair->sport);
	race_put(TCP_PSH | TCP_ACK, pair->next, pair->server, request, n);
	race_send_all();
	pair->next += (uint32_t)n;
	pair->server += sizeof(success);
	return pair->fd >= 0 && recv(pair->fd, heard, sizeof(heard), MSG_DONTWAIT) == (ssize_t)n &&
	       send(pair->fd, success, sizeof(success), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(success);
}

static void close_first(void)
{
	if (pair->fd >= 0)
		close(pair->fd);
	pair->fd = -1;
}

static void answered(void)
{
	sums.clients++;
	for (unsigned int i = 0; i < SYN_TRIES && !begin_first(); i++)
		sleep(1);
	sums.losses += !open_first();
}

/* What comes some time before the race. */
static void prepare(const struct sequence *sequence)
{
	if (sequence->known == BY_COOKIE) {
		race_send(TCP_SYN, pair->second, 0);
		pair->cookie = listen_answer(arrival->path, pair->sport, true);
	}
	if (sequence->before == HANDSHAKE || sequence->before == FRESH)
		begin_first();
	else
		answered();
	if (sequence->before == FRESH) {
		race_send(TCP_ACK, pair->next, pair->server);
		pair->fd = listen_connection(arrival->path, pair->sport);
	}
}

/* And later. */
static void prepare_end(const struct sequence *sequence)
{
	enum before before = sequence->before;

	if (before == ENDED)
		race_send(TCP_RST, pair->next, 0);
	if (before == BOTH_CLOSED)
		race_send(TCP_FIN | TCP_ACK, pair->next++, pair->server);
	if (before >= ENDED)
		close_first();
	race_send_all();
}

/* --- guesses */

static int by_value(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int32_t usual_error(void)
{
	unsigned int n = errors.n < ERRORS ? errors.n : ERRORS;
	int32_t sorted[ERRORS];

	memcpy(sorted, errors.all, sizeof(sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return n ? sorted[n / 2] : 0;
}

static void learn(int32_t error)
{
	errors.all[errors.n++ % ERRORS] = error;
}

static uint32_t isn_at(uint64_t at)
{
	return pair->isn + (uint32_t)((at >> TICK_SHIFT) - (pair->at >> TICK_SHIFT));
}

/* --- the race */

static bool has_step(const struct sequence *sequence, enum step step)
{
	for (unsigned int i = 0; sequence->steps[i]; i++)
		if (sequence->steps[i] == step)
			return true;
	return false;
}

static unsigned int count_steps(const struct sequence *sequence)
{
	unsigned int n = 0;

	while (sequence->steps[n])
		n++;
	return n;
}

/* Where the batch has room for more, these are sent several times. */
static unsigned int count_of(const struct sequence *sequence, enum step step)
{
	bool guesses = sequence->known == BY_CLOCK, closes = has_step(sequence, WHILE_IT_CLOSES);
	unsigned int room = arrival->ahead - count_steps(sequence);

	if (guesses && closes)
		room /= 2;
	return (step == WHILE_IT_CLOSES || (guesses && step >= PAYLOAD)) ? 1 + room : 1;
}

static void put_step(enum step step, uint32_t ack)
{
	static const uint8_t more[1];

	switch (step) {
	case RST:
		race_put_plain(TCP_RST, pair->next, 0);
		break;
	case FIN: /* of a server that has closed, too, or not */
		race_put_plain(TCP_FIN | TCP_ACK, pair->next++, pair->server + (pair->fd < 0));
		break;
	case LAST_ACK:
		race_put_plain(TCP_ACK, pair->next, pair->server + 1);
		break;
	case DATA:
	case WHILE_IT_CLOSES:
		race_put(TCP_PSH | TCP_ACK, pair->next, pair->server, more, sizeof(more));
		pair->next += step == DATA;
		break;
	case SYN:
		race_put_plain(TCP_SYN, pair->second, 0);
		break;
	case ACK:
		race_put_plain(TCP_ACK, pair->second + 1, ack);
		break;
	case PAYLOAD:
		race_put_payload(ack);
		break;
	case AROUND:
		race_put_around(ack);
		break;
	case END:
		break;
	}
}

/* A server that closes as soon as it hears anything. */
static void *close_at_once(void *ready)
{
	uint64_t end = race_clock() + CLOSE_MS * 1000000u;
	uint8_t byte;

	atomic_store((atomic_bool *)ready, true);
	while (recv(pair->fd, &byte, 1, MSG_DONTWAIT) < 0 && race_clock() < end)
		;
	close_first();
	return NULL;
}

/* On a CPU where the server's TCP is not. */
static pthread_t start_server(void)
{
	atomic_bool ready = false;
	pthread_attr_t attr;
	pthread_t server;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(arrival->steered ? sched_getcpu() : race_other_cpu(), &set);
	pthread_attr_init(&attr);
	if (pthread_attr_setaffinity_np(&attr, sizeof(set), &set) || pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) ||
	    pthread_create(&server, &attr, close_at_once, &ready))
		die("no thread");
	pthread_attr_destroy(&attr);
	while (!atomic_load(&ready))
		usleep(20);
	return server;
}

static uint32_t ack_of(const struct sequence *sequence, uint64_t at)
{
	switch (sequence->known) {
	case BY_COOKIE:
		return pair->cookie;
	case BY_OWN_COOKIE:
		return pair->isn + 1;
	case BY_TIME_WAIT:
		return pair->server + 1 + TIME_WAIT_STEP + 1;
	case BY_CLOCK:
		break;
	}
	return isn_at(at) + 1 + (uint32_t)usual_error() - count_of(sequence, PAYLOAD) / 2;
}

/* Returns what the second connection's server begins with. */
static uint32_t run(const struct sequence *sequence)
{
	bool closes = has_step(sequence, WHILE_IT_CLOSES);
	pthread_t server = closes ? start_server() : 0;
	uint64_t at = race_clock() + LEAD_NS;
	uint32_t ack = ack_of(sequence, at), answer;

	for (unsigned int i = 0; sequence->steps[i]; i++)
		for (unsigned int j = 0; j < count_of(sequence, sequence->steps[i]); j++)
			put_step(sequence->steps[i], ack + j);
	race_send_at(at);
	if (closes)
		pthread_join(server, NULL);
	answer = listen_answer(arrival->path, pair->sport, false);
	if (answer && sequence->known == BY_CLOCK)
		learn((int32_t)(answer - 1 - isn_at(at)));
	return sequence->known == BY_CLOCK ? answer : ack;
}

/* Does it read what comes next? */
static bool goes_on(int fd, uint32_t seq, uint32_t ack)
{
	uint8_t more[] = { 0, 1, 0x80 };

	race_put(TCP_PSH | TCP_ACK, seq, ack, more, sizeof(more));
	race_send_all();
	return recv(fd, more, sizeof(more), MSG_DONTWAIT) > 0;
}

/* Has the server a second connection, and what has it read of it? */
static void read_second(uint32_t ack)
{
	const struct linger at_once = { .l_onoff = 1 };
	int fd = listen_connection(arrival->path, pair->sport);
	uint8_t heard[LENGTH_MAX];
	ssize_t n;

	if (fd < 0)
		return;
	n = recv(fd, heard, sizeof(heard), MSG_DONTWAIT);
	sums.connections++;
	if (n > 0 && stream_first_name(heard, (size_t)n) != NAME_OPEN) {
		sums.holes++;
		sums.going += goes_on(fd, pair->second + 1 + (uint32_t)n, ack);
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static void clean_up(const struct sequence *sequence)
{
	(void)sequence;
	close_first();
	race_send(TCP_RST, pair->second + 1, 0);
	for (unsigned int back = 0; back < 2; back++) /* what it sent last may not have passed */
		race_send(TCP_RST, pair->next - back, 0);
}

/* From the first connection's number to the second one's. */
static uint32_t step_of(const struct sequence *sequence)
{
	if (sequence->known == BY_OWN_COOKIE)
		return 0;
	return sequence->before < ANSWERED ? race_within() : BEHIND;
}

static void begin_pair(const struct sequence *sequence)
{
	static uint16_t turn;

	judge_forget(); /* once for each flow that is bound */
	pair->sport = (uint16_t)(20000 + turn++ % 40000);
	pair->seq = (uint32_t)rnd_next(&rnd);
	pair->second = pair->seq + step_of(sequence);
	pair->fd = -1;
}

static void each_pair(unsigned int n, void (*f)(const struct sequence *sequence), const struct sequence *sequence)
{
	for (pair = pairs; pair < pairs + n; pair++)
		f(sequence);
}

static void race_one(const struct sequence *sequence)
{
	read_second(run(sequence));
	clean_up(sequence);
}

static void run_round(const struct sequence *sequence, unsigned int n)
{
	each_pair(n, begin_pair, sequence);
	each_pair(n, prepare, sequence);
	if (sequence->before == ENDED)
		usleep(PAUSE_US);
	each_pair(n, prepare_end, sequence);
	usleep(PAUSE_US);
	each_pair(n, race_one, sequence);
	usleep(PAUSE_US);
	each_pair(n, clean_up, sequence);
	pair = pairs; /* an honest client of the same address and port is heard */
	pair->seq += 1000000;
	judge_refill(); /* what was refused may have used up what its source may bind */
	answered();
	clean_up(sequence);
	sums.tries += n;
}

static unsigned int run_sequence(const struct sequence *sequence, unsigned int tries)
{
	memset(&sums, 0, sizeof(sums));
	errors.n = 0;
	while (sums.tries < tries)
		run_round(sequence, tries - sums.tries < ROUND ? tries - sums.tries : ROUND);
	printf("# %s: %s: %u tries, %u second connections, %u holes%s, of which %u go on; of %u other clients %u are lost\n",
	       arrival->text, sequence->text, sums.tries, sums.connections, sums.holes, sequence->open ? " (not covered)" : "",
	       sums.going, sums.clients, sums.losses);
	fflush(stdout);
	return (sequence->open ? 0 : sums.holes) + sums.losses;
}

static bool is_with_cookies(const struct sequence *sequence)
{
	return sequence->known == BY_COOKIE || sequence->known == BY_OWN_COOKIE;
}

unsigned int race_run(const char *prefix, uint64_t seed, unsigned int tries)
{
	const struct sched_param none = {};
	unsigned int failures = 0;

	rnd = rnd_of(seed, ~1ull);
	for (unsigned int i = 0; i < RACE_ARRIVALS * SEQUENCES; i++) {
		const struct sequence *sequence = &sequences[i / RACE_ARRIVALS];

		arrival = &race_arrivals[i % RACE_ARRIVALS];
		race_hold_back(prefix);
		race_set_cookies(prefix, is_with_cookies(sequence) ? "2" : "0");
		failures += run_sequence(sequence, tries);
	}
	sched_setscheduler(0, SCHED_OTHER, &none);
	printf("%s - no connection begins with what was judged as another one's\n", failures ? "not ok" : "ok");
	return failures;
}
