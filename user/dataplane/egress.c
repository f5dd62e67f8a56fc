/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The egress program on an interface: by a tcx link (kernel 6.6), pinned beside the XDP link, or as a
 * filter of the clsact qdisc. A filter has no link: that it is ours says a pin of its program, named
 * by the interface's index. */
#include "dataplane/private.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

/* newer than the headers of the oldest system to build on */
#define TCX_EGRESS 47
#define LINK_TYPE_TCX 11

/* Place of the filter: before others, which may end the chain. */
#define FILTER_PRIORITY 1
#define FILTER_HANDLE 0x7267
#define FILTER_PIN "clsact:"

static const char *const modes[] = {
	[RG_EGRESS_AUTO] = "auto", [RG_EGRESS_TCX] = "tcx", [RG_EGRESS_CLSACT] = "clsact", [RG_EGRESS_OFF] = "off",
};

const char *rg_egress_mode_text(enum rg_egress_mode mode)
{
	return (size_t)mode < ARRAY_SIZE(modes) ? modes[mode] : "?";
}

int rg_egress_mode_parse(const char *text, enum rg_egress_mode *ret)
{
	int i = rg_dp_word(modes, ARRAY_SIZE(modes), text);

	if (i < 0)
		return i;
	*ret = (enum rg_egress_mode)i;
	return 0;
}

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) ? 0 : info.id;
}

int rg_dp_egress_link_open(const char *path, struct bpf_link_info *ret)
{
	int fd = rg_dp_link_open_any(path, ret);

	if (fd < 0 || ret->type == LINK_TYPE_TCX)
		return fd;
	close(fd);
	return -EINVAL;
}

static const char *link_path(const struct rg_dp *dp, unsigned int ifindex, char buf[512])
{
	char name[32];

	snprintf(name, sizeof(name), "tcx:%u", ifindex);
	return rg_dp_pin_path(dp->pin_dir, "links", name, buf);
}

static const char *filter_path(const char *pin_dir, unsigned int ifindex, char buf[512])
{
	char name[32];

	snprintf(name, sizeof(name), FILTER_PIN "%u", ifindex);
	return rg_dp_pin_path(pin_dir, "links", name, buf);
}

/* The tcx link of ours on an interface: an fd or -errno. */
static int link_open(const struct rg_dp *dp, unsigned int ifindex, struct bpf_link_info *ret)
{
	char path[512];
	int fd = rg_dp_egress_link_open(link_path(dp, ifindex, path), ret);

	if (fd < 0 || ret->xdp.ifindex == ifindex) /* tcx has it in the same place */
		return fd;
	close(fd); /* the interface that had the index is gone */
	unlink(path);
	return -ENOENT;
}

/* The program that the filter in our place has; 0: there is none. */
static uint32_t filter_prog(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

/* Is that filter one that was attached from these pins? */
static bool filter_ours(const char *pin_dir, unsigned int ifindex)
{
	char path[512];
	_cleanup_(rg_closep) int fd = bpf_obj_get(filter_path(pin_dir, ifindex, path));
	uint32_t id = prog_id(fd);

	return id && filter_prog(ifindex) == id;
}

static int filter_put(int prog_fd, unsigned int ifindex, bool replace)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY, .prog_fd = prog_fd,
		    .flags = replace ? BPF_TC_F_REPLACE : 0);
	int r = bpf_tc_hook_create(&hook);

	if (r && r != -EEXIST)
		return r;
	return bpf_tc_attach(&hook, &opts);
}

static void filter_remove(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	bpf_tc_detach(&hook, &opts);
}

/* The pin first: without it nobody would know whose the filter is. */
static int filter_attach(const struct rg_dp *dp, unsigned int ifindex)
{
	bool replace = filter_ours(dp->pin_dir, ifindex);
	char path[512];
	int r;

	if (!replace && filter_prog(ifindex))
		return -EEXIST;
	unlink(filter_path(dp->pin_dir, ifindex, path));
	if (bpf_obj_pin(dp->egress_fd, path))
		return -errno;
	r = filter_put(dp->egress_fd, ifindex, replace);
	if (r)
		unlink(path);
	return r;
}

static int tcx_attach(const struct rg_dp *dp, unsigned int ifindex)
{
	_cleanup_(rg_closep) int fd = bpf_link_create(dp->egress_fd, (int)ifindex, (enum bpf_attach_type)TCX_EGRESS, NULL);
	char path[512];
	int r;

	if (fd < 0)
		return -errno;
	unlink(link_path(dp, ifindex, path));
	if (!bpf_obj_pin(fd, path))
		return 0;
	r = -errno;
	bpf_link_detach(fd);
	return r;
}

