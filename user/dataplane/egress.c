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

static int prog_id(int fd, uint32_t *ret)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	*ret = info.id;
	return 0;
}

/* Of the program pinned at @path; 0 if there is none. */
static int pinned_id(const char *path, uint32_t *ret)
{
	_cleanup_(rg_closep) int fd = bpf_obj_get(path);

	*ret = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return prog_id(fd, ret);
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

/* The program that the filter in our place has; 0: there is none, or no such interface. */
static int filter_prog(unsigned int ifindex, uint32_t *ret)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	int r = bpf_tc_query(&hook, &opts);

	*ret = r ? 0 : opts.prog_id;
	return r == -ENOENT || r == -ENODEV || r == -EINVAL ? 0 : r;
}

/* Is that filter one that was attached from these pins? 1, 0 or -errno. */
static int filter_ours(const char *pin_dir, unsigned int ifindex)
{
	uint32_t pinned, there;
	char path[512];
	int r = pinned_id(filter_path(pin_dir, ifindex, path), &pinned);

	if (!r && pinned)
		r = filter_prog(ifindex, &there);
	return r ? r : pinned && there == pinned;
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
static int filter_set(const struct rg_dp *dp, unsigned int ifindex, bool replace)
{
	char path[512];
	int r;

	unlink(filter_path(dp->pin_dir, ifindex, path));
	if (bpf_obj_pin(dp->egress_fd, path))
		return -errno;
	r = filter_put(dp->egress_fd, ifindex, replace);
	if (r)
		unlink(path);
	return r;
}

static int filter_attach(const struct rg_dp *dp, unsigned int ifindex)
{
	int ours = filter_ours(dp->pin_dir, ifindex);
	uint32_t there;
	int r = ours < 0 ? ours : filter_prog(ifindex, &there);

	if (!r && !ours && there)
		r = -EEXIST;
	if (r)
		return r;
	return filter_set(dp, ifindex, ours);
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

/* What of ours is there; and has somebody put another program into it? Once this load is in force, each pin of a filter
 * is one of its own: a former load's that did not match went when the links were switched. */
static int look(const struct rg_dp *dp, unsigned int ifindex, enum rg_egress_mode *ret, bool *ret_foreign)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = dp->pin_dir ? link_open(dp, ifindex, &info) : -ENOENT;
	uint32_t pinned, there;
	char path[512];
	int r;

	*ret = fd >= 0 ? RG_EGRESS_TCX : RG_EGRESS_OFF;
	*ret_foreign = fd >= 0 && rg_dp_prog_foreign(dp, dp->egress_fd, info.prog_id);
	if (fd >= 0 || !dp->pin_dir)
		return 0;
	if (fd != -ENOENT && fd != -EINVAL)
		return fd;
	r = pinned_id(filter_path(dp->pin_dir, ifindex, path), &pinned);
	if (!r && pinned)
		r = filter_prog(ifindex, &there);
	if (r || !pinned || !there || (!dp->in_force && there != pinned))
		return r;
	*ret = RG_EGRESS_CLSACT;
	*ret_foreign = rg_dp_prog_foreign(dp, dp->egress_fd, there);
	return 0;
}

int rg_dp_egress_look(const struct rg_dp *dp, unsigned int ifindex, enum rg_egress_mode *ret)
{
	bool foreign;
	int r = look(dp, ifindex, ret, &foreign);

	if (foreign)
		*ret = RG_EGRESS_OFF;
	return r;
}

/* Our program where somebody has put another one. */
static int put_back(const struct rg_dp *dp, unsigned int ifindex, enum rg_egress_mode now)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = -1;

	if (now == RG_EGRESS_CLSACT)
		return filter_set(dp, ifindex, true);
	fd = link_open(dp, ifindex, &info);
	if (fd < 0)
		return fd;
	return bpf_link_update(fd, dp->egress_fd, NULL) ? -errno : 0;
}

