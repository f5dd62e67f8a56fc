/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "rg_limits.h"

/* Index 0 of the map is no meeting. */
#define MEETINGS_DEFAULT (RG_MEETINGS_DEFAULT - 1)
#define MEETINGS_MOST    (RG_MEETINGS_CAP - 1)
#define FILE_SIZE_MAX    (1u << 20)

static int bad_value(struct rg_err *err, const char *value, const char *wanted)
{
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%.100s' is not %s", value, wanted);
}

static int set_path(char **ret, const char *value, struct rg_err *err)
{
	char *copy;

	if (!*value)
		return bad_value(err, value, "a path");
	copy = strdup(value);
	if (!copy)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	free(*ret);
	*ret = copy;
	return 0;
}

static int set_bool(bool *ret, const char *value, struct rg_err *err)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcmp(value, yes[i]) || !strcmp(value, no[i])) {
			*ret = !strcmp(value, yes[i]);
			return 0;
		}
	}
	return bad_value(err, value, "yes or no");
}

static int set_number(uint32_t *ret, const char *value, uint32_t most, struct rg_err *err)
{
	unsigned long long number = 0;
	char wanted[64];

	errno = 0;
	if (*value && !value[strspn(value, "0123456789")])
		number = strtoull(value, NULL, 10);
	if (errno || number < 1 || number > most) {
		snprintf(wanted, sizeof(wanted), "a number from 1 to %u", most);
		return bad_value(err, value, wanted);
	}
	*ret = (uint32_t)number;
	return 0;
}

static int set_log_level(enum rg_log_level *ret, const char *value, struct rg_err *err)
{
	static const struct {
		const char *text;
		enum rg_log_level level;
	} levels[] = {
		{ "error", RG_LOG_ERROR }, { "warning", RG_LOG_WARNING },
		{ "notice", RG_LOG_NOTICE }, { "info", RG_LOG_INFO }, { "debug", RG_LOG_DEBUG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(value, levels[i].text)) {
			*ret = levels[i].level;
			return 0;
		}
	}
	return bad_value(err, value, "one of error, warning, notice, info, debug");
}

static int set_filter_mode(bool *ret_observe, const char *value, struct rg_err *err)
{
	if (strcmp(value, "enforce") && strcmp(value, "observe"))
		return bad_value(err, value, "enforce or observe");
	*ret_observe = !strcmp(value, "observe");
	return 0;
}

static int set_dispatcher(enum rg_dispatcher *ret, const char *value, struct rg_err *err)
{
	return rg_dispatcher_parse(value, ret) ? bad_value(err, value, "no, auto or yes") : 0;
}

static int set_addresses(enum rg_ledger_addresses *ret, const char *value, struct rg_err *err)
{
	static const char *const texts[] = {
		[RG_LEDGER_ADDRESSES_TRUNCATED] = "truncated",
		[RG_LEDGER_ADDRESSES_NONE] = "none",
		[RG_LEDGER_ADDRESSES_FULL] = "full",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcmp(value, texts[i]))
			continue;
		*ret = (enum rg_ledger_addresses)i;
		return 0;
	}
	return bad_value(err, value, "truncated, none or full");
}

/* Whether they exist is asked when the daemon starts: the file may be checked elsewhere. */
static int set_role(struct rg_config *config, enum rg_role role, const char *value, struct rg_err *err)
{
	char *copy;

	if (!value[strspn(value, " \t,@")])
		return bad_value(err, value, "a list of users and @groups");
	copy = strdup(value);
	if (!copy)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	free(config->roles[role]);
	config->roles[role] = copy;
	return 0;
}

static int set_site(struct rg_config *config, const char *value, struct rg_err *err)
{
	struct rg_region_spec site;

	if (rg_region_spec_parse(value, &site, NULL) ||
	    (site.kind != RG_REGION_COUNTRY && site.kind != RG_REGION_SUBDIVISION))
		return bad_value(err, value, "a country or a subdivision, such as DE or US-CA");
	config->site = site;
	config->site_known = true;
	return 0;
}

