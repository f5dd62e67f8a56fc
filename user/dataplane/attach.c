/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces: attach, detach, and what the kernel says of them. */
#include "dataplane/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "regiongate.skel.h"

static const char *const modes[] = {
	[RG_XDP_AUTO] = "auto", [RG_XDP_NATIVE] = "native", [RG_XDP_GENERIC] = "generic",
};

const char *rg_xdp_mode_text(enum rg_xdp_mode mode)
{
	return (size_t)mode < ARRAY_SIZE(modes) ? modes[mode] : "?";
}

int rg_xdp_mode_parse(const char *text, enum rg_xdp_mode *ret)
{
	int i = rg_dp_word(modes, ARRAY_SIZE(modes), text);

	if (i < 0)
		return i;
	*ret = (enum rg_xdp_mode)i;
	return 0;
}

static const char *link_path(const struct rg_dp *dp, const char *ifname, char buf[512])
{
	return rg_dp_pin_path(dp->pin_dir, "links", ifname, buf);
}

/* What a file descriptor of bpf() is, only its name tells: maps and programs describe themselves
 * in the same bytes as links. */
static bool is_link(int fd)
{
	char name[32], target[64] = "";

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return readlink(name, target, sizeof(target) - 1) > 0 && strstr(target, "bpf-link");
}

int rg_dp_link_open_any(const char *path, struct bpf_link_info *ret)
{
	_cleanup_(rg_closep) int fd = bpf_obj_get(path);
	__u32 length = sizeof(*ret);

	if (fd < 0)
		return -errno;
	if (!is_link(fd))
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	if (bpf_obj_get_info_by_fd(fd, ret, &length))
		return -errno;
	return TAKE_FD(fd);
}

int rg_dp_link_open(const char *path, struct bpf_link_info *ret)
{
	_cleanup_(rg_closep) int fd = rg_dp_link_open_any(path, ret);

	if (fd < 0)
		return fd;
	return ret->type == BPF_LINK_TYPE_XDP ? TAKE_FD(fd) : -EINVAL;
}

/* Our pinned link on the interface with this index, found by the index: the pin has the name that
 * the interface had. An fd and its path, or -ENOENT; another error: a link could not be read, maybe this one. */
static int pinned_find(const struct rg_dp *dp, unsigned int ifindex, char ret_path[512],
		     struct bpf_link_info *ret_info)
{
	char links[512];
	struct dirent *entry;
	int found = -ENOENT, failed = 0;
	DIR *dir;

	snprintf(links, sizeof(links), "%s/links", dp->pin_dir ? dp->pin_dir : "");
	dir = dp->pin_dir ? opendir(links) : NULL;
	while (dir && found < 0 && (entry = readdir(dir))) {
		_cleanup_(rg_closep) int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(ret_path, 512, "%.250s/%.250s", links, entry->d_name);
		fd = rg_dp_link_open(ret_path, ret_info);
		if (fd >= 0 && ret_info->xdp.ifindex == ifindex)
			found = TAKE_FD(fd);
		else if (fd < 0 && fd != -EINVAL && fd != -ENOENT)
			failed = fd;
	}
	if (dir)
		closedir(dir);
	return found < 0 && failed ? failed : found;
}

/* The same, or the link of a trial. */
static int link_find(const struct rg_dp *dp, unsigned int ifindex, struct bpf_link_info *ret_info)
{
	_cleanup_(rg_closep) int fd = fcntl(rg_dp_trial_fd(dp, ifindex), F_DUPFD_CLOEXEC, 0);
	__u32 length = sizeof(*ret_info);
	char path[512];

	if (fd < 0)
		return pinned_find(dp, ifindex, path, ret_info);
	memset(ret_info, 0, sizeof(*ret_info));
	return bpf_obj_get_info_by_fd(fd, ret_info, &length) ? -errno : TAKE_FD(fd);
}

static int not_told(const char *ifname, int r, struct rg_err *err)
{
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot ask the kernel about '%s': %s", ifname, strerror(-r));
}

