/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/client.h"

#define START_TIMEOUT_MS 120000

void bench_daemon_init(struct bench_daemon *daemon, const struct bench_options *options, const char *geoip,
		       unsigned int max_meetings)
{
	*daemon = (struct bench_daemon){ .options = options, .max_meetings = max_meetings, .max_ufrags = 1u << 18, .prog_fd = -1,
					 .dir = "/tmp/regiongate-bench-XXXXXX" };
	if (!mkdtemp(daemon->dir))
		bench_die("mkdtemp", NULL);
	snprintf(daemon->socket, sizeof(daemon->socket), "%s/socket", daemon->dir);
	snprintf(daemon->geoip, sizeof(daemon->geoip), "%s", geoip ? geoip : options->mmdb);
}

static void exec_daemon(const struct bench_daemon *daemon)
{
	char program[512], socket[96], state[96], pins[64], geoip[600], config[96], log[96];
	FILE *f;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(log, sizeof(log), "%s/log", daemon->dir);
	fd = open(log, O_CREAT | O_APPEND | O_WRONLY, 0600);
	dup2(fd, STDERR_FILENO);
	snprintf(program, sizeof(program), "%s/regiongated", daemon->options->build);
	snprintf(socket, sizeof(socket), "--socket=%s", daemon->socket);
	snprintf(state, sizeof(state), "--state=%s/state", daemon->dir);
	snprintf(pins, sizeof(pins), "--pin-dir=/sys/fs/bpf/rg-bench-%d", getppid());
	snprintf(geoip, sizeof(geoip), "--geoip=%s", daemon->geoip);
	snprintf(config, sizeof(config), "--config=%s/config", daemon->dir);
	f = fopen(config + strlen("--config="), "w");
	if (!f || fprintf(f, "[limits]\nmax_meetings = %u\nmax_ufrags = %u\n", daemon->max_meetings,
			  daemon->max_ufrags) < 0 || fclose(f))
		_exit(127);
	execl(program, program, config, socket, state, pins, geoip, "--log-level=warning", NULL);
	_exit(127);
}

static int answers(const struct bench_daemon *daemon)
{
	struct rg_client_request request = { .socket = daemon->socket, .method = "GET", .path = "/v1/geoip" };
	struct rg_client_answer answer;

	if (rg_client_run(&request, &answer, NULL))
		return 0;
	rg_client_answer_clear(&answer);
	return 1;
}

static void show_log(const struct bench_daemon *daemon)
{
	char command[128];

	snprintf(command, sizeof(command), "tail -n 5 %s/log >&2", daemon->dir);
	if (system(command))
		bench_die("the daemon does not start", NULL);
}

double bench_daemon_start(struct bench_daemon *daemon)
{
	uint64_t start = bench_now_ns();
	double seconds;
	json_t *status;
	uint32_t id;

	daemon->pid = fork();
	if (!daemon->pid)
		exec_daemon(daemon);
	while (!answers(daemon)) {
		if (waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid ||
		    bench_now_ns() - start > START_TIMEOUT_MS * 1000000ull) {
			show_log(daemon);
			bench_die("the daemon does not start", NULL);
		}
		usleep(2000);
	}
	seconds = (double)(bench_now_ns() - start) / 1e9;
	status = bench_daemon_call(daemon, "GET", "/v1/status", NULL);
	id = (uint32_t)json_integer_value(json_object_get(json_object_get(status, "program"), "id"));
	json_decref(status);
	daemon->prog_fd = bpf_prog_get_fd_by_id(id);
	if (daemon->prog_fd < 0)
		bench_die("the daemon's program", NULL);
	return seconds;
}

void bench_daemon_stop(struct bench_daemon *daemon)
{
	if (!daemon->pid)
		return;
	close(daemon->prog_fd);
	kill(daemon->pid, SIGTERM);
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
	daemon->prog_fd = -1;
}

void bench_daemon_remove(struct bench_daemon *daemon)
{
	char command[96];

	bench_daemon_stop(daemon);
	snprintf(command, sizeof(command), "rm -rf '%s'", daemon->dir);
	if (system(command))
		bench_die(command, NULL);
}

json_t *bench_daemon_call(const struct bench_daemon *daemon, const char *method, const char *path,
			  const char *body)
{
	struct rg_client_request request = { .socket = daemon->socket, .method = method, .path = path, .body = body,
					     .length = body ? strlen(body) : 0, .type = "application/json" };
	struct rg_client_answer answer;
	struct rg_err err;
	json_t *json;

	if (rg_client_run(&request, &answer, &err))
		bench_die(path, &err);
	if (answer.status / 100 != 2) {
		fprintf(stderr, "bench: %s %s: %ld %s\n", method, path, answer.status, answer.body ? answer.body : "");
		exit(1);
	}
	json = answer.body ? json_loads(answer.body, 0, NULL) : NULL;
	rg_client_answer_clear(&answer);
	return json;
}

double bench_daemon_memory(const struct bench_daemon *daemon, const char *name)
{
	char path[64], line[128];
	size_t length = strlen(name);
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", daemon->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, length) && line[length] == ':')
			kb = strtol(line + length + 1, NULL, 10);
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

double bench_daemon_cpu(const struct bench_daemon *daemon)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", daemon->pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		bench_die(path, NULL);
	fclose(f);
	return (double)ns / 1e9;
}

void bench_daemon_memory_reset(const struct bench_daemon *daemon)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", daemon->pid);
	f = fopen(path, "w");
	if (!f || fputs("5", f) < 0 || fclose(f))
		bench_die(path, NULL);
}

int bench_daemon_refuses(const struct bench_daemon *daemon, const char *local, unsigned int port)
{
	unsigned char frame[64] = { [12] = 0x08, [14] = 0x45, [17] = 40, [22] = 64, [23] = 17,
				    [26] = 1, 2, 4, 1, [34] = 0x0f, 0xa0, [39] = 20 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	inet_pton(AF_INET, local, frame + 30);
	frame[36] = (unsigned char)(port >> 8);
	frame[37] = (unsigned char)port;
	if (bpf_prog_test_run_opts(daemon->prog_fd, &opts))
		bench_die("BPF_PROG_TEST_RUN", NULL);
	return opts.retval == 1; /* XDP_DROP */
}
