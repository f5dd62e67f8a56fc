/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include "api/api.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/links.h"
#include "daemon/loop.h"
#include "daemon/privileges.h"
#include "daemon/socket.h"
#include "daemon/tick.h"
#include "daemon/watch.h"
#include "engine/engine.h"

struct daemon {
	const struct rg_config *config;
	struct rg_socket socket;
	struct rg_engine *engine;
	struct rg_roles roles;
	struct rg_api *api;
	struct rg_loop *loop;
	struct rg_watch *watch;
	struct rg_links *links;
	struct rg_tick *tick;
	int signal_fd, watchdog_fd, events_timer_fd;
	char last_error[sizeof(((struct rg_err *)0)->detail)]; /* of a reload; said once */
};

static void reload_geoip(void *arg)
{
	struct daemon *daemon = arg;
	json_t *answer = NULL;
	struct rg_err err;

	if (!rg_engine_geoip_reload(daemon->engine, false, false, &answer, &err)) {
		if (!json_is_false(json_object_get(answer, "changed")))
			rg_log(RG_LOG_NOTICE, "GeoIP databases loaded anew");
		*daemon->last_error = '\0';
		json_decref(answer);
		return;
	}
	if (strcmp(daemon->last_error, err.detail))
		rg_log(RG_LOG_ERROR, "GeoIP databases stay as they were: %s", err.detail);
	memcpy(daemon->last_error, err.detail, sizeof(err.detail));
}

static void on_signal(void *arg)
{
	struct daemon *daemon = arg;
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			*daemon->last_error = '\0'; /* whoever asks gets an answer */
			reload_geoip(daemon);
		} else {
			rg_loop_stop(daemon->loop);
		}
	}
}

/* The kernel's budgets of events are filled a second after they were used, and not otherwise. */
static void refill_later(struct daemon *daemon)
{
	rg_timer_set(daemon->events_timer_fd, 1000000, 0);
}

static void on_events(void *arg)
{
	struct daemon *daemon = arg;

	if (rg_engine_events_take(daemon->engine))
		refill_later(daemon);
}

static void on_events_timer(void *arg)
{
	struct daemon *daemon = arg;

	rg_timer_ack(daemon->events_timer_fd);
	if (rg_engine_events_tick(daemon->engine))
		refill_later(daemon);
}

static int open_events(struct daemon *daemon, struct rg_err *err)
{
	int r = rg_timer_new();

	daemon->events_timer_fd = r;
	if (r < 0)
		return rg_err_set(err, r, RG_ERR_INTERNAL, "", "the timer of events: %s", strerror(-r));
	r = rg_loop_watch(daemon->loop, daemon->events_timer_fd, on_events_timer, daemon, err);
	if (!r)
		r = rg_loop_watch(daemon->loop, rg_engine_events_fd(daemon->engine), on_events, daemon, err);
	if (!r)
		refill_later(daemon); /* as if an earlier daemon had left them empty */
	return r;
}

static void on_watchdog(void *arg)
{
	struct daemon *daemon = arg;

	rg_timer_ack(daemon->watchdog_fd);
	sd_notify(0, "WATCHDOG=1");
}

static void on_tick(void *arg)
{
	struct daemon *daemon = arg;

	rg_engine_tick(daemon->engine);
}

static int on_turn(void *arg)
{
	struct daemon *daemon = arg;

	int api_ms = rg_api_run(daemon->api);
	int interfaces_ms = rg_engine_interfaces_tick(daemon->engine);
	int least = rg_engine_ledger_tick(daemon->engine);

	if (api_ms >= 0 && api_ms < least)
		least = api_ms;
	return interfaces_ms >= 0 && interfaces_ms < least ? interfaces_ms : least;
}

static void on_links(void *arg)
{
	struct daemon *daemon = arg;

	rg_engine_interfaces_check(daemon->engine);
}

/* Signals arrive through the loop from here on; one that arrives while starting waits. */
static int open_signals(struct daemon *daemon, struct rg_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signal_fd < 0)
		return rg_err_set(err, -errno, RG_ERR_INTERNAL, "", "signals: %s", strerror(errno));
	return rg_loop_watch(daemon->loop, daemon->signal_fd, on_signal, daemon, err);
}

