/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the file of the store: opened, with every row in it read, or refused with one sentence
 * and left as it is. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "policy/endpoint.h"
#include "policy/meeting.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64];
static char path[96];

static void remove_all(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char name[128];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	snprintf(name, sizeof(name), "%s/lock", directory);
	unlink(name);
}

static void remove_directory(void)
{
	remove_all();
	rmdir(directory);
}

/* In memory, if it can be: every input is written. */
static void make_directory(void)
{
	snprintf(directory, sizeof(directory), "%s/rg-fuzz-store-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/regiongate.db", directory);
	atexit(remove_directory);
}

static void write_file(const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		abort();
}

static void then_file_is(const uint8_t *data, size_t size)
{
	uint8_t *now = malloc(size + 1);
	int fd = open(path, O_RDONLY);

	if (fd < 0 || !now || read(fd, now, size + 1) != (ssize_t)size || memcmp(now, data, size))
		abort();
	close(fd);
	free(now);
}

/* What the engine does with a body: it must not depend on who wrote the store. */
static int meeting(void *arg, const char *id, uint32_t number, uint64_t revision, const char *body,
		   struct rg_err *err)
{
	struct rg_meeting_spec *spec = NULL;
	json_t *json = NULL;

	(void)arg, (void)number, (void)revision;
	if (!rg_json_parse(body, strlen(body), &json, err) && !rg_meeting_parse(json, id, &spec, err))
		rg_meeting_free(spec);
	json_decref(json);
	return 0;
}

static int endpoint(void *arg, const char *name, uint32_t number, uint64_t revision, const char *body,
		    struct rg_err *err)
{
	struct rg_shared_spec spec;
	json_t *json = NULL;

	(void)arg, (void)number, (void)revision;
	if (!rg_json_parse(body, strlen(body), &json, err))
		rg_shared_parse(json, name, &spec, err);
	json_decref(json);
	return 0;
}

static int ufrag(void *arg, const struct rg_store_ufrag *ufrag, struct rg_err *err)
{
	(void)arg;
	rg_ufrag_check(ufrag->text, err);
	return 0;
}

static int document(void *arg, const char *name, uint64_t revision, const char *body, struct rg_err *err)
{
	struct rg_custom_region region;
	json_t *json = NULL;

	(void)arg, (void)revision;
	if (!rg_json_parse(body, strlen(body), &json, err) && !rg_custom_region_parse(json, name, &region, err))
		rg_custom_region_clear(&region);
	json_decref(json);
	return 0;
}

static int class(void *arg, unsigned int id, const char *key, struct rg_err *err)
{
	(void)err;
	rg_classes_restore(arg, id, key);
	return 0;
}

static void read_all(struct rg_store *store)
{
	struct rg_classes *classes = rg_classes_new();
	struct rg_err err = { 0 };
	uint64_t number;

	rg_store_revision(store, &number, &err);
	rg_store_alive(store, &number, &err);
	rg_store_meetings(store, meeting, NULL, &err);
	rg_store_endpoints(store, endpoint, NULL, &err);
	rg_store_ufrags(store, ufrag, NULL, &err);
	rg_store_docs(store, RG_STORE_REGION, document, NULL, &err);
	rg_store_docs(store, RG_STORE_INTERFACE, document, NULL, &err);
	rg_store_classes(store, class, classes, &err);
	rg_classes_free(classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rg_store *store = NULL;
	struct rg_err err = { 0 };

	if (!*directory)
		make_directory();
	if (!size) /* an empty file is a new store */
		return 0;
	write_file(data, size);
	if (rg_store_open(directory, &store, &err)) {
		if (err.code == RG_ERR_NONE || !err.detail[0])
			abort();
		then_file_is(data, size);
	} else {
		read_all(store);
	}
	rg_store_close(store);
	remove_all();
	return 0;
}
