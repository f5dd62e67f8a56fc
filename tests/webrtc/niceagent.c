// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One ICE agent (libnice, RFC 8445 with consent freshness), one component, driven by
 * lines on standard input and answering in lines on standard output.
 *
 *   niceagent [-c] [-t] [-p MIN-MAX] [-u UFRAG:PASSWORD] ADDRESS...
 *     -c  controlling   -t  over TCP (RFC 6544)   -p  local ports
 *     -u  local credentials, instead of random ones
 *
 *   in                                  out
 *                                       local SDP      own description, at start and on restart
 *   remote SDP                          state NAME     connecting, connected, ready, failed, ...
 *                                       pair LOCAL REMOTE   as ADDRESS/PORT
 *   restart
 *   send N     packets, RTP-like
 *   count                               counted N      packets received so far
 *   quit, or end of file
 *
 * A description is one line: '|' stands for the line ends. */
#include <nice/agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMPONENT 1
#define PACKET_BYTES 100
#define SEND_INTERVAL_US 2000
#define MAX_SEND 1000

struct app {
	GMainLoop *loop;
	NiceAgent *agent;
	guint stream;
	guint n_received;
};

static void say_local(const struct app *app)
{
	g_autofree char *sdp = nice_agent_generate_local_sdp(app->agent);

	printf("local %s\n", g_strdelimit(g_strchomp(sdp), "\n", '|'));
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer data)
{
	(void)agent;
	(void)stream;
	say_local(data);
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer data)
{
	(void)agent;
	(void)stream;
	(void)component;
	(void)data;
	printf("state %s\n", nice_component_state_to_string(state));
}

static void on_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
		    NiceCandidate *remote, gpointer data)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	(void)agent;
	(void)stream;
	(void)component;
	(void)data;
	nice_address_to_string(&local->addr, from);
	nice_address_to_string(&remote->addr, to);
	printf("pair %s/%u %s/%u\n", from, nice_address_get_port(&local->addr), to,
	       nice_address_get_port(&remote->addr));
}

static void on_packet(NiceAgent *agent, guint stream, guint component, guint len, char *buf,
		      gpointer data)
{
	struct app *app = data;

	(void)agent;
	(void)stream;
	(void)component;
	(void)buf;
	if (len == PACKET_BYTES)
		app->n_received++;
}

static void send_packets(const struct app *app, unsigned long n)
{
	char packet[PACKET_BYTES] = {(char)0x80, 96}; /* RTP version 2, a dynamic payload type */

	for (unsigned long i = 0; i < n && i < MAX_SEND; i++) {
		nice_agent_send(app->agent, app->stream, COMPONENT, sizeof(packet), packet);
		g_usleep(SEND_INTERVAL_US);
	}
}

static void take_remote(const struct app *app, char *sdp)
{
	if (nice_agent_parse_remote_sdp(app->agent, g_strdelimit(sdp, "|", '\n')) <= 0)
		puts("error the description is not understood");
}

static void obey(struct app *app, char *line)
{
	if (g_str_has_prefix(line, "remote ")) {
		take_remote(app, line + strlen("remote "));
	} else if (g_str_has_prefix(line, "send ")) {
		send_packets(app, strtoul(line + strlen("send "), NULL, 10));
	} else if (!strcmp(line, "count")) {
		printf("counted %u\n", app->n_received);
	} else if (!strcmp(line, "restart")) {
		nice_agent_restart(app->agent);
		say_local(app);
	} else if (!strcmp(line, "quit")) {
		g_main_loop_quit(app->loop);
	} else {
		printf("error no such command: %s\n", line);
	}
}

static gboolean on_input(GIOChannel *input, GIOCondition condition, gpointer data)
{
	struct app *app = data;
	g_autofree char *line = NULL;

	(void)condition;
	if (g_io_channel_read_line(input, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
		g_main_loop_quit(app->loop);
		return FALSE;
	}
	obey(app, g_strchomp(line));
	return TRUE;
}

static int usage(void)
{
	fputs("usage: niceagent [-c] [-t] [-p MIN-MAX] [-u UFRAG:PASSWORD] ADDRESS...\n", stderr);
	return 2;
}

/* No servers; checks that are not answered fail within seconds. Over TCP they may come late, also those of consent:
 * what was held back is repeated at growing intervals. */
static void agent_make(struct app *app, gboolean controlling, gboolean tcp)
{
	app->agent = nice_agent_new_full(g_main_loop_get_context(app->loop), NICE_COMPATIBILITY_RFC5245,
					 NICE_AGENT_OPTION_CONSENT_FRESHNESS);
	g_object_set(app->agent, "controlling-mode", controlling, "upnp", FALSE, "ice-tcp", tcp, "ice-udp", !tcp,
		     "stun-max-retransmissions", tcp ? 7 : 4, "stun-initial-timeout", 200, NULL);
	g_signal_connect(app->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), app);
	g_signal_connect(app->agent, "component-state-changed", G_CALLBACK(on_state), app);
	g_signal_connect(app->agent, "new-selected-pair-full", G_CALLBACK(on_pair), app);
	app->stream = nice_agent_add_stream(app->agent, 1);
	nice_agent_set_stream_name(app->agent, app->stream, "video");
	nice_agent_attach_recv(app->agent, app->stream, COMPONENT, g_main_loop_get_context(app->loop),
			       on_packet, app);
}

static int add_addresses(struct app *app, char **addresses)
{
	for (; *addresses; addresses++) {
		NiceAddress address;

		nice_address_init(&address);
		if (!nice_address_set_from_string(&address, *addresses)) {
			fprintf(stderr, "niceagent: not an address: %s\n", *addresses);
			return -1;
		}
		nice_agent_add_local_address(app->agent, &address);
	}
	return 0;
}

static int set_options(struct app *app, const char *ports, const char *credentials)
{
	unsigned int min, max;
	g_auto(GStrv) parts = NULL;

	if (ports) {
		if (sscanf(ports, "%u-%u", &min, &max) != 2)
			return -1;
		nice_agent_set_port_range(app->agent, app->stream, COMPONENT, min, max);
	}
	if (credentials) {
		parts = g_strsplit(credentials, ":", 2);
		if (g_strv_length(parts) != 2 ||
		    !nice_agent_set_local_credentials(app->agent, app->stream, parts[0], parts[1]))
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct app app = {.loop = g_main_loop_new(NULL, FALSE)};
	const char *ports = NULL, *credentials = NULL;
	gboolean controlling = FALSE, tcp = FALSE;
	int option;

	while ((option = getopt(argc, argv, "ctp:u:")) != -1) {
		if (option == 'c')
			controlling = TRUE;
		else if (option == 't')
			tcp = TRUE;
		else if (option == 'p')
			ports = optarg;
		else if (option == 'u')
			credentials = optarg;
		else
			return usage();
	}
	if (optind == argc)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	agent_make(&app, controlling, tcp);
	if (set_options(&app, ports, credentials) != 0)
		return usage();
	if (add_addresses(&app, argv + optind) != 0)
		return 2;
	if (!nice_agent_gather_candidates(app.agent, app.stream)) {
		fputs("niceagent: can not gather candidates\n", stderr);
		return 1;
	}
	GIOChannel *input = g_io_channel_unix_new(STDIN_FILENO);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, &app);
	g_main_loop_run(app.loop);
	g_io_channel_unref(input);
	g_object_unref(app.agent);
	g_main_loop_unref(app.loop);
	return 0;
}
