/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* explain: what the loaded program does with a packet, and why. */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/ip.h"
#include "cli/cli.h"
#include "cli/show.h"

static const struct rg_table_column columns[] = { { "", false }, { "", false } };
static const char *const facts[] = {
	"verdict", "reason", "direction", "endpoint", "tie", "meeting", "region", "rule", "policy", "stage",
	"generation",
};

/* What is not about addresses and ports. */
static int extras_add(const struct rg_cli *cli, json_t *body, struct rg_err *err)
{
	static const char *const names[] = { "ufrag", "username" };
	int r = 0;

	if (rg_cli_option(cli, "ufrag") && rg_cli_option(cli, "username"))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "either --ufrag or --username, not both");
	if (rg_cli_option(cli, "egress"))
		r = json_object_set_new(body, "direction", json_string("egress"));
	for (size_t i = 0; !r && i < ARRAY_SIZE(names); i++)
		if (rg_cli_option(cli, names[i]))
			r = json_object_set_new(body, names[i], json_string(rg_cli_option(cli, names[i])));
	return r ? rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "a ufrag or username is not UTF-8") : 0;
}

/* The request's body in @ret, or a sentence in @err. */
static int body_build(const struct rg_cli *cli, json_t **ret, struct rg_err *err)
{
	const char *source = rg_cli_option(cli, "source");
	const char *destination = rg_cli_option(cli, "destination");
	const char *protocol = rg_cli_option(cli, "protocol");
	const char *source_port = rg_cli_option(cli, "source-port"), *port;
	unsigned long port_number, source_port_number = 40000;
	struct rg_addr addr;
	int r;

	port = rg_cli_option(cli, "port");
	if (!source || !destination || !port)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "option '--%s' is missing",
				  !source ? "source" : !destination ? "destination" : "port");
	if (rg_addr_parse(source, &addr) || rg_addr_parse(destination, &addr))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "", "'%s' is not an address",
				  rg_addr_parse(source, &addr) ? source : destination);
	if (protocol && strcmp(protocol, "udp") && strcmp(protocol, "tcp"))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, "",
				  "protocol is udp or tcp, not '%s'", protocol);
	r = rg_cli_number(port, "port", 1, 65535, &port_number, err);
	if (!r && source_port)
		r = rg_cli_number(source_port, "source-port", 1, 65535, &source_port_number, err);
	if (r)
		return r;
	*ret = json_pack("{s:s, s:I, s:s, s:I, s:s}", "source", source, "source_port",
			 (json_int_t)source_port_number, "destination", destination,
			 "destination_port", (json_int_t)port_number, "protocol",
			 protocol ? protocol : "udp");
	r = extras_add(cli, *ret, err);
	if (r)
		json_decref(*ret);
	return r;
}

static enum rg_cli_exit explain(const struct rg_cli *cli)
{
	_cleanup_(rg_table_freep) struct rg_table *table =
		rg_table_new(columns, ARRAY_SIZE(columns));
	json_t *body = NULL, *answer = NULL;
	struct rg_err err = { 0 };
	enum rg_cli_exit code;

	if (body_build(cli, &body, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	code = rg_cli_call_json(cli, "POST", "/v1/explain", body, &answer);
	if (code == RG_EXIT_DONE && cli->json) {
		rg_cli_say_json(answer);
	} else if (code == RG_EXIT_DONE) {
		for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
			rg_show_row(table, facts[i], json_object_get(answer, facts[i]));
		code = rg_show_table(table);
	}
	json_decref(answer);
	return code;
}

static const struct rg_cli_option options[] = {
	{ "source", "ADDRESS", "where the packet comes from", false },
	{ "destination", "ADDRESS", "where it goes: the server's address", false },
	{ "port", "PORT", "the port there", false },
	{ "protocol", "PROTOCOL", "udp or tcp (udp)", false },
	{ "source-port", "PORT", "the sender's port (40000)", false },
	{ "ufrag", "UFRAG", "a STUN Binding Request as a client of this ufrag sends it", false },
	{ "username", "TEXT", "a STUN Binding Request with this USERNAME", false },
	{ "egress", NULL, "a packet that the server sends: source is the server's address", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_explain[] = {
	{ "explain", NULL, "--source ADDRESS --destination ADDRESS --port PORT [--protocol udp|tcp] "
	  "[--source-port PORT] [--ufrag UFRAG | --username TEXT] [--egress]", "Say what the loaded program does with a packet, and why",
	  "It runs the program in the kernel on such a packet; no counter is touched.", options, 0,
	  0, explain },
	{ 0 },
};
