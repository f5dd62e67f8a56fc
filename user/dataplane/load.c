/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Load the program, map its arrays into memory. */
#include "dataplane/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "regiongate.skel.h"

static char words[512];

void rg_dp_words_clear(void)
{
	words[0] = '\0';
}

const char *rg_dp_words(void)
{
	return words;
}

void rg_dp_words_keep(const char *fmt, va_list ap)
{
	if (words[0])
		return;
	vsnprintf(words, sizeof(words), fmt, ap);
	words[strcspn(words, "\n")] = '\0';
}

/* Keep the first complaint of libbpf: the ones after it only repeat that it failed. */
static int keep_words(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[sizeof(words)];
	const char *text = line, *message;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	message = strstr(line, "Kernel error message: ");
	if (message)
		text = message + strlen("Kernel error message: ");
	else if (words[0] || level != LIBBPF_WARN)
		return 0;
	snprintf(words, sizeof(words), "%s", text);
	words[strcspn(words, "\n")] = '\0';
	return 0;
}

uint64_t rg_dp_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int map_array(struct rg_dp *dp, const struct bpf_map *map, void **ret)
{
	size_t size = ((size_t)bpf_map__value_size(map) + 7) / 8 * 8 * bpf_map__max_entries(map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size + page - 1) / page * page;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return -errno;
	dp->arrays[dp->n_arrays++] = (struct rg_dp_array){ map, at, bytes, NULL };
	*ret = at;
	return 0;
}

static int map_arrays(struct rg_dp *dp)
{
	struct regiongate_bpf *skel = dp->skel;
	const struct { const struct bpf_map *map; void **ret; } arrays[] = {
		{ skel->maps.rg_state, (void **)&dp->state },
		{ skel->maps.rg_locals, (void **)&dp->slots },
		{ skel->maps.rg_ports, (void **)&dp->ports },
		{ skel->maps.rg_mtg_words, (void **)&dp->words },
		{ skel->maps.rg_meetings, (void **)&dp->meetings },
		{ skel->maps.rg_policies, (void **)&dp->policies },
		{ skel->maps.rg_policy_bits, (void **)&dp->policy_bits },
		{ skel->maps.rg_schedules, (void **)&dp->schedules },
		{ skel->maps.rg_exceptions, (void **)&dp->exceptions },
		{ skel->maps.rg_regions, (void **)&dp->regions },
		{ skel->maps.rg_shared, (void **)&dp->shared },
		{ skel->maps.rg_bindings, (void **)&dp->bindings },
		{ skel->maps.rg_mtg_stat, (void **)&dp->mtg_stats },
		{ skel->maps.rg_seen, (void **)&dp->seen },
		{ skel->maps.rg_quotas, (void **)&dp->quotas },
		{ skel->maps.rg_budgets, (void **)&dp->budgets },
	};
	_Static_assert(ARRAY_SIZE(arrays) == ARRAY_SIZE(dp->arrays), "room for each");

	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		int r = map_array(dp, arrays[i].map, arrays[i].ret);

		if (r)
			return r;
	}
	return 0;
}

static int not_loaded(int r, struct rg_err *err)
{
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "the kernel does not load the program: %s%s%s%s",
			  strerror(-r), words[0] ? " (" : "", words, words[0] ? ")" : "");
}

static int load(struct rg_dp *dp, struct rg_err *err)
{
	int r;

	dp->skel = regiongate_bpf__open();
	if (!dp->skel)
		return not_loaded(-errno, err);
	if (getrandom(&dp->cookie, sizeof(dp->cookie), 0) != sizeof(dp->cookie))
		return not_loaded(-errno, err);
	dp->n_cpus = rg_dp_cpu_ids();
	r = rg_dp_config_apply(dp);
	if (r)
		return not_loaded(r, err);
	r = rg_dp_adopt(dp, err);
	if (r)
		return r;
	r = regiongate_bpf__load(dp->skel);
	if (!r)
		r = map_arrays(dp);
	if (!r)
		r = rg_dp_events_open(dp, bpf_map__fd(dp->skel->maps.rg_events));
	if (r)
		return not_loaded(r, err);
	rg_closep(&dp->geo_template);
	dp->geo_template = -1;
	dp->prog_fd = bpf_program__fd(dp->skel->progs.regiongate);
	dp->egress_fd = bpf_program__fd(dp->skel->progs.regiongate_egress);
	rg_dp_adopted(dp);
	rg_dp_events_refill(dp);
	dp->state->abi_version = RG_ABI_VERSION;
	dp->state->flags = dp->flags = dp->config.observe ? RG_STATE_OBSERVE : 0;
	return 0;
}