int rg_dp_interface_status(struct rg_dp *dp, const char *ifname, struct rg_dp_interface *ret,
			   struct rg_err *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct rg_dp_interface status = {};
	struct bpf_link_info link;
	int r;

	status.ifindex = if_nametoindex(ifname);
	if (!status.ifindex)
		return rg_err_set(err, -ENODEV, RG_ERR_NOT_FOUND, "", "there is no interface '%s'", ifname);
	snprintf(status.name, sizeof(status.name), "%s", ifname);
	r = bpf_xdp_query((int)status.ifindex, 0, &query);
	if (r)
		return not_told(ifname, r, err);
	status.prog_id = query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id ? query.skb_prog_id : query.prog_id;
	status.mode = query.drv_prog_id ? RG_XDP_NATIVE : RG_XDP_GENERIC;
	if (status.prog_id) {
		_cleanup_(rg_closep) int fd = link_find(dp, status.ifindex, &link);

		if (fd < 0 && fd != -ENOENT)
			return not_told(ifname, fd, err);
		rg_dp_prog_name(dp, status.prog_id, status.prog_name);
		/* the index alone may be that of an interface of another network namespace */
		status.link_id = fd >= 0 && link.prog_id == status.prog_id ? link.id : 0;
		status.attached = status.link_id && !rg_dp_prog_foreign(dp, dp->prog_fd, status.prog_id);
		if (!status.link_id)
			status.place = rg_dp_dispatcher_look(dp, status.ifindex, status.prog_id);
		status.attached |= status.place == RG_DP_PLACE_OURS;
	}
	r = rg_dp_egress_look(dp, status.ifindex, &status.egress);
	if (r)
		return not_told(ifname, r, err);
	*ret = status;
	return 0;
}

/* The driver's own words: link creation has none to give, a netlink request has. */
static void native_words(const struct rg_dp *dp, unsigned int ifindex)
{
	rg_dp_words_clear();
	if (!bpf_xdp_attach((int)ifindex, dp->prog_fd, XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL))
		bpf_xdp_detach((int)ifindex, XDP_FLAGS_DRV_MODE, NULL);
}

static int create_link(struct rg_dp *dp, unsigned int ifindex, enum rg_xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == RG_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	int fd;

	if (mode != RG_XDP_NATIVE)
		rg_dp_generic_note(dp);
	rg_dp_answers_note(dp, false); /* the egress program comes later */
	fd = bpf_link_create(dp->prog_fd, (int)ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

static int attach_error(const struct rg_dp *dp, const struct rg_dp_interface *before,
			enum rg_xdp_mode mode, int r, struct rg_err *err)
{
	const char *words;

	if (r == -EEXIST && !before->prog_id)
		return rg_err_set(err, r, RG_ERR_CONFLICT, "", "an interface above '%s', such as a bond, has an XDP program already",
				  before->name);
	if (r == -EBUSY || r == -EEXIST)
		return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, "", "'%s' has another XDP program already", before->name);
	if (mode != RG_XDP_NATIVE || r == -ENOMEM || r == -EPERM)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot attach to '%s' in %s mode: %s", before->name,
				  rg_xdp_mode_text(mode), strerror(-r));
	native_words(dp, before->ifindex);
	words = rg_dp_words();
	return rg_err_set(err, -EOPNOTSUPP, RG_ERR_INVALID, "/mode",
			  "the driver of '%s' refuses native mode: %s%s%s%s; use auto or generic", before->name,
			  strerror(-r), words[0] ? " (" : "", words, words[0] ? ")" : "");
}

/* Where to pin a new link: under the interface's name, unless a link stands there whose interface was
 * renamed since (or that can not be read). That one keeps its filter; a slash is in no interface's name. */
static const char *new_path(const struct rg_dp *dp, const struct rg_dp_interface *interface, char buf[512])
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(link_path(dp, interface->name, buf), &info);
	char name[40];

	if (fd == -ENOENT || fd == -EINVAL || (fd >= 0 && !info.xdp.ifindex)) {
		unlink(buf);
		return buf;
	}
	snprintf(name, sizeof(name), "%s/%u", interface->name, interface->ifindex);
	unlink(link_path(dp, name, buf));
	return buf;
}

/* The program reads Ethernet frames. Others start with the IP header, which it would take for
 * addresses of Ethernet, and let everything pass. */
static int check_ethernet(const char *ifname, struct rg_err *err)
{
	struct ifreq request = {};
	_cleanup_(rg_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot ask the kernel about '%s': %s",
				  ifname, strerror(errno));
	if (request.ifr_hwaddr.sa_family == ARPHRD_ETHER || request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK)
		return 0;
	return rg_err_set(err, -EOPNOTSUPP, RG_ERR_INVALID, "",
			  "'%s' carries no Ethernet frames, so the filter can not read its packets", ifname);
}

