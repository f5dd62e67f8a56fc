/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* top: a view that refreshes. */
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/top_show.h"

#define STATS "/v1/stats?limit=10000"
#define INTERVAL_S 2

/* ECMA-48: home, erase to the line's or the screen's end; the cursor of DEC terminals and their kin. */
#define HOME       "\033[H"
#define ERASE_LINE "\033[K"
#define ERASE_DOWN "\033[J"
#define CURSOR_OFF "\033[?25l"
#define CURSOR_ON  "\033[?25h\n"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static unsigned int terminal_rows(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row ? size.ws_row : 24;
}

static enum rg_cli_exit no_memory(void)
{
	fputs("regiongate: out of memory\n", stderr);
	return RG_EXIT_REFUSED;
}

static enum rg_cli_exit once(const struct rg_cli *cli)
{
	json_t *now = NULL;
	enum rg_cli_exit code = rg_cli_call(cli, "GET", STATS, NULL, NULL, &now, NULL);

	if (code == RG_EXIT_DONE && cli->json)
		rg_cli_say_json(now);
	else if (code == RG_EXIT_DONE && rg_top_show(NULL, now, 0, stdout))
		code = no_memory();
	json_decref(now);
	return code;
}

/* Each line erases what stood behind it, so nothing flickers. */
static void page_paint(const char *page)
{
	fputs(HOME, stdout);
	for (; *page; page++) {
		if (*page == '\n')
			fputs(ERASE_LINE, stdout);
		fputc(*page, stdout);
	}
	fputs(ERASE_DOWN, stdout);
	fflush(stdout);
}

static enum rg_cli_exit refresh(const json_t *before, const json_t *now)
{
	_cleanup_(rg_freep) char *page = NULL;
	size_t length;
	FILE *out = open_memstream(&page, &length);
	int r = out ? rg_top_show(before, now, terminal_rows() - 1, out) : -1;

	if (!out || fclose(out) || r)
		return no_memory();
	page_paint(page);
	return RG_EXIT_DONE;
}

static enum rg_cli_exit follow(const struct rg_cli *cli, unsigned long interval_s)
{
	struct timespec rest = { .tv_sec = (time_t)interval_s };
	enum rg_cli_exit code = RG_EXIT_DONE;
	json_t *before = NULL, *now = NULL;

	while (!stopped && code == RG_EXIT_DONE) {
		code = rg_cli_call(cli, "GET", STATS, NULL, NULL, &now, NULL);
		if (code == RG_EXIT_DONE)
			code = refresh(before, now);
		json_decref(before);
		before = TAKE_PTR(now);
		if (code == RG_EXIT_DONE && !stopped)
			nanosleep(&rest, NULL);
	}
	json_decref(before);
	return code;
}

static enum rg_cli_exit top_run(const struct rg_cli *cli)
{
	const char *text = rg_cli_option(cli, "interval");
	struct sigaction action = { .sa_handler = stop };
	unsigned long interval_s = INTERVAL_S;
	struct rg_err err = { 0 };
	enum rg_cli_exit code;

	if (text && rg_cli_number(text, "interval", 1, 3600, &interval_s, &err))
		return rg_cli_misuse(cli, "%s", err.detail);
	if (rg_cli_option(cli, "once") || cli->json || !isatty(STDOUT_FILENO))
		return once(cli);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	fputs(CURSOR_OFF HOME ERASE_DOWN, stdout);
	code = follow(cli, interval_s);
	fputs(CURSOR_ON, stdout);
	fflush(stdout);
	return code;
}

static const struct rg_cli_option options[] = {
	{ "once", NULL, "print the sums so far and end (as when the output is no terminal)", false },
	{ "interval", "SECONDS", "between two pages (2)", false },
	{ 0 },
};

const struct rg_cli_command rg_cmd_top[] = {
	{ "top", NULL, "[--once] [--interval SECONDS]",
	  "Watch meetings, regions, unbound traffic and the fill of tables",
	  "The first page shows sums, the next ones packets a second. Ctrl-C ends it.", options, 0, 0, top_run },
	{ 0 },
};
