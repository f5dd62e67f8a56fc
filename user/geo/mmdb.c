/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "geo/mmdb.h"

#include <ctype.h>
#include <errno.h>
#include <maxminddb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/cleanup.h"
#include "base/utf8.h"
#include "geo/sealed.h"

#define V6_BITS 128u
#define V4_BITS 32u
#define V4_DEPTH 96u            /* where the IPv4 tree hangs in an IPv6 tree: ::/96 */
#define DECODE_NS_MAX 10000000000ull /* records that refer to each other may cost the square of the file */
#define TEXT_MAX 1024u          /* of a description */

/* What a record was decoded to, beyond a label's number. */
#define FOUND_PSEUDO 0x10000u    /* + index into info->pseudo; the last one is "other" */
#define FOUND_NO_COUNTRY 0x20000u

struct reader {
	const struct rg_mmdb_request *request;
	MMDB_s db;
	struct rg_map64 found;  /* data offset -> label or FOUND_* */
	uint64_t decode_ns;
	uint64_t with_code;     /* networks with a country code, be it a pseudo-code */
	uint64_t nodes_left;    /* how many more nodes may be visited */
	bool v4_is_node;        /* the IPv4 tree begins at ... */
	uint64_t v4_node;
	struct rg_geo_database info;
	struct rg_err *err;
};

/* A record of the tree that is still to be looked at. */
struct pending {
	uint64_t hi, lo;
	uint64_t record;        /* a node's number, if it is one */
	uint32_t offset;        /* of its data, if it has some */
	uint8_t type;           /* MMDB_RECORD_TYPE_* */
	uint8_t depth;          /* bits of the address that led here */
};

static int refuse(const struct reader *reader, const char *cause)
{
	return rg_err_set(reader->err, -EINVAL, RG_ERR_INVALID, NULL,
			  "GeoIP database '%s' is refused: %s", reader->request->path, cause);
}

static int out_of_memory(const struct reader *reader)
{
	return rg_err_set(reader->err, -ENOMEM, RG_ERR_INTERNAL, NULL,
			  "out of memory while reading GeoIP database '%s'", reader->request->path);
}