/* It goes between < and > of a header (RFC 8288). */
static int set_uri(char **ret, const char *value, struct rg_err *err)
{
	if (!strchr(value, ':') || *value == ':')
		return bad_value(err, value, "a URI");
	for (const char *p = value; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>\"\\^`{|}", *p))
			return bad_value(err, value, "a URI");
	return set_path(ret, value, err);
}

static void clear_databases(struct rg_config *config)
{
	for (size_t i = 0; i < config->n_databases; i++)
		free(config->databases[i]);
	free(config->databases);
	config->databases = NULL;
	config->n_databases = 0;
}

static int add_database(struct rg_config *config, const char *value, struct rg_err *err)
{
	char **grown;

	for (size_t i = 0; i < config->n_databases; i++)
		if (!strcmp(config->databases[i], value))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "the database '%.200s' is listed twice", value);
	grown = reallocarray(config->databases, config->n_databases + 1, sizeof(*grown));
	if (!grown)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	config->databases = grown;
	grown[config->n_databases] = NULL;
	if (set_path(&grown[config->n_databases], value, err))
		return -EINVAL;
	config->n_databases++;
	return 0;
}

#define SETTER(KEY, call)                                                                      \
	static int set_##KEY(struct rg_config *c, const char *value, struct rg_err *err)      \
	{                                                                                      \
		return call;                                                                   \
	}
SETTER(SOCKET, set_path(&c->socket, value, err))
SETTER(STATE, set_path(&c->state, value, err))
SETTER(PIN_DIR, set_path(&c->pin_dir, value, err))
SETTER(WATCH_MAPS, set_bool(&c->watch_maps, value, err))
SETTER(LOG_LEVEL, set_log_level(&c->log_level, value, err))
SETTER(DATABASE, add_database(c, value, err))
SETTER(REGISTERED_COUNTRY, set_bool(&c->registered_country, value, err))
SETTER(WATCH, set_bool(&c->watch, value, err))
SETTER(MAX_MEETINGS, set_number(&c->max_meetings, value, MEETINGS_MOST, err))
SETTER(MAX_ADDRESSES, set_number(&c->max_addresses, value, RG_LOCALS_MAX, err))
SETTER(MAX_UFRAGS, set_number(&c->max_ufrags, value, RG_UFRAGS_CAP, err))
SETTER(MAX_UFRAGS_LONG, set_number(&c->max_ufrags_long, value, RG_UFRAGS_CAP, err))
SETTER(MAX_FLOWS, set_number(&c->max_flows, value, RG_FLOWS_CAP, err))
SETTER(MAX_POLICIES, set_number(&c->max_policies, value, RG_POLICIES_CAP - 1, err))
SETTER(MAX_SCHEDULES, set_number(&c->max_schedules, value, RG_SCHEDULES_CAP - 1, err))
SETTER(MAX_EXCEPTION_SETS, set_number(&c->max_exception_sets, value, RG_EXCEPTION_SETS_CAP - 1, err))
SETTER(MAX_MTG_STATS, set_number(&c->max_mtg_stats, value, RG_MTG_STAT_CAP, err))
SETTER(HOLD_SHARE, set_number(&c->hold_share, value, 100, err))
SETTER(SITE, set_site(c, value, err))
SETTER(BLOCKED_BY, set_uri(&c->blocked_by, value, err))
SETTER(STALE_DAYS, set_number(&c->ledger.stale_days, value, 3650, err))
SETTER(LEDGER_ADDRESSES, set_addresses(&c->ledger.addresses, value, err))
SETTER(LEDGER_RETENTION, set_number(&c->ledger.retention_days, value, 3650, err))
SETTER(LEDGER_INTERVAL, set_number(&c->ledger.interval_s, value, 3600, err))
SETTER(FILTER_MODE, set_filter_mode(&c->observe, value, err))
SETTER(DISPATCHER, set_dispatcher(&c->dispatcher, value, err))
SETTER(ROLE_READ, set_role(c, RG_ROLE_READ, value, err))
SETTER(ROLE_PUSH, set_role(c, RG_ROLE_PUSH, value, err))
SETTER(ROLE_ADMIN, set_role(c, RG_ROLE_ADMIN, value, err))