static int open_watchdog(struct daemon *daemon, struct rg_err *err)
{
	uint64_t timeout_us;
	int r;

	if (sd_watchdog_enabled(0, &timeout_us) <= 0)
		return 0;
	r = rg_timer_new();
	daemon->watchdog_fd = r;
	if (r >= 0)
		r = rg_timer_set(daemon->watchdog_fd, timeout_us / 2, timeout_us / 2);
	if (r < 0)
		return rg_err_set(err, r, RG_ERR_INTERNAL, "", "the watchdog's timer: %s",
				  strerror(-r));
	return rg_loop_watch(daemon->loop, daemon->watchdog_fd, on_watchdog, daemon, err);
}

static int open_engine(struct daemon *daemon, struct rg_err *err)
{
	const struct rg_config *config = daemon->config;
	struct rg_engine_config engine = {
		.state_dir = config->state,
		.dp = {
			.pin_dir = config->pin_dir,
			.max_meetings = config->max_meetings + 1, /* entry 0 is no meeting */
			.max_locals = config->max_addresses,
			.max_ufrags = config->max_ufrags,
			.max_ufrags_long = config->max_ufrags_long,
			.max_flows = config->max_flows,
			.max_policies = config->max_policies ? config->max_policies + 1 : 0, /* as above */
			.max_schedules = config->max_schedules ? config->max_schedules + 1 : 0,
			.max_exceptions = config->max_exception_sets ? config->max_exception_sets + 1 : 0,
			.max_mtg_stats = config->max_mtg_stats,
			.dispatcher = config->dispatcher,
			.observe = config->observe,
		},
		.databases = (const char *const *)config->databases,
		.n_databases = config->n_databases,
		.registered_country = config->registered_country,
		.hold_share = config->hold_share,
		.site = config->site_known ? &config->site : NULL,
		.blocked_by = config->blocked_by,
		.ledger = config->ledger,
		.watch_maps = config->watch_maps,
	};

	return rg_engine_open(&engine, &daemon->engine, err);
}

static int attach(struct daemon *daemon, const struct rg_config_interface *interface,
		  bool *ret_new, struct rg_err *err)
{
	json_t *body = json_pack("{s:s, s:s*}", "mode", rg_xdp_mode_text(interface->mode), "egress",
				 interface->egress_given ? rg_egress_mode_text(interface->egress) : NULL);
	struct rg_dp_interface status;
	json_t *answer = NULL;
	int r;

	*ret_new = false;
	if (!body)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	/* what was attached before stays so, whatever fails later */
	r = rg_dp_interface_status(rg_engine_dp(daemon->engine), interface->name, &status, err);
	*ret_new = !r && !status.attached;
	if (!r)
		r = rg_engine_interface_put(daemon->engine, interface->name, body, &answer, err);
	else if (r == -ENODEV && !rg_engine_interface_get(daemon->engine, interface->name, &answer, NULL))
		r = 0; /* it was attached before: the engine has said that it waits for it */
	json_decref(body);
	json_decref(answer);
	return r;
}

/* Attach what the configuration lists; if one fails, detach those that were attached here. */
static int attach_all(struct daemon *daemon, struct rg_err *err)
{
	const struct rg_config *config = daemon->config;
	_cleanup_(rg_freep) bool *new = calloc(config->n_interfaces + 1, sizeof(*new));
	size_t n;
	int r = 0;

	if (!new)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	for (n = 0; !r && n < config->n_interfaces; n++)
		r = attach(daemon, &config->interfaces[n], &new[n], err);
	if (!r)
		return 0;
	for (size_t i = 0; i < n - 1; i++)
		if (new[i])
			rg_engine_interface_delete(daemon->engine, config->interfaces[i].name, NULL);
	return r;
}