static int refuse_mmdb(const struct reader *reader, const char *what, int status)
{
	char cause[192];

	if (status == MMDB_OUT_OF_MEMORY_ERROR)
		return out_of_memory(reader);
	snprintf(cause, sizeof(cause), "%s: %s", what, MMDB_strerror(status));
	return refuse(reader, cause);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* --- the file ------------------------------------------------------------ */

static int open_db(struct reader *reader)
{
	_cleanup_(rg_closep) int fd = rg_sealed_copy(reader->request->path, reader->err);
	char name[32];
	int status;

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	status = MMDB_open(name, MMDB_MODE_MMAP, &reader->db);
	if (status != MMDB_SUCCESS) {
		reader->db = (MMDB_s){ 0 };
		return refuse_mmdb(reader, "it is no MaxMind DB file that can be read", status);
	}
	if (reader->db.metadata.ip_version != 4 && reader->db.metadata.ip_version != 6)
		return refuse(reader, "its IP version is neither 4 nor 6");
	if (!reader->db.metadata.node_count)
		return refuse(reader, "its search tree has no nodes");
	/* A tree visits each node once; writers that share equal subtrees may go a little beyond. */
	reader->nodes_left = 4ull * reader->db.metadata.node_count + 1024;
	return 0;
}

/* --- records ------------------------------------------------------------- */

/* A text of the record at @path. *@ret_text is NULL if there is none; it is not NUL terminated. */
static int text_at(struct reader *reader, uint32_t offset, const char *const *path,
		   const char **ret_text, size_t *ret_length)
{
	MMDB_entry_s entry = { .mmdb = &reader->db, .offset = offset };
	MMDB_entry_data_s data = { 0 };
	int status = MMDB_aget_value(&entry, &data, path);

	*ret_text = NULL;
	*ret_length = 0;
	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return 0;
	if (status != MMDB_SUCCESS)
		return refuse_mmdb(reader, "a record can not be decoded", status);
	if (!data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING || !data.data_size)
		return 0;
	*ret_text = data.utf8_string;
	*ret_length = data.data_size;
	return 0;
}

/* The country code of a record, in whatever shape. *@ret_text NULL if there is none. */
static int code_at(struct reader *reader, uint32_t offset, const char **ret_text,
		   size_t *ret_length)
{
	static const char *const nested[] = { "country", "iso_code", NULL };
	static const char *const flat[] = { "country_code", NULL };
	static const char *const name_or_code[] = { "country", NULL };
	static const char *const registered[] = { "registered_country", "iso_code", NULL };
	int r = text_at(reader, offset, nested, ret_text, ret_length);

	if (!r && !*ret_text)
		r = text_at(reader, offset, flat, ret_text, ret_length);
	if (!r && !*ret_text) {
		r = text_at(reader, offset, name_or_code, ret_text, ret_length);
		if (!r && *ret_length != 2)
			*ret_text = NULL;
	}
	if (!r && !*ret_text && reader->request->registered_country)
		r = text_at(reader, offset, registered, ret_text, ret_length);
	return r;
}

/* The subdivision's own part of its ISO 3166-2 code ("CA" of "US-CA"), or "". */
static int part_at(struct reader *reader, uint32_t offset, const char *country, char ret_part[4])
{
	static const char *const nested[] = { "subdivisions", "0", "iso_code", NULL };
	static const char *const flat[] = { "region_code", NULL };
	const char *text;
	size_t length;
	int r = text_at(reader, offset, nested, &text, &length);

	ret_part[0] = '\0';
	if (!r && !text)
		r = text_at(reader, offset, flat, &text, &length);
	if (r || !text)
		return r;
	if (length > 3 && !memcmp(text, country, 2) && text[2] == '-') {
		text += 3;
		length -= 3;
	}
	if (length > 3)
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i])) {
			ret_part[0] = '\0';
			return 0;
		}
		ret_part[i] = (char)toupper((unsigned char)text[i]);
		ret_part[i + 1] = '\0';
	}
	return 0;
}

static uint32_t pseudo_number(struct rg_geo_database *info, const char *text, size_t length)
{
	char code[sizeof(info->pseudo[0].code)] = "";
	size_t i;

	for (i = 0; i < length && i < sizeof(code) - 1; i++)
		code[i] = text[i] > 0x20 && text[i] < 0x7f ? text[i] : '?';
	for (i = 0; i < info->n_pseudo; i++)
		if (!strcmp(info->pseudo[i].code, code))
			return FOUND_PSEUDO + (uint32_t)i;
	if (info->n_pseudo < ARRAY_SIZE(info->pseudo))
		memcpy(info->pseudo[info->n_pseudo++].code, code, sizeof(code));
	return FOUND_PSEUDO + (uint32_t)i;
}

static int decode(struct reader *reader, uint32_t offset, uint32_t *ret_found)
{
	char country[3], part[4];
	const char *text;
	size_t length;
	int r = code_at(reader, offset, &text, &length);

	if (r)
		return r;
	if (!text) {
		*ret_found = FOUND_NO_COUNTRY;
		return 0;
	}
	if (!rg_country_normalise(text, length, country)) {
		*ret_found = pseudo_number(&reader->info, text, length);
		return 0;
	}
	r = part_at(reader, offset, country, part);
	if (r)
		return r;
	r = rg_labels_number(reader->request->labels, country, part, ret_found);
	if (r == -ENOSPC)
		return rg_err_set(reader->err, r, RG_ERR_FULL, NULL,
				  "GeoIP database '%s' is refused: it names more than %d places",
				  reader->request->path, RG_LABELS_MAX);
	return r ? out_of_memory(reader) : 0;
}

/* What the record at @offset says, decoded once. */
static int look_at(struct reader *reader, uint32_t offset, uint32_t *ret_found)
{
	uint64_t start;
	int r;

	if (rg_map64_get(&reader->found, offset, ret_found))
		return 0;
	start = now_ns();
	r = decode(reader, offset, ret_found);
	if (r)
		return r;
	reader->decode_ns += now_ns() - start;
	if (reader->decode_ns > DECODE_NS_MAX)
		return refuse(reader, "its records take too long to decode");
	return rg_map64_put(&reader->found, offset, *ret_found) ? out_of_memory(reader) : 0;
}

