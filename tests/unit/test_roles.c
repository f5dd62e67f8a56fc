/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may do what on the control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "api/peer.h"
#include "base/cleanup.h"

static struct rg_roles roles;
static struct rg_err err;

static int teardown(void **state)
{
	(void)state;
	rg_roles_clear(&roles);
	return 0;
}

static enum rg_role role_of(uid_t uid, gid_t gid, gid_t other)
{
	const gid_t gids[] = { gid, other };

	return rg_roles_of(&roles, uid, gids, 2);
}

static void then_refused(const char *list, const char *message)
{
	size_t before = roles.n;

	assert_int_not_equal(rg_roles_add(&roles, RG_ROLE_PUSH, list, &err), 0);
	assert_int_equal(err.code, RG_ERR_INVALID);
	if (!strstr(err.detail, message))
		fail_msg("'%s' does not say '%s'", err.detail, message);
	assert_int_equal(roles.n, before);
}

static void a_list_that_names_nobody_is_refused_and_adds_nothing(void **state)
{
	(void)state;
	then_refused("", "nobody");
	then_refused(" , ", "nobody");
	then_refused("1000 nosuchuser-", "no user 'nosuchuser-'");
	then_refused("root,@nosuchgroup-", "no group 'nosuchgroup-'");
	then_refused("@", "no group ''");
	then_refused("4294967295", "no user");
	then_refused("-1", "no user");
}

static void root_and_the_own_user_are_admins(void **state)
{
	(void)state;
	assert_int_equal(role_of(0, 5, 6), RG_ROLE_ADMIN);
	assert_int_equal(role_of(geteuid(), 5, 6), RG_ROLE_ADMIN);
	assert_int_equal(rg_roles_of(NULL, 0, NULL, 0), RG_ROLE_ADMIN);
	assert_int_equal(rg_roles_of(NULL, 12345, NULL, 0), RG_ROLE_NONE);
}

static void the_highest_role_of_user_and_groups_holds(void **state)
{
	(void)state;
	assert_int_equal(rg_roles_add(&roles, RG_ROLE_ADMIN, "3000", &err), 0);
	assert_int_equal(rg_roles_add(&roles, RG_ROLE_PUSH, "@3001, @3002", &err), 0);
	assert_int_equal(rg_roles_add(&roles, RG_ROLE_READ, "3004\t@3003", &err), 0);
	assert_int_equal(role_of(3000, 3003, 0), RG_ROLE_ADMIN);
	assert_int_equal(role_of(3004, 3002, 3003), RG_ROLE_PUSH);
	assert_int_equal(role_of(3004, 7, 3001), RG_ROLE_PUSH);
	assert_int_equal(role_of(3004, 7, 8), RG_ROLE_READ);
	assert_int_equal(role_of(7, 7, 3003), RG_ROLE_READ);
	assert_int_equal(role_of(7, 3000, 3004), RG_ROLE_NONE); /* users are no groups */
	assert_int_equal(role_of(3001, 7, 8), RG_ROLE_NONE);
}

static void the_kernel_says_who_calls(void **state)
{
	struct rg_peer peer = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rg_peer_of(fds[0], &roles, &peer, &err), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_int_equal(peer.role, RG_ROLE_ADMIN);
	close(fds[0]);
	close(fds[1]);
	assert_int_not_equal(rg_peer_of(-1, &roles, &peer, &err), 0);
}

static void a_refusal_names_the_role_that_is_needed(void **state)
{
	const struct rg_peer reader = { .uid = 42, .role = RG_ROLE_READ };

	(void)state;
	assert_int_equal(rg_peer_check(&reader, RG_ROLE_READ, &err), 0);
	assert_int_not_equal(rg_peer_check(&reader, RG_ROLE_PUSH, &err), 0);
	assert_int_equal(err.code, RG_ERR_FORBIDDEN);
	assert_non_null(strstr(err.detail, "'push'"));
	assert_non_null(strstr(err.detail, "user 42"));
	assert_int_not_equal(rg_peer_check(&reader, RG_ROLE_NONE, &err), 0);
	assert_non_null(strstr(err.detail, "'admin'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_list_that_names_nobody_is_refused_and_adds_nothing, teardown),
		cmocka_unit_test_teardown(root_and_the_own_user_are_admins, teardown),
		cmocka_unit_test_teardown(the_highest_role_of_user_and_groups_holds, teardown),
		cmocka_unit_test_teardown(the_kernel_says_who_calls, teardown),
		cmocka_unit_test_teardown(a_refusal_names_the_role_that_is_needed, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
