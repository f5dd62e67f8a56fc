/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/links.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"

#define REST_US 20000

struct rg_links {
	int socket_fd, timer_fd;
	bool resting, again; /* changes were told just now; more came since */
	void (*changed)(void *arg);
	void *arg;
};

/* Where many interfaces are made at once, each message is not worth a look of its own. */
static void tell(struct rg_links *links)
{
	links->again = links->resting;
	if (links->resting)
		return;
	links->resting = !rg_timer_set(links->timer_fd, REST_US, 0);
	links->changed(links->arg);
}

/* What the messages say is not read: the kernel is asked for the state as it is now. That is also
 * right where it had to drop some (ENOBUFS). */
static void on_message(void *arg)
{
	struct rg_links *links = arg;
	char buf[8192];
	ssize_t n;

	do
		n = recv(links->socket_fd, buf, sizeof(buf), MSG_DONTWAIT);
	while (n >= 0 || errno == EINTR || errno == ENOBUFS);
	tell(links);
}

static void on_timer(void *arg)
{
	struct rg_links *links = arg;

	rg_timer_ack(links->timer_fd);
	links->resting = false;
	if (links->again)
		tell(links);
}

static int open_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	_cleanup_(rg_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
					     NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

int rg_links_new(struct rg_loop *loop, void (*changed)(void *arg), void *arg, struct rg_links **ret,
		 struct rg_err *err)
{
	struct rg_links *links = calloc(1, sizeof(*links));
	int r;

	if (!links)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	links->changed = changed;
	links->arg = arg;
	links->timer_fd = rg_timer_new();
	links->socket_fd = open_socket();
	r = links->socket_fd < 0 ? links->socket_fd : links->timer_fd < 0 ? links->timer_fd : 0;
	if (r)
		rg_err_set(err, r, RG_ERR_INTERNAL, "", "watching interfaces: %s", strerror(-r));
	else
		r = rg_loop_watch(loop, links->socket_fd, on_message, links, err);
	if (!r)
		r = rg_loop_watch(loop, links->timer_fd, on_timer, links, err);
	if (r) {
		rg_links_free(links);
		return r;
	}
	*ret = links;
	return 0;
}

void rg_links_free(struct rg_links *links)
{
	if (!links)
		return;
	if (links->socket_fd >= 0)
		close(links->socket_fd);
	if (links->timer_fd >= 0)
		close(links->timer_fd);
	free(links);
}