/* A key without a setter does not compile. */
static const struct {
	const char *section, *name;
	int (*set)(struct rg_config *config, const char *value, struct rg_err *err);
} keys[] = {
#define X(key, section, name) [RG_CONFIG_##key] = { section, name, set_##key },
	RG_CONFIG_KEYS(X)
#undef X
};
_Static_assert(ARRAY_SIZE(keys) == RG_CONFIG_KEY_MAX, "every key has its line");
_Static_assert(RG_CONFIG_KEY_MAX <= 32, "'given' has a bit for every key");

void rg_config_begin(struct rg_config *config)
{
	config->given = 0;
}

int rg_config_set(struct rg_config *config, enum rg_config_key key, const char *value,
		  struct rg_err *err)
{
	uint32_t bit = 1u << key;

	if (key == RG_CONFIG_DATABASE) {
		if (!(config->given & bit))
			clear_databases(config);
	} else if (config->given & bit) {
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%s' is given twice",
				  keys[key].name);
	}
	config->given |= bit;
	return keys[key].set(config, value, err);
}

void rg_config_interfaces_clear(struct rg_config *config)
{
	free(config->interfaces);
	config->interfaces = NULL;
	config->n_interfaces = 0;
}

/* What the kernel accepts as a name (dev_valid_name in net/core/dev.c). */
static bool is_interface_name(const char *name)
{
	if (!*name || strlen(name) >= IF_NAMESIZE || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

int rg_config_interface_add(struct rg_config *config, const char *name, enum rg_xdp_mode mode,
			    struct rg_err *err)
{
	struct rg_config_interface *grown;

	if (!is_interface_name(name))
		return bad_value(err, name, "a name of an interface");
	for (size_t i = 0; i < config->n_interfaces; i++)
		if (!strcmp(config->interfaces[i].name, name))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "the interface '%s' is listed twice", name);
	grown = reallocarray(config->interfaces, config->n_interfaces + 1, sizeof(*grown));
	if (!grown)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	config->interfaces = grown;
	grown += config->n_interfaces++;
	*grown = (struct rg_config_interface){ .mode = mode };
	snprintf(grown->name, sizeof(grown->name), "%s", name);
	return 0;
}

/* "native" or "native, egress clsact" */
int rg_config_interface_set(struct rg_config *config, const char *name, const char *value,
			    struct rg_err *err)
{
	const char *how = NULL, *comma = strchr(value, ',');
	struct rg_config_interface *interface;
	enum rg_egress_mode egress = RG_EGRESS_AUTO;
	enum rg_xdp_mode mode;
	char text[64];
	int r;

	snprintf(text, sizeof(text), "%.*s", (int)(comma ? comma - value : (ptrdiff_t)sizeof(text)), value);
	for (size_t n = strlen(text); n && isblank((unsigned char)text[n - 1]);)
		text[--n] = '\0';
	if (rg_xdp_mode_parse(text, &mode))
		return bad_value(err, value, "auto, native or generic");
	if (comma) {
		how = comma + 1 + strspn(comma + 1, " \t");
		if (strncmp(how, "egress", 6) || !strspn(how + 6, " \t"))
			return bad_value(err, value, "a mode, or a mode and 'egress HOW'");
		how += 6 + strspn(how + 6, " \t");
		if (rg_egress_mode_parse(how, &egress))
			return bad_value(err, how, "auto, tcx, clsact or off, for egress");
	}
	r = rg_config_interface_add(config, name, mode, err);
	if (r || !how)
		return r;
	interface = &config->interfaces[config->n_interfaces - 1];
	interface->egress = egress;
	interface->egress_given = true;
	return 0;
}

int rg_config_init(struct rg_config *config, struct rg_err *err)
{
	*config = (struct rg_config){
		.socket = strdup("/run/regiongate/regiongate.sock"),
		.state = strdup("/var/lib/regiongate"),
		.pin_dir = strdup("/sys/fs/bpf/regiongate"),
		.log_level = RG_LOG_INFO,
		.watch = true,
		.watch_maps = true,
		.max_meetings = MEETINGS_DEFAULT,
		.max_addresses = RG_LOCALS_DEFAULT,
		.max_ufrags = RG_UFRAGS_DEFAULT,
		.max_ufrags_long = RG_UFRAGS_LONG_DEFAULT,
		.max_flows = RG_FLOWS_DEFAULT,
		.hold_share = 10,
		.ledger = { .retention_days = 30, .interval_s = 60, .stale_days = 60 },
	};
	if (!config->socket || !config->state || !config->pin_dir)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "out of memory");
	return 0;
}