int rg_dp_open(const struct rg_dp_config *config, struct rg_dp **ret, struct rg_err *err)
{
	struct rg_dp *dp = calloc(1, sizeof(*dp));
	int r;

	if (!dp)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	dp->config = *config;
	rg_dp_trials_init(dp);
	dp->prog_fd = dp->egress_fd = dp->geo_template = dp->geo_fd = dp->lock_fd = -1;
	dp->earlier = RG_DP_EARLIER_NONE;
	r = rg_dp_config_fill(&dp->config, err);
	if (r) {
		free(dp);
		return r;
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_words);
	rg_dp_words_clear();
	dp->pin_dir = config->pin_dir ? strdup(config->pin_dir) : NULL;
	dp->config.pin_dir = dp->pin_dir;
	r = rg_dp_former_settle(dp, err);
	if (r) {
		rg_dp_close(dp);
		return r;
	}
	r = config->pin_dir && !dp->pin_dir ? not_loaded(-ENOMEM, err) : load(dp, err);
	if (r) {
		rg_dp_close(dp);
		return r;
	}
	if (dp->pin_dir)
		rg_dp_names_open(dp);
	*ret = dp;
	return 0;
}

/* What packets write need not be compared, and not be large. */
static int shadow_load(struct rg_dp *dp)
{
	struct bpf_program *program;
	int r;

	dp->skel = regiongate_bpf__open();
	if (!dp->skel)
		return -errno;
	bpf_object__for_each_program(program, dp->skel->obj)
		bpf_program__set_autoload(program, false);
	dp->n_cpus = rg_dp_cpu_ids();
	r = rg_dp_config_apply(dp);
	if (!r)
		r = regiongate_bpf__load(dp->skel);
	rg_closep(&dp->geo_template);
	dp->geo_template = -1;
	if (!r)
		r = map_arrays(dp);
	return r;
}

int rg_dp_shadow_open(const struct rg_dp *of, struct rg_dp **ret, struct rg_err *err)
{
	struct rg_dp *dp = calloc(1, sizeof(*dp));
	int r;

	if (!dp)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	dp->config = of->config;
	dp->config.pin_dir = NULL;
	dp->config.max_flows = dp->config.max_mtg_stats = 1;
	rg_dp_trials_init(dp);
	dp->prog_fd = dp->geo_template = dp->geo_fd = dp->lock_fd = -1;
	dp->earlier = RG_DP_EARLIER_NONE;
	for (size_t i = 0; i < RG_LOCALS_MAX; i++)
		dp->locals[i].address = of->locals[i].address;
	rg_dp_words_clear();
	r = shadow_load(dp);
	if (r) {
		rg_dp_close(dp);
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "the kernel makes no maps to compare with: %s%s%s%s",
				  strerror(-r), words[0] ? " (" : "", words, words[0] ? ")" : "");
	}
	dp->state->abi_version = RG_ABI_VERSION;
	*ret = dp;
	return 0;
}

void rg_dp_close(struct rg_dp *dp)
{
	if (!dp)
		return;
	rg_dp_earlier_close(dp);
	rg_closep(&dp->geo_template);
	rg_dp_events_close(dp);
	for (size_t i = 0; i < dp->n_arrays; i++) {
		munmap(dp->arrays[i].at, dp->arrays[i].bytes);
		free(dp->arrays[i].hashes);
	}
	regiongate_bpf__destroy(dp->skel);
	rg_dp_names_close(dp);
	rg_dp_trials_close(dp);
	rg_closep(&dp->geo_fd);
	rg_closep(&dp->lock_fd);
	free(dp->run_buffer);
	free(dp->pin_dir);
	free(dp);
}

const char *rg_dp_object_hash(char ret[17])
{
	unsigned char hash[RG_SHA256_SIZE];
	char text[RG_SHA256_TEXT];
	size_t size;
	const void *object = regiongate_bpf__elf_bytes(&size);

	rg_sha256(object, size, hash);
	snprintf(ret, 17, "%.16s", rg_sha256_format(hash, text));
	return ret;
}

const char *rg_dp_prog_tag(const struct rg_dp *dp, char ret[17])
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	*ret = '\0';
	if (!bpf_obj_get_info_by_fd(dp->prog_fd, &info, &length))
		for (size_t i = 0; i < sizeof(info.tag); i++)
			snprintf(ret + 2 * i, 3, "%02x", info.tag[i]);
	return ret;
}

uint32_t rg_dp_prog_id(const struct rg_dp *dp)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(dp->prog_fd, &info, &length) ? 0 : info.id;
}