/* Without a word in the configuration the socket's group may push; it need not exist. */
static int open_roles(const struct rg_config *config, struct rg_roles *roles, struct rg_err *err)
{
	char *const *lists = config->roles;
	int r = 0;

	for (int role = 0; !r && role < RG_ROLE_MAX; role++)
		if (lists[role])
			r = rg_roles_add(roles, (enum rg_role)role, lists[role], err);
	if (!r && !lists[RG_ROLE_PUSH])
		(void)rg_roles_add(roles, RG_ROLE_PUSH, "@" RG_SOCKET_GROUP, NULL);
	return r;
}

int rg_daemon_check(const struct rg_config *config, struct rg_err *err)
{
	struct rg_roles roles = {};
	int r = open_roles(config, &roles, err);

	rg_roles_clear(&roles);
	return r;
}

static int start(struct daemon *daemon, struct rg_err *err)
{
	const struct rg_config *config = daemon->config;
	int r;

	r = rg_loop_new(&daemon->loop, err);
	if (!r)
		r = open_signals(daemon, err);
	if (!r)
		r = open_watchdog(daemon, err);
	if (!r)
		r = open_roles(config, &daemon->roles, err);
	if (!r)
		r = rg_socket_open(config->socket, &daemon->socket, err);
	if (!r)
		r = open_engine(daemon, err);
	if (!r)
		r = open_events(daemon, err);
	if (!r)
		r = rg_api_open(daemon->engine, &daemon->roles, TAKE_FD(daemon->socket.fd), &daemon->api, err);
	if (!r)
		r = rg_loop_watch(daemon->loop, rg_api_fd(daemon->api), NULL, NULL, err);
	if (!r)
		r = rg_tick_new(daemon->loop, on_tick, daemon, &daemon->tick, err);
	if (!r && config->watch && config->n_databases)
		r = rg_watch_new(daemon->loop, config->databases, config->n_databases, reload_geoip,
				 daemon, &daemon->watch, err);
	if (!r)
		r = rg_links_new(daemon->loop, on_links, daemon, &daemon->links, err);
	if (!r)
		r = attach_all(daemon, err);
	if (!r)
		r = rg_privileges_drop(config->dispatcher != RG_DISPATCHER_NO, err);
	return r;
}

/* The reverse of start(), from wherever it came to. */
static void stop(struct daemon *daemon)
{
	rg_api_close(daemon->api);
	rg_watch_free(daemon->watch);
	rg_links_free(daemon->links);
	rg_tick_free(daemon->tick);
	rg_engine_close(daemon->engine);
	rg_socket_close(&daemon->socket);
	if (daemon->signal_fd >= 0)
		close(daemon->signal_fd);
	if (daemon->watchdog_fd >= 0)
		close(daemon->watchdog_fd);
	if (daemon->events_timer_fd >= 0)
		close(daemon->events_timer_fd);
	rg_loop_free(daemon->loop);
	rg_roles_clear(&daemon->roles);
}

static void say_started(const struct daemon *daemon)
{
	const struct rg_socket *socket = &daemon->socket;

	if (!socket->path)
		rg_log(RG_LOG_NOTICE, "in force; the control socket is the socket unit's");
	else
		rg_log(RG_LOG_NOTICE, "in force; control socket %s, for %s", socket->path,
		       socket->for_group ? "the group '" RG_SOCKET_GROUP "'"
					 : "its owner only (there is no group '" RG_SOCKET_GROUP
					   "', or it may not be used)");
	sd_notify(0, "READY=1");
}

int rg_daemon_run(const struct rg_config *config, struct rg_err *err)
{
	struct daemon daemon = {
		.config = config,
		.socket = { .fd = -1 },
		.signal_fd = -1,
		.watchdog_fd = -1,
		.events_timer_fd = -1,
	};
	int r = start(&daemon, err);

	if (!r) {
		say_started(&daemon);
		rg_loop_on_turn(daemon.loop, on_turn, &daemon);
		r = rg_loop_run(daemon.loop, err);
		sd_notify(0, "STOPPING=1");
		rg_log(RG_LOG_NOTICE, "stopping; what is attached stays in force");
	}
	stop(&daemon);
	return r;
}
