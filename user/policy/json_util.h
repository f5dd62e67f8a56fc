/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Small checks that every JSON body needs. Errors carry pointers relative to the
 * object at hand; callers put their own part in front (rg_err_prefix). */
#ifndef RG_JSON_UTIL_H
#define RG_JSON_UTIL_H

#include <jansson.h>
#include <stdbool.h>
#include "base/err.h"

/** RG_ERR_INVALID unless @value is an object whose fields are all in @known (ends with NULL). */
int rg_json_fields(const json_t *value, const char *const known[], struct rg_err *err);
/** A field that must be a string. Absent: RG_ERR_INVALID if @required, else *ret = NULL.
 *  @ret borrows from @object. */
int rg_json_string(const json_t *object, const char *field, bool required, const char **ret,
		   struct rg_err *err);
/** A field that must be a text for people: 1 to @max bytes, not only white space, no control
 *  characters. Absent: as rg_json_string(). @ret owned by the caller; a text that was there before is
 *  not freed. -ENOMEM. */
int rg_json_text(const json_t *object, const char *field, bool required, size_t max, char **ret,
		 struct rg_err *err);
/** A field that must be a port, 1..65535. Absent: RG_ERR_INVALID if @required, else @ret stays. */
int rg_json_port(const json_t *object, const char *field, bool required, unsigned int *ret,
		 struct rg_err *err);
/** A field that must be an array of at most @max. Absent: *ret = NULL. @ret borrows. */
int rg_json_array(const json_t *object, const char *field, size_t max, const json_t **ret,
		  struct rg_err *err);

/** A field with one of two words: *ret is whether it is the second one. Absent: RG_ERR_INVALID if
 *  @required, else @ret stays. */
int rg_json_choice(const json_t *object, const char *field, bool required, const char *no, const char *yes,
		   bool *ret, struct rg_err *err);

/** A client's text for use in a sentence: at most 48 bytes, cut between characters; what is
 *  not UTF-8 (a path may hold anything) becomes "?". */
#define RG_QUOTE_MAX 64
const char *rg_json_quote(const char *text, char buf[RG_QUOTE_MAX]);

#endif
