/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "objects.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/ip.h"
#include "dataplane/private.h"
#include "regiongate.skel.h"

#define LOCAL4 "198.51.100.0"
#define LOCAL6 "2001:db8:ffff::"

static int share_maps(const struct rg_dp *dp, struct bpf_object *obj)
{
	struct bpf_map *ours, *map;
	int r;

	bpf_object__for_each_map(map, obj) {
		ours = bpf_object__find_map_by_name(dp->skel->obj, bpf_map__name(map));
		if (!ours || strncmp(bpf_map__name(map), "rg_", 3))
			continue;
		r = bpf_map__reuse_fd(map, bpf_map__fd(ours));
		if (r)
			return r;
	}
	return 0;
}

static int program(const struct bpf_object *obj, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	if (!prog)
		bench_die(name, NULL);
	return bpf_program__fd(prog);
}

static struct bench_source *map_sources(const struct bpf_object *obj)
{
	void *at = mmap(NULL, RG_BENCH_SOURCES * sizeof(struct bench_source), PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(bpf_object__find_map_by_name(obj, "bench_sources")), 0);

	if (at == MAP_FAILED)
		bench_die("mmap of bench_sources", NULL);
	return at;
}

/* Programs that the filter's own sources bring along are not loaded a second time. */
static void load_only_bench(struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strncmp(bpf_program__name(prog), "bench_", 6));
}

/* The filter's constants come first in .rodata, in the order of maps.h: to find them by name
 * would need a second skeleton. */
struct bench_object bench_object_open(const struct rg_dp *dp, const char *build, const char *name)
{
	struct bench_object o = {};
	char path[512];
	struct bpf_map *rodata;
	size_t size;
	void *ours, *theirs;

	snprintf(path, sizeof(path), "%s/bench/%s.bpf.o", build, name);
	o.obj = bpf_object__open_file(path, NULL);
	if (!o.obj || share_maps(dp, o.obj))
		bench_die(path, NULL);
	load_only_bench(o.obj);
	rodata = bpf_object__find_map_by_name(o.obj, ".rodata");
	theirs = (void *)bpf_map__initial_value(rodata, &size);
	ours = (void *)bpf_map__initial_value(dp->skel->maps.rodata, &size);
	memcpy(theirs, ours, size);
	if (bpf_object__load(o.obj))
		bench_die(path, NULL);
	o.empty[BENCH_ONE] = program(o.obj, "bench_empty");
	o.floor[BENCH_ONE] = program(o.obj, "bench_floor");
	o.filter[BENCH_ONE] = program(o.obj, "bench_filter");
	o.empty[BENCH_LOOPED] = program(o.obj, "bench_empty_loop");
	o.floor[BENCH_LOOPED] = program(o.obj, "bench_floor_loop");
	o.filter[BENCH_LOOPED] = program(o.obj, "bench_filter_loop");
	o.bare = program(o.obj, "bench_bare");
	o.empty[BENCH_CHAINED] = o.empty[BENCH_ONE];
	o.floor[BENCH_CHAINED] = o.floor[BENCH_ONE];
	o.filter[BENCH_CHAINED] = program(o.obj, "bench_filter_chained");
	o.sources = map_sources(o.obj);
	return o;
}

struct bench_sender bench_sender_open(const char *build, int ifindex)
{
	struct bench_sender s = {};
	char path[512];
	size_t size;
	void *constants;

	snprintf(path, sizeof(path), "%s/bench/wire.bpf.o", build);
	s.obj = bpf_object__open_file(path, NULL);
	if (!s.obj)
		bench_die(path, NULL);
	constants = (void *)bpf_map__initial_value(bpf_object__find_map_by_name(s.obj, ".rodata"), &size);
	memcpy(constants, &ifindex, sizeof(ifindex)); /* wire_out, the only one */
	if (bpf_object__load(s.obj))
		bench_die(path, NULL);
	s.send = program(s.obj, "wire_send");
	s.drop = program(s.obj, "wire_drop");
	s.sources = map_sources(s.obj);
	return s;
}

void bench_sender_close(struct bench_sender *sender)
{
	munmap(sender->sources, RG_BENCH_SOURCES * sizeof(*sender->sources));
	bpf_object__close(sender->obj);
}

int bench_object_program(const struct bench_object *object, const char *name)
{
	return program(object->obj, name);
}

int bench_object_map(const struct bench_object *object, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(object->obj, name));
}

void bench_object_close(struct bench_object *object)
{
	munmap(object->sources, RG_BENCH_SOURCES * sizeof(*object->sources));
	bpf_object__close(object->obj);
}

static void put16(unsigned char *p, unsigned int value)
{
	p[0] = (unsigned char)(value >> 8);
	p[1] = (unsigned char)value;
}

struct bench_frame bench_frame_udp(int v4, const void *payload, unsigned int length)
{
	struct bench_frame f = { .length = (v4 ? 14 + 20 + 8 : 14 + 40 + 8) + length };
	unsigned char *p = f.bytes + 14;
	struct rg_addr local;

	rg_addr_parse(v4 ? LOCAL4 : LOCAL6, &local);
	put16(f.bytes + 12, v4 ? 0x0800 : 0x86dd);
	if (v4) {
		p[0] = 0x45;
		put16(p + 2, 20 + 8 + length);
		p[8] = 64;
		p[9] = 17;
		memcpy(p + 16, local.bytes + 12, 4);
		p += 20;
	} else {
		p[0] = 0x60;
		put16(p + 4, 8 + length);
		p[6] = 17;
		p[7] = 64;
		memcpy(p + 24, local.bytes, 16);
		p += 40;
	}
	put16(p + 4, 8 + length);
	if (length)
		memcpy(p + 8, payload, length);
	return f;
}

double bench_run(int prog_fd, enum bench_way way, const struct bench_frame *frame, unsigned int packets)
{
	struct bench_frame copy = *frame;
	unsigned int runs = way == BENCH_LOOPED ? packets / RG_BENCH_LOOP : packets;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = copy.bytes, .data_size_in = copy.length,
		    .repeat = (int)runs);
	uint64_t start = bench_cpu_ns();

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		bench_die("BPF_PROG_TEST_RUN", NULL);
	return (double)(bench_cpu_ns() - start) / (double)runs / (way == BENCH_LOOPED ? RG_BENCH_LOOP : 1);
}