/* --- the tree ------------------------------------------------------------ */

static int take_leaf(struct reader *reader, const struct pending *at, struct rg_marks *marks)
{
	struct rg_geo_database *info = &reader->info;
	uint32_t found, value = 0;
	int r = look_at(reader, at->offset, &found);

	if (r)
		return r;
	info->networks++;
	reader->with_code += found != FOUND_NO_COUNTRY;
	if (found < FOUND_PSEUDO)
		value = reader->request->tag | found;
	else
		info->unknown++;
	if (found >= FOUND_PSEUDO && found < FOUND_NO_COUNTRY) {
		if (found - FOUND_PSEUDO < ARRAY_SIZE(info->pseudo))
			info->pseudo[found - FOUND_PSEUDO].networks++;
		else
			info->pseudo_other++;
	}
	return rg_marks_add(marks, at->hi, at->lo, value) ? out_of_memory(reader) : 0;
}

/* Is this where the IPv4 tree hangs, or an alias of it? Addresses there are looked up by the
 * IPv4 address inside (rg_addr_embedded_v4), whatever the tree says. */
static bool holds_v4(const struct reader *reader, const struct pending *at)
{
	if (reader->v4_is_node && at->type == MMDB_RECORD_TYPE_SEARCH_NODE &&
	    at->record == reader->v4_node)
		return true;
	switch (at->depth) {
	case 16:
		return at->hi == 0x2002ull << 48;
	case 32:
		return at->hi == 0x20010000ull << 32;
	case V4_DEPTH:
		return (at->hi == 0 && (at->lo == 0 || at->lo == 0xffffull << 32)) ||
		       (at->hi == 0x0064ff9bull << 32 && at->lo == 0);
	}
	return false;
}

static struct pending child(const struct pending *parent, const MMDB_search_node_s *node, bool right)
{
	struct pending at = { .hi = parent->hi, .lo = parent->lo };

	at.depth = (uint8_t)(parent->depth + 1);
	at.type = right ? node->right_record_type : node->left_record_type;
	at.record = right ? node->right_record : node->left_record;
	if (at.type == MMDB_RECORD_TYPE_DATA)
		at.offset = right ? node->right_record_entry.offset : node->left_record_entry.offset;
	if (right && parent->depth < 64)
		at.hi |= 1ull << (63 - parent->depth);
	else if (right)
		at.lo |= 1ull << (127 - parent->depth);
	return at;
}

static int read_node(struct reader *reader, uint64_t number, MMDB_search_node_s *ret)
{
	int status;

	if (!reader->nodes_left--)
		return refuse(reader, "its search tree repeats itself");
	status = MMDB_read_node(&reader->db, (uint32_t)number, ret);
	return status == MMDB_SUCCESS ? 0 : refuse_mmdb(reader, "its search tree is broken", status);
}

/* Every leaf below @root, in order of addresses. @bits: length of an address. */
static int walk(struct reader *reader, const struct pending *root, unsigned int bits,
		struct rg_marks *marks)
{
	struct pending stack[V6_BITS + 1]; /* at most one sibling waits at each depth */
	unsigned int n = 0;

	stack[n++] = *root;
	while (n) {
		struct pending at = stack[--n];
		MMDB_search_node_s node;
		int r = 0;

		if (at.type == MMDB_RECORD_TYPE_EMPTY || (bits == V6_BITS && holds_v4(reader, &at))) {
			r = rg_marks_add(marks, at.hi, at.lo, 0) ? out_of_memory(reader) : 0;
		} else if (at.type == MMDB_RECORD_TYPE_DATA) {
			r = take_leaf(reader, &at, marks);
		} else if (at.type != MMDB_RECORD_TYPE_SEARCH_NODE) {
			r = refuse(reader, "its search tree has an invalid record");
		} else if (at.depth >= bits) {
			r = refuse(reader, "its search tree is deeper than an address");
		} else {
			r = read_node(reader, at.record, &node);
			if (!r) {
				stack[n++] = child(&at, &node, true);
				stack[n++] = child(&at, &node, false);
			}
		}
		if (r)
			return r;
	}
	return 0;
}

