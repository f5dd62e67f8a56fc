/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

const char rg_options_help[] =
	"Usage: regiongated [OPTION]...\n"
	"Admits or refuses conference traffic by meeting and region.\n"
	"\n"
	"  --config FILE          configuration (" RG_CONFIG_PATH "); options override it\n"
	"  --socket PATH          control socket\n"
	"  --state DIR            directory of the store\n"
	"  --pin-dir DIR          directory in a BPF file system for maps and links\n"
	"  --geoip FILE           MMDB database; repeat it for overrides, in order\n"
	"  --interface NAME[:MODE]  attach to an interface; may be repeated\n"
	"  --mode MODE            of --interface without one: auto, native, generic\n"
	"  --dispatcher MODE      join libxdp's dispatcher: no (the default), auto, yes\n"
	"  --observe              count what would be refused, refuse nothing\n"
	"  --site REGION          where this server stands: a country or subdivision\n"
	"  --max-meetings N       how many meetings fit\n"
	"  --log-level LEVEL      error, warning, notice, info, debug\n"
	"  --check-config         read the configuration, say whether it is good, and end\n"
	"  --detach               remove the filter from all interfaces, and end\n"
	"  --version, --help\n"
	"\n"
	"The filter stays in force when the daemon ends; --detach, or 'regiongate detach', removes it.\n"
	"Exit status: 0 done, 1 failed to start, 2 a mistake in options or configuration.\n";

/* What getopt_long returns: a key of the configuration, or one of these. */
enum {
	OPTION_KEY = 0x100, /* + enum rg_config_key */
	OPTION_CONFIG = 0x200,
	OPTION_INTERFACE,
	OPTION_MODE,
	OPTION_OBSERVE,
	OPTION_ACTION, /* + enum rg_action; the last one */
};

static const struct option options[] = {
	{ "config",       required_argument, NULL, OPTION_CONFIG },
	{ "socket",       required_argument, NULL, OPTION_KEY + RG_CONFIG_SOCKET },
	{ "state",        required_argument, NULL, OPTION_KEY + RG_CONFIG_STATE },
	{ "pin-dir",      required_argument, NULL, OPTION_KEY + RG_CONFIG_PIN_DIR },
	{ "geoip",        required_argument, NULL, OPTION_KEY + RG_CONFIG_DATABASE },
	{ "interface",    required_argument, NULL, OPTION_INTERFACE },
	{ "mode",         required_argument, NULL, OPTION_MODE },
	{ "observe",      no_argument,       NULL, OPTION_OBSERVE },
	{ "dispatcher",   required_argument, NULL, OPTION_KEY + RG_CONFIG_DISPATCHER },
	{ "site",         required_argument, NULL, OPTION_KEY + RG_CONFIG_SITE },
	{ "max-meetings", required_argument, NULL, OPTION_KEY + RG_CONFIG_MAX_MEETINGS },
	{ "log-level",    required_argument, NULL, OPTION_KEY + RG_CONFIG_LOG_LEVEL },
	{ "check-config", no_argument,       NULL, OPTION_ACTION + RG_ACTION_CHECK_CONFIG },
	{ "detach",       no_argument,       NULL, OPTION_ACTION + RG_ACTION_DETACH },
	{ "version",      no_argument,       NULL, OPTION_ACTION + RG_ACTION_VERSION },
	{ "help",         no_argument,       NULL, OPTION_ACTION + RG_ACTION_HELP },
	{ 0 },
};

/* What is applied only when all options are known. */
struct parse {
	struct rg_config *config;
	const char *config_path;
	enum rg_xdp_mode mode;
	enum rg_action action;
	bool interfaces_cleared;
};

static int read_file(struct parse *parse, struct rg_err *err)
{
	const char *path = parse->config_path ? parse->config_path : RG_CONFIG_PATH;
	_cleanup_(rg_fclosep) FILE *file = fopen(path, "re");

	if (file)
		return rg_config_read(file, path, parse->config, err);
	if (errno == ENOENT && !parse->config_path)
		return 0;
	return rg_err_set(err, -errno, RG_ERR_INVALID, "", "%s: %s", path, strerror(errno));
}

static int add_interface(struct parse *parse, char *text, struct rg_err *err)
{
	char *colon = strchr(text, ':');
	enum rg_xdp_mode mode = parse->mode;

	if (!parse->interfaces_cleared)
		rg_config_interfaces_clear(parse->config);
	parse->interfaces_cleared = true;
	if (colon) {
		*colon = '\0';
		if (rg_xdp_mode_parse(colon + 1, &mode))
			return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
					  "--interface %s: '%s' is not auto, native or generic", text,
					  colon + 1);
	}
	if (rg_config_interface_add(parse->config, text, mode, err)) {
		struct rg_err cause = *err;

		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "--interface: %s", cause.detail);
	}
	return 0;
}

static int set_key(struct parse *parse, int index, const char *value, struct rg_err *err)
{
	struct rg_err cause;

	if (!rg_config_set(parse->config, (enum rg_config_key)(options[index].val - OPTION_KEY),
			   value, &cause))
		return 0;
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "--%s: %s", options[index].name,
			  cause.detail);
}

/* First pass: what the second one, or the reading of the file, depends on. */
static int take_first(struct parse *parse, int option, const char *value, struct rg_err *err)
{
	if (option >= OPTION_ACTION)
		parse->action = (enum rg_action)(option - OPTION_ACTION);
	else if (option == OPTION_CONFIG)
		parse->config_path = value;
	else if (option == OPTION_MODE && rg_xdp_mode_parse(value, &parse->mode))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "--mode: '%s' is not auto, native or generic", value);
	return 0;
}

static int take_second(struct parse *parse, int option, int index, char *value, struct rg_err *err)
{
	if (option == OPTION_INTERFACE)
		return add_interface(parse, value, err);
	if (option == OPTION_OBSERVE)
		parse->config->observe = true;
	else if (option >= OPTION_KEY && option < OPTION_KEY + RG_CONFIG_KEY_MAX)
		return set_key(parse, index, value, err);
	return 0;
}

static int bad_option(char *argv[], int option, struct rg_err *err)
{
	const char *text = argv[optind - 1];

	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
			  option == ':' ? "the option %s needs a value"
					: "there is no option %s, or it takes no value", text);
}

static int scan(int argc, char *argv[], struct parse *parse, bool first, struct rg_err *err)
{
	int option, index, r;

	optind = 0; /* the GNU way to start again */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", options, &index)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(argv, option, err);
		r = first ? take_first(parse, option, optarg, err)
			  : take_second(parse, option, index, optarg, err);
		if (r)
			return r;
	}
	if (optind < argc)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "'%s' is not an option", argv[optind]);
	return 0;
}

int rg_options_parse(int argc, char *argv[], struct rg_config *config, enum rg_action *ret_action,
		     struct rg_err *err)
{
	struct parse parse = { .config = config, .mode = RG_XDP_AUTO };
	int r;

	r = scan(argc, argv, &parse, true, err);
	if (r)
		return r;
	*ret_action = parse.action;
	if (parse.action == RG_ACTION_HELP || parse.action == RG_ACTION_VERSION)
		return 0;
	r = read_file(&parse, err);
	if (r)
		return r;
	rg_config_begin(config);
	return scan(argc, argv, &parse, false, err);
}