enum rg_egress_mode rg_dp_egress_status(const struct rg_dp *dp, unsigned int ifindex)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = dp->pin_dir ? link_open(dp, ifindex, &info) : -1;

	if (fd >= 0)
		return RG_EGRESS_TCX;
	return dp->pin_dir && filter_ours(dp->pin_dir, ifindex) ? RG_EGRESS_CLSACT : RG_EGRESS_OFF;
}

void rg_dp_egress_detach(struct rg_dp *dp, unsigned int ifindex)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = link_open(dp, ifindex, &info);
	char path[512];

	if (fd >= 0) {
		bpf_link_detach(fd);
		unlink(link_path(dp, ifindex, path));
	}
	if (filter_ours(dp->pin_dir, ifindex))
		filter_remove(ifindex);
	unlink(filter_path(dp->pin_dir, ifindex, path));
}

static int attach_error(const char *ifname, enum rg_egress_mode mode, int r, struct rg_err *err)
{
	if (r == -EEXIST)
		return rg_err_set(err, r, RG_ERR_CONFLICT, "/egress",
				  "'%s' has another filter in clsact's place for this one (priority %d, handle %#x)",
				  ifname, FILTER_PRIORITY, FILTER_HANDLE);
	return rg_err_set(err, r, RG_ERR_INVALID, "/egress", "cannot attach to what '%s' sends by %s: %s; "
			  "with egress \"off\" only what it receives is filtered", ifname,
			  mode == RG_EGRESS_AUTO ? "tcx or clsact" : rg_egress_mode_text(mode), strerror(-r));
}

int rg_dp_egress_attach(struct rg_dp *dp, const char *ifname, enum rg_egress_mode mode, struct rg_err *err)
{
	unsigned int ifindex = if_nametoindex(ifname);
	enum rg_egress_mode now;
	int r = -EOPNOTSUPP;

	if (!ifindex)
		return rg_err_set(err, -ENODEV, RG_ERR_NOT_FOUND, "", "there is no interface '%s'", ifname);
	now = rg_dp_egress_status(dp, ifindex);
	if (now == mode || (mode == RG_EGRESS_AUTO && now != RG_EGRESS_OFF))
		return 0;
	if (mode == RG_EGRESS_OFF) {
		rg_dp_egress_detach(dp, ifindex);
		return 0;
	}
	/* the new one before the old one goes: for a moment both judge, and they judge alike */
	if (mode != RG_EGRESS_CLSACT)
		r = tcx_attach(dp, ifindex);
	if (r && mode != RG_EGRESS_TCX)
		r = filter_attach(dp, ifindex);
	if (r)
		return attach_error(ifname, mode, r, err);
	if (now == RG_EGRESS_TCX) {
		struct bpf_link_info info;
		char path[512];
		_cleanup_(rg_closep) int fd = link_open(dp, ifindex, &info);

		if (fd >= 0)
			bpf_link_detach(fd);
		unlink(link_path(dp, ifindex, path));
	} else if (now == RG_EGRESS_CLSACT) {
		char path[512];

		filter_remove(ifindex);
		unlink(filter_path(dp->pin_dir, ifindex, path));
	}
	return 0;
}

/* The interface's index that a pin's name holds; 0: it is no such pin. Names are as rg_dp_pin_path() has
 * them, where ':' is %3a. */
static unsigned int filter_pin(const char *path)
{
	static const char marked[] = "/clsact%3a";
	const char *at = strstr(path, marked);

	return at ? (unsigned int)strtoul(at + strlen(marked), NULL, 10) : 0;
}

int rg_dp_egress_switch(const char *path, int prog_fd, int *ret_old)
{
	unsigned int ifindex = filter_pin(path);
	_cleanup_(rg_closep) int old = ifindex ? bpf_obj_get(path) : -1;
	uint32_t id = prog_id(old);
	char fresh[520];
	int r;

	if (!id)
		return 0; /* not one of ours */
	if (filter_prog(ifindex) != id) { /* its interface is gone, and the filter with it */
		unlink(path);
		return 0;
	}
	snprintf(fresh, sizeof(fresh), "%s_new", path);
	unlink(fresh);
	if (bpf_obj_pin(prog_fd, fresh))
		return -errno;
	r = filter_put(prog_fd, ifindex, true);
	if (!r && rename(fresh, path))
		r = -errno;
	if (r)
		unlink(fresh);
	else if (ret_old)
		*ret_old = TAKE_FD(old);
	return r;
}

bool rg_dp_egress_remove(const char *path)
{
	unsigned int ifindex = filter_pin(path);
	_cleanup_(rg_closep) int fd = ifindex ? bpf_obj_get(path) : -1;
	uint32_t id = prog_id(fd);

	if (id && filter_prog(ifindex) == id)
		filter_remove(ifindex);
	return id != 0;
}