void rg_config_clear(struct rg_config *config)
{
	free(config->socket);
	free(config->state);
	free(config->pin_dir);
	free(config->blocked_by);
	for (int role = 0; role < RG_ROLE_MAX; role++)
		free(config->roles[role]);
	clear_databases(config);
	rg_config_interfaces_clear(config);
	*config = (struct rg_config){ 0 };
}

/* The file while inih reads it. inih goes on after an error; only the first one is kept. */
struct reader {
	FILE *file;
	const char *name;
	struct rg_config *config;
	struct rg_err *err;
	unsigned int line_number;
	size_t size;
	int error; /* -errno of the error that fills err */
	unsigned int error_line;
};

static void fail_line(struct reader *reader, int error, const char *what)
{
	reader->error_line = reader->line_number;
	reader->error = rg_err_set(reader->err, error, RG_ERR_INVALID, "", "%s:%u: %s", reader->name,
				   reader->line_number, what);
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return *line == '#' || *line == ';';
}

/* One line for inih, as fgets() does; but inih would read a line that does not fit its buffer
 * as two, and one with a NUL only up to that. Such lines are refused here. */
static char *read_line(char *buf, int size, void *arg)
{
	struct reader *reader = arg;
	_cleanup_(rg_freep) char *line = NULL;
	size_t capacity = 0;
	ssize_t n;

	if (reader->error)
		return NULL;
	errno = 0;
	n = getline(&line, &capacity, reader->file);
	if (n < 0) {
		if (ferror(reader->file))
			fail_line(reader, -EIO, errno ? strerror(errno) : "can not be read");
		return NULL;
	}
	reader->line_number++;
	reader->size += (size_t)n;
	if (memchr(line, '\0', (size_t)n))
		fail_line(reader, -EINVAL, "the line contains a NUL");
	else if (reader->size > FILE_SIZE_MAX)
		fail_line(reader, -EINVAL, "the file is too large");
	else if (is_comment(line))
		strcpy(line, "\n"); /* however long it is */
	else if (n >= size)
		fail_line(reader, -EINVAL, "the line is too long");
	if (reader->error)
		return NULL;
	return strcpy(buf, line);
}

static int unknown_key(const char *section, const char *name, struct rg_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].section, section))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "unknown key '%.64s' in [%s]", name, section);
	if (!*section)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "'%.64s' stands before the first [section]", name);
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			  "unknown section [%.64s]; there are daemon, geoip, interfaces, limits, filter, ledger, roles",
			  section);
}

static int set_pair(struct rg_config *config, const char *section, const char *name,
		    const char *value, struct rg_err *err)
{
	if (!strcmp(section, "interfaces"))
		return rg_config_interface_set(config, name, value, err);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
			return rg_config_set(config, (enum rg_config_key)i, value, err);
	return unknown_key(section, name, err);
}

/* inih's handler: 1 is success. */
static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;
	struct rg_err err;

	if (reader->error)
		return 0;
	if (!set_pair(reader->config, section, name, value, &err))
		return 1;
	fail_line(reader, -EINVAL, err.detail);
	return 0;
}

int rg_config_read(FILE *file, const char *name, struct rg_config *config, struct rg_err *err)
{
	struct reader reader = { .file = file, .name = name, .config = config, .err = err };
	int line;

	rg_config_begin(config);
	line = ini_parse_stream(read_line, &reader, on_pair, &reader);
	if (line < 0)
		return rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, "", "%s: out of memory", name);
	/* inih tells of the first bad line, also of one that on_pair() never saw */
	if (line > 0 && (!reader.error || (unsigned int)line < reader.error_line)) {
		reader.line_number = (unsigned int)line;
		fail_line(&reader, -EINVAL, "this is neither [section] nor 'key = value'");
	}
	return reader.error;
}