/* A NIC names the bus that it is on (PCI, virtio, USB); a tap is on none, but says so in its way. */
bool rg_dp_joins_datagrams(const struct rg_dp *dp, const char *ifname)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (char *)&info };
	_cleanup_(rg_closep) int fd = -1;

	if (dp->skel->rodata->rg_reads_kernel)
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		return true;
	return !info.bus_info[0] || !strcmp(info.bus_info, "N/A") || !strcmp(info.bus_info, "tap");
}

/* A link that is not pinned yet: its fd. */
static int link_new(struct rg_dp *dp, const struct rg_dp_interface *before, enum rg_xdp_mode mode,
		    struct rg_err *err)
{
	enum rg_xdp_mode first = mode == RG_XDP_AUTO ? RG_XDP_NATIVE : mode;
	int fd = create_link(dp, before->ifindex, first);

	if (fd < 0 && fd != -EBUSY && mode == RG_XDP_AUTO) {
		first = RG_XDP_GENERIC;
		fd = create_link(dp, before->ifindex, first);
	}
	return fd < 0 ? attach_error(dp, before, first, fd, err) : fd;
}

static int pin_link(const struct rg_dp *dp, const struct rg_dp_interface *interface, int fd,
		    struct rg_err *err)
{
	char path[512];
	int r;

	rg_dp_links_sweep(dp);
	new_path(dp, interface, path);
	if (!bpf_obj_pin(fd, path))
		return 0;
	r = -errno;
	if (rg_dp_pins_gone(dp, err))
		return r;
	return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot pin the link %s: %s", path, strerror(-r));
}

static int attach_new(struct rg_dp *dp, const struct rg_dp_interface *before, enum rg_xdp_mode mode,
		      struct rg_err *err)
{
	_cleanup_(rg_closep) int fd = link_new(dp, before, mode, err);
	int r = fd < 0 ? fd : pin_link(dp, before, fd, err);

	if (r && fd >= 0)
		bpf_link_detach(fd);
	return r;
}

static int another_program(const struct rg_dp_interface *now, struct rg_err *err)
{
	return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, "",
			  "'%s' has another XDP program already: '%s' (id %u); it is left alone%s",
			  now->name, now->prog_name, now->prog_id, now->place == RG_DP_PLACE_NONE ? "" :
			  " (it is libxdp's dispatcher: 'dispatcher = auto' in [filter] makes the filter join it)");
}

int rg_dp_attach_trial(struct rg_dp *dp, const char *ifname, enum rg_xdp_mode mode, unsigned int *ret_ifindex,
		       struct rg_err *err)
{
	_cleanup_(rg_closep) int fd = -1;
	struct rg_dp_interface now;
	int r = rg_dp_interface_status(dp, ifname, &now, err);

	if (!r && now.attached)
		r = rg_err_set(err, -EEXIST, RG_ERR_CONFLICT, "", "the filter is attached to '%s' already", ifname);
	else if (!r && now.prog_id)
		r = another_program(&now, err);
	if (!r)
		r = check_ethernet(ifname, err);
	if (r)
		return r;
	fd = link_new(dp, &now, mode, err);
	if (fd < 0)
		return fd;
	if (!rg_dp_trial_hold(dp, now.ifindex, fd))
		return rg_err_set(err, -ENOSPC, RG_ERR_FULL, "", "%zu interfaces wait for confirmation already",
				  ARRAY_SIZE(dp->trials));
	(void)TAKE_FD(fd); /* the trial's now */
	*ret_ifindex = now.ifindex;
	return 0;
}

int rg_dp_attach_keep(struct rg_dp *dp, const char *ifname, struct rg_err *err)
{
	struct rg_dp_interface now = { .ifindex = if_nametoindex(ifname) };
	int fd = rg_dp_trial_fd(dp, now.ifindex), r;

	if (fd < 0)
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, "", "'%s' does not wait for confirmation", ifname);
	snprintf(now.name, sizeof(now.name), "%s", ifname);
	r = pin_link(dp, &now, fd, err);
	if (!r)
		close(rg_dp_trial_take(dp, now.ifindex));
	return r;
}

