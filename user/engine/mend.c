/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What somebody else has written into the arrays is found by a walk (dataplane/drift.c), and put right piece by
 * piece out of the model, by the functions that wrote it first. All maps at once compares verify.c. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "base/log.h"
#include "engine/engine_private.h"

/* A second's share of the walk round the arrays: a usual load is passed in some 6 s, for a millisecond each. */
#define DRIFT_BYTES (4u << 20)

static bool mend_meeting(struct rg_engine *engine, uint32_t number)
{
	const struct meeting *meeting = number < engine->model.max_meetings ? engine->model.by_number[number] : NULL;

	if (meeting)
		publish_meeting(engine, meeting);
	return meeting != NULL;
}

static bool mend_region(struct rg_engine *engine, uint32_t id)
{
	if (id < engine->classes_compiled)
		rg_dp_region_set(engine->dp, id, rg_classes_get(engine->classes, id)->key);
	return true; /* of others there is no text that matters */
}

static bool mend_shared(struct rg_engine *engine, uint32_t number)
{
	if (!number || !engine->shared[number].name[0])
		return false;
	rg_dp_shared_update(engine->dp, number, &engine->shared[number]);
	return true;
}

static bool mend_entry(void *arg, const char *map, uint32_t index)
{
	struct rg_engine *engine = arg;
	struct rulings *rulings = &engine->model.rulings;
	size_t blocks = rg_dp_policy_blocks(engine->dp);

	if (!strcmp(map, "rg_mtg_words") || !strcmp(map, "rg_meetings"))
		return mend_meeting(engine, index);
	if (!strcmp(map, "rg_shared"))
		return mend_shared(engine, index);
	if (!strcmp(map, "rg_regions"))
		return mend_region(engine, index);
	if (!strcmp(map, "rg_policies"))
		rulings_mend(engine, &rulings->policies, index);
	else if (!strcmp(map, "rg_policy_bits")) /* of one policy at once */
		rulings_mend(engine, &rulings->policies, (uint32_t)(index / blocks));
	else if (!strcmp(map, "rg_schedules"))
		rulings_mend(engine, &rulings->schedules, index);
	else if (!strcmp(map, "rg_exceptions"))
		rulings_mend(engine, &rulings->exceptions, index);
	return true; /* what nothing refers to is written when it is used again */
}

static uint32_t mend_port(void *arg, const struct rg_addr *address, uint8_t protocol, uint16_t port)
{
	struct rg_engine *engine = arg;
	struct rg_endpoint_key key = { .address = *address, .port = port, .protocol = protocol };
	const struct endpoint *endpoint = model_endpoint(&engine->model, &key);

	if (endpoint)
		return endpoint->meeting->number;
	for (uint32_t i = 1; i < RG_SHARED_MAX; i++) {
		const struct rg_shared *shared = &engine->shared[i];

		if (shared->name[0] && shared->protocol == protocol && port >= shared->first_port &&
		    port <= shared->last_port && !rg_addr_cmp(&shared->address, address))
			return RG_PORT_SHARED | i;
	}
	return 0;
}

void drift_tick(struct rg_engine *engine)
{
	const struct rg_dp_mend mend = { engine, mend_entry, mend_port };
	struct rg_dp_map_check check;
	struct rg_dp_piece piece;

	if (engine->broken || !engine->watch_maps || rg_dp_drift_look(engine->dp, DRIFT_BYTES, &piece))
		return;
	if (rg_dp_mend(engine->dp, &piece, &mend, &check))
		rg_log(RG_LOG_ERROR, "%s seems to have been changed, and can not be compared: out of memory", piece.map);
	else
		drift_note(engine, &check);
}
