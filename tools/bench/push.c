/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A real daemon: from the request of a push to the first packet judged by it, and
 * the memory that daemon and maps take. */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/client.h"

#define PUSHES 1000
#define MEETINGS 1000

static char socket_path[256];

static json_t *call(const char *method, const char *path, const char *body, long want)
{
	struct rg_client_request request = { .socket = socket_path, .method = method, .path = path, .body = body,
					     .length = body ? strlen(body) : 0, .type = "application/json" };
	struct rg_client_answer answer;
	struct rg_err err;
	json_t *json;

	if (rg_client_run(&request, &answer, &err))
		bench_die(path, &err);
	if (answer.status / 100 != want) {
		fprintf(stderr, "bench: %s %s: %ld %s\n", method, path, answer.status, answer.body ? answer.body : "");
		exit(1);
	}
	json = answer.body ? json_loads(answer.body, 0, NULL) : NULL;
	rg_client_answer_clear(&answer);
	return json;
}

static pid_t daemon_start(const struct bench_options *options, const char *dir)
{
	char program[512], socket[300], state[300];
	pid_t pid;

	snprintf(program, sizeof(program), "%s/regiongated", options->build);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	snprintf(socket, sizeof(socket), "--socket=%s", socket_path);
	snprintf(state, sizeof(state), "--state=%s/state", dir);
	pid = fork();
	if (pid == 0) {
		char geoip[512], pins[64];

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		snprintf(geoip, sizeof(geoip), "--geoip=%s", options->mmdb);
		snprintf(pins, sizeof(pins), "--pin-dir=/sys/fs/bpf/rg-bench-%d", getppid());
		execl(program, program, "--config=/dev/null", socket, state, pins, geoip, "--log-level=warning", NULL);
		_exit(127);
	}
	for (int i = 0; i < 500; i++) {
		struct rg_client_request request = { .socket = socket_path, .method = "GET", .path = "/v1/status" };
		struct rg_client_answer answer;

		if (!rg_client_run(&request, &answer, NULL)) {
			rg_client_answer_clear(&answer);
			return pid;
		}
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		usleep(20000);
	}
	bench_die("the daemon does not start", NULL);
}

static void put_meeting(int i, const char *rules)
{
	char path[64], body[256];

	snprintf(path, sizeof(path), "/v1/meetings/m-%d", i);
	snprintf(body, sizeof(body), "{\"endpoints\":[{\"address\":\"198.51.100.10\",\"port\":%d}],\"rules\":[%s]}",
		 10000 + i, rules);
	json_decref(call("PUT", path, body, 2));
}

/* A UDP packet from a Chinese address to the meeting's port, by the daemon's loaded program. */
static int judged(int prog_fd)
{
	unsigned char frame[64] = { [12] = 0x08, [14] = 0x45, [17] = 40, [22] = 64, [23] = 17,
				    [26] = 1, 2, 4, 1, 198, 51, 100, 10, 0x0f, 0xa0, 0x27, 0x10, 0, 20 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		bench_die("BPF_PROG_TEST_RUN", NULL);
	return opts.retval == 1; /* XDP_DROP */
}

static double resident_mb(pid_t pid)
{
	char path[64], line[128];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %ld", &kb);
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

static void memory(pid_t pid, json_t *json)
{
	json_t *status = call("GET", "/v1/status", NULL, 2), *map, *sizes = json_object();
	double total = 0;
	size_t i;

	printf("\nmemory, %d meetings\n  %-18s %10s %12s\n", MEETINGS, "", "MB", "max entries");
	printf("  %-18s %10.1f\n", "daemon (resident)", resident_mb(pid));
	json_array_foreach(json_object_get(status, "maps"), i, map) {
		double mb = (double)json_integer_value(json_object_get(map, "bytes")) / 1e6;
		const char *name = json_string_value(json_object_get(map, "name"));

		printf("  %-18s %10.2f %12lld\n", name, mb,
		       (long long)json_integer_value(json_object_get(map, "max_entries")));
		json_object_set_new(sizes, name, json_real(mb));
		total += mb;
	}
	printf("  %-18s %10.1f\n", "all maps", total);
	json_object_set_new(sizes, "daemon", json_real(resident_mb(pid)));
	json_object_set_new(json, "memory, MB", sizes);
	json_decref(status);
}

int bench_push(const struct bench_options *options, json_t *json)
{
	static const char refuse[] = "{\"action\":\"refuse\",\"regions\":[\"CN\"]}";
	char dir[] = "/tmp/regiongate-bench-XXXXXX", command[64];
	double ms[PUSHES];
	int wrong = 0, prog_fd, missed;
	json_t *status;
	pid_t pid;

	if (!mkdtemp(dir))
		bench_die("mkdtemp", NULL);
	pid = daemon_start(options, dir);
	for (int i = 0; i < MEETINGS; i++)
		put_meeting(i, "");
	status = call("GET", "/v1/status", NULL, 2);
	prog_fd = bpf_prog_get_fd_by_id((uint32_t)json_integer_value(
		json_object_get(json_object_get(status, "program"), "id")));
	json_decref(status);
	if (prog_fd < 0)
		bench_die("the daemon's program", NULL);
	for (int i = 0; i < PUSHES; i++) {
		int refusing = i % 2 == 0;
		uint64_t t0 = bench_now_ns();

		put_meeting(0, refusing ? refuse : "");
		wrong += judged(prog_fd) != refusing;
		ms[i] = (double)(bench_now_ns() - t0) / 1e6;
	}
	printf("\npush to enforced, %d pushes over one socket, durable, each with a new connection\n", PUSHES);
	printf("  p50 %.2f ms, p99 %.2f ms\n", bench_median(ms, PUSHES), bench_percentile(ms, PUSHES, 99));
	json_object_set_new(json, "push to enforced, p50 ms", json_real(bench_median(ms, PUSHES)));
	json_object_set_new(json, "push to enforced, p99 ms", json_real(bench_percentile(ms, PUSHES, 99)));
	missed = bench_bound(json, "packets judged by the old rule after the answer", wrong, "", 0, 0);
	memory(pid, json);
	close(prog_fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return missed + (system(command) != 0);
}