/* The record at which the IPv4 tree begins, or the leaf above it that holds all of IPv4. */
static int find_v4(struct reader *reader, struct pending *ret)
{
	struct pending at = { .type = MMDB_RECORD_TYPE_SEARCH_NODE };

	while (reader->db.metadata.ip_version == 6 && at.depth < V4_DEPTH &&
	       at.type == MMDB_RECORD_TYPE_SEARCH_NODE) {
		MMDB_search_node_s node;
		int r = read_node(reader, at.record, &node);

		if (r)
			return r;
		at = child(&at, &node, false);
	}
	reader->v4_is_node = at.depth == V4_DEPTH && at.type == MMDB_RECORD_TYPE_SEARCH_NODE;
	reader->v4_node = at.record;
	*ret = at;
	ret->depth = 0;
	return 0;
}

static int walk_both(struct reader *reader, struct rg_marks *v4, struct rg_marks *v6)
{
	const struct pending root = { .type = MMDB_RECORD_TYPE_SEARCH_NODE };
	struct pending root4;
	int r = find_v4(reader, &root4);

	if (!r)
		r = walk(reader, &root4, V4_BITS, v4);
	if (!r && reader->db.metadata.ip_version == 6)
		r = walk(reader, &root, V6_BITS, v6);
	return r;
}

/* --- the metadata -------------------------------------------------------- */

/* A copy that may be printed and put into JSON: valid UTF-8, no control characters, not endless. */
static char *clean_text(const char *text)
{
	char *copy = strndup(text ? text : "", TEXT_MAX);

	if (!copy)
		return NULL;
	rg_utf8_mend(copy);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = *p == '\n' || *p == '\t' ? ' ' : '?';
	return copy;
}

static int read_metadata(struct reader *reader)
{
	const MMDB_metadata_s *metadata = &reader->db.metadata;
	const char *description = NULL;

	for (size_t i = 0; i < metadata->description.count; i++) {
		const MMDB_description_s *entry = metadata->description.descriptions[i];

		if (!description || !strcmp(entry->language, "en"))
			description = entry->description;
	}
	reader->info.path = strdup(reader->request->path);
	reader->info.type = clean_text(metadata->database_type);
	reader->info.attribution = clean_text(description);
	reader->info.build_epoch = metadata->build_epoch;
	rg_sha256(reader->db.file_content, (size_t)reader->db.file_size, reader->info.sha256);
	if (!reader->info.path || !reader->info.type || !reader->info.attribution)
		return out_of_memory(reader);
	return 0;
}

void rg_mmdb_info_clear(struct rg_geo_database *info)
{
	free(info->path);
	free(info->type);
	free(info->attribution);
	*info = (struct rg_geo_database){ 0 };
}

static void reader_clear(struct reader *reader)
{
	if (reader->db.file_content)
		MMDB_close(&reader->db);
	rg_map64_clear(&reader->found);
	rg_mmdb_info_clear(&reader->info);
}

int rg_mmdb_read(const struct rg_mmdb_request *request, struct rg_marks *ret_v4,
		 struct rg_marks *ret_v6, struct rg_geo_database *ret_info, struct rg_err *err)
{
	_cleanup_(reader_clear) struct reader reader = { .request = request, .err = err };
	_cleanup_(rg_marks_clear) struct rg_marks v4 = { 0 }, v6 = { 0 };
	int r = open_db(&reader);

	if (!r)
		r = read_metadata(&reader);
	if (!r)
		r = walk_both(&reader, &v4, &v6);
	if (r)
		return r;
	if (!reader.with_code) {
		char cause[128];

		snprintf(cause, sizeof(cause), "it has no country data (its type is '%.64s')",
			 reader.info.type);
		return refuse(&reader, cause);
	}
	*ret_v4 = v4;
	*ret_v6 = v6;
	*ret_info = reader.info;
	v4 = v6 = (struct rg_marks){ 0 };
	reader.info = (struct rg_geo_database){ 0 };
	return 0;
}