static int detach_xdp(struct rg_dp *dp, const char *ifname, unsigned int ifindex, struct rg_err *err)
{
	struct bpf_link_info info;
	char path[512];
	_cleanup_(rg_closep) int fd = ifindex ? pinned_find(dp, ifindex, path, &info) : -ENOENT;

	if (fd < 0 && fd != -ENOENT)
		return not_told(ifname, fd, err);
	if (fd < 0 && ifindex)
		return rg_dp_dispatcher_leave(dp, ifname, err);
	if (fd < 0)
		return rg_err_set(err, -ENOENT, RG_ERR_NOT_FOUND, "", "the filter is not attached to '%s'", ifname);
	/* not only unpinned: the kernel would let go of it some time later */
	if (bpf_link_detach(fd))
		return rg_err_set(err, -errno, RG_ERR_KERNEL, "", "cannot detach from '%s': %s", ifname, strerror(errno));
	unlink(path);
	return 0;
}

/* Our program into our link, which somebody has given another one (bpf_link_update). */
static int put_back(const struct rg_dp *dp, struct rg_dp_interface *now, struct rg_err *err)
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = link_find(dp, now->ifindex, &info);
	int r = fd < 0 ? fd : bpf_link_update(fd, dp->prog_fd, NULL) ? -errno : 0;

	if (r)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "the filter's link on '%s' has another program, '%s' (id %u), and "
				  "can not be given the filter again: %s", now->name, now->prog_name, now->prog_id, strerror(-r));
	now->attached = true;
	return 0;
}

/* Into a dispatcher that is there, or a new one. */
static int join(struct rg_dp *dp, const struct rg_dp_interface *now, enum rg_xdp_mode mode, struct rg_err *err)
{
	if (now->place == RG_DP_PLACE_NONE)
		return rg_dp_dispatcher_join(dp, now->ifindex, now->name, mode, err);
	if (mode != RG_XDP_AUTO && mode != now->mode)
		return rg_err_set(err, -EBUSY, RG_ERR_CONFLICT, "/mode", "the dispatcher of '%s' is attached in %s mode",
				  now->name, rg_xdp_mode_text(now->mode));
	return rg_dp_dispatcher_join(dp, now->ifindex, now->name, now->mode, err);
}

static bool may_join(const struct rg_dp *dp, const struct rg_dp_interface *now)
{
	if (now->place == RG_DP_PLACE_NONE)
		return dp->config.dispatcher == RG_DISPATCHER_YES && !now->prog_id;
	return dp->config.dispatcher != RG_DISPATCHER_NO;
}

int rg_dp_attach(struct rg_dp *dp, const char *ifname, enum rg_xdp_mode mode, struct rg_err *err)
{
	struct rg_dp_interface now;
	int r;

	if (!dp->pin_dir)
		return rg_err_set(err, -EINVAL, RG_ERR_INTERNAL, "", "a filter without pins attaches to nothing");
	r = rg_dp_interface_status(dp, ifname, &now, err);
	if (!r && now.link_id && !now.attached)
		r = put_back(dp, &now, err);
	if (r)
		return r;
	if (!now.attached && now.prog_id && !may_join(dp, &now))
		return another_program(&now, err);
	if (now.attached && (mode == RG_XDP_AUTO || mode == now.mode))
		return 0;
	r = check_ethernet(ifname, err);
	if (r)
		return r;
	if (may_join(dp, &now)) {
		r = join(dp, &now, mode, err);
		if (r != -EOPNOTSUPP || now.place != RG_DP_PLACE_NONE)
			return r;
	}
	if (now.attached) { /* one XDP program at a time: the other mode has to go first */
		r = detach_xdp(dp, ifname, now.ifindex, err);
		if (r)
			return r;
		r = attach_new(dp, &now, mode, err);
		if (r)
			attach_new(dp, &now, now.mode, NULL);
		return r;
	}
	return attach_new(dp, &now, mode, err);
}

int rg_dp_detach(struct rg_dp *dp, const char *ifname, struct rg_err *err)
{
	unsigned int ifindex = if_nametoindex(ifname);
	int r = detach_xdp(dp, ifname, ifindex, err);

	if (!r && dp->pin_dir)
		rg_dp_egress_detach(dp, ifindex);
	return r;
}