void rg_dp_egress_detach(struct rg_dp *dp, unsigned int ifindex)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = link_open(dp, ifindex, &info);
	char path[512];

	rg_dp_answers_note(dp, false);
	if (fd >= 0) {
		bpf_link_detach(fd);
		unlink(link_path(dp, ifindex, path));
	}
	if (filter_ours(dp->pin_dir, ifindex) > 0)
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
	bool foreign;
	int r;

	if (!ifindex)
		return rg_err_set(err, -ENODEV, RG_ERR_NOT_FOUND, "", "there is no interface '%s'", ifname);
	r = look(dp, ifindex, &now, &foreign);
	if (r)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot ask the kernel about '%s': %s", ifname, strerror(-r));
	if (foreign && mode != RG_EGRESS_OFF)
		r = put_back(dp, ifindex, now);
	if (r)
		return attach_error(ifname, mode, r, err);
	if (now == mode || (mode == RG_EGRESS_AUTO && now != RG_EGRESS_OFF))
		return 0;
	if (mode == RG_EGRESS_OFF) {
		rg_dp_egress_detach(dp, ifindex);
		return 0;
	}
	r = -EOPNOTSUPP;
	/* the new one before the old one goes: for a moment both judge, and they judge alike */
	if (mode != RG_EGRESS_CLSACT)
		r = tcx_attach(dp, ifindex);
	if (r && mode != RG_EGRESS_TCX)
		r = filter_attach(dp, ifindex);
	if (r && rg_dp_pins_gone(dp, err))
		return r;
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
#define FILTER_PIN_PATH "/clsact%3a"
static unsigned int filter_pin(const char *path)
{
	const char *at = strstr(path, FILTER_PIN_PATH);

	return at ? (unsigned int)strtoul(at + strlen(FILTER_PIN_PATH), NULL, 10) : 0;
}

/* A process that was killed between the filter and its pin has left the pin of the filter's program under the
 * name of a new one: then that becomes the filter's. */
static int pin_recover(unsigned int ifindex, const char *fresh, const char *path)
{
	uint32_t pinned, there;
	int r = pinned_id(fresh, &pinned);

	if (!r)
		r = filter_prog(ifindex, &there);
	if (!r && pinned && there == pinned)
		return rename(fresh, path) ? -errno : 0;
	if (!r)
		unlink(fresh);
	return r;
}

/* The pin in step with the filter. */
static int filter_switch(unsigned int ifindex, const char *path, const char *fresh, int prog_fd, int old, bool *ret_done)
{
	int r;

	if (bpf_obj_pin(prog_fd, fresh))
		return -errno;
	r = filter_put(prog_fd, ifindex, true);
	*ret_done = !r;
	if (!r && rename(fresh, path)) {
		r = -errno;
		*ret_done = filter_put(old, ifindex, true) != 0;
	}
	if (r && !*ret_done)
		unlink(fresh);
	return r;
}

/* The pin of this filter, and the name of its next one. */
static void filter_paths(const char *path, unsigned int ifindex, char ret[512], char ret_fresh[520])
{
	int folder = (int)(strstr(path, FILTER_PIN_PATH) - path);

	snprintf(ret, 512, "%.*s%s%u", folder, path, FILTER_PIN_PATH, ifindex);
	snprintf(ret_fresh, 520, "%.510s_new", ret);
}

int rg_dp_egress_switch(const char *path, int prog_fd, int *ret_old, bool *ret_done)
{
	unsigned int ifindex = filter_pin(path);
	_cleanup_(rg_closep) int old = -1;
	char pin[512], fresh[520];
	uint32_t pinned = 0, there;
	bool done = false;
	int r = 0;

	if (!ifindex)
		return 0; /* not one of ours */
	filter_paths(path, ifindex, pin, fresh);
	if (!access(fresh, F_OK))
		r = pin_recover(ifindex, fresh, pin);
	old = r ? -1 : bpf_obj_get(pin);
	if (!r && old < 0)
		r = errno == ENOENT ? 0 : -errno;
	if (!r && old >= 0)
		r = prog_id(old, &pinned);
	if (!r && pinned)
		r = filter_prog(ifindex, &there);
	if (r || !pinned)
		return r;
	if (there != pinned) { /* its interface is gone, and the filter with it */
		unlink(pin);
		return 0;
	}
	r = filter_switch(ifindex, pin, fresh, prog_fd, old, &done);
	if (ret_old)
		*ret_old = TAKE_FD(old);
	if (ret_done)
		*ret_done = done;
	return r;
}

bool rg_dp_egress_pin_dead(const char *path)
{
	unsigned int ifindex = filter_pin(path);
	char ifname[IF_NAMESIZE];

	return ifindex && !if_indextoname(ifindex, ifname) && errno == ENXIO;
}

bool rg_dp_egress_remove(const char *path)
{
	unsigned int ifindex = filter_pin(path);
	uint32_t pinned = 0, there;

	if (!ifindex || pinned_id(path, &pinned) || !pinned)
		return false;
	if (!filter_prog(ifindex, &there) && there == pinned)
		filter_remove(ifindex);
	return true;
}