/* Name of the interface that a pinned link holds; 0 or -errno (-ENODEV: it is gone). */
static int link_ifname(const char *path, char ret[IF_NAMESIZE])
{
	struct bpf_link_info info;
	_cleanup_(rg_closep) int fd = rg_dp_link_open(path, &info);

	if (fd < 0)
		return fd;
	return info.xdp.ifindex && if_indextoname(info.xdp.ifindex, ret) ? 0 : -ENODEV;
}

/* One more entry at the end of a list, not counted yet; NULL: no memory. */
static struct rg_dp_interface *grow(struct rg_dp_interface **list, size_t n, struct rg_err *err)
{
	void *grown = realloc(*list, (n + 1) * sizeof(**list));

	if (!grown) {
		rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
		return NULL;
	}
	*list = grown;
	return &(*list)[n];
}

/* A link that can not be read is an error: whoever asks whether anything is attached must not be told no. A pin of
 * something else is none of ours, and an interface may go meanwhile. */
static int list_link(struct rg_dp *dp, const char *path, struct rg_dp_interface *ret, bool *ret_listed, struct rg_err *err)
{
	char ifname[IF_NAMESIZE];
	struct rg_err why = {};
	int r = link_ifname(path, ifname);

	*ret_listed = false;
	if (r == -ENODEV || r == -EINVAL || r == -ENOENT)
		return 0;
	if (r)
		return rg_err_set(err, r, RG_ERR_KERNEL, "", "cannot read the link %s: %s", path, strerror(-r));
	r = rg_dp_interface_status(dp, ifname, ret, &why);
	*ret_listed = !r;
	if (!r || why.code == RG_ERR_NOT_FOUND)
		return 0;
	if (err)
		*err = why;
	return r;
}

static int list_links(struct rg_dp *dp, struct rg_dp_interface **list, size_t *n, struct rg_err *err)
{
	char links[512], path[512];
	struct dirent *entry;
	bool listed;
	int r = 0;
	DIR *dir;

	snprintf(links, sizeof(links), "%s/links", dp->pin_dir ? dp->pin_dir : "");
	dir = dp->pin_dir ? opendir(links) : NULL;
	while (!r && dir && (entry = readdir(dir))) {
		struct rg_dp_interface *next;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.250s/%.250s", links, entry->d_name);
		next = grow(list, *n, err);
		r = next ? list_link(dp, path, next, &listed, err) : -ENOMEM;
		if (!r && listed)
			++*n;
	}
	if (dir)
		closedir(dir);
	return r;
}

static int list_dispatchers(struct rg_dp *dp, struct rg_dp_interface **list, size_t *n, struct rg_err *err)
{
	unsigned int found[RG_DP_DISPATCHERS_MAX];
	char ifname[IF_NAMESIZE];

	for (size_t i = rg_dp_dispatcher_list(found); i--; ) {
		struct rg_dp_interface *next = grow(list, *n, err);
		struct rg_err why = {};
		int r;

		if (!next)
			return -ENOMEM;
		if (!if_indextoname(found[i], ifname))
			continue;
		r = rg_dp_interface_status(dp, ifname, next, &why);
		if (r && why.code != RG_ERR_NOT_FOUND) {
			if (err)
				*err = why;
			return r;
		}
		*n += !r && next->place == RG_DP_PLACE_OURS;
	}
	return 0;
}

/* In doubt there is a generic one, and what servers answer goes by. */
void rg_dp_modes_look(struct rg_dp *dp)
{
	_cleanup_(rg_freep) struct rg_dp_interface *list = NULL;
	struct rg_err err = {};
	size_t n = 0;
	int unknown = rg_dp_interfaces(dp, &list, &n, &err);
	bool generic = unknown, answers = !unknown && !rg_dp_trials_any(dp);

	for (size_t i = 0; i < n; i++) {
		generic |= list[i].mode == RG_XDP_GENERIC;
		answers &= list[i].egress != RG_EGRESS_OFF;
	}
	if (generic)
		rg_dp_generic_note(dp);
	rg_dp_answers_note(dp, answers);
}

int rg_dp_interfaces(struct rg_dp *dp, struct rg_dp_interface **ret, size_t *ret_n, struct rg_err *err)
{
	_cleanup_(rg_freep) struct rg_dp_interface *list = NULL;
	size_t n = 0;
	int r = list_links(dp, &list, &n, err);

	if (!r)
		r = list_dispatchers(dp, &list, &n, err);
	if (r)
		return r;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
