/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy/json_util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"
#include "policy/meeting.h"

#define QUOTE_LENGTH 48

/* Reals that are whole and fit become integers again. */
static json_t *with_integers(json_t *value)
{
	double number = json_real_value(value);
	json_t *part;
	size_t i;
	void *next;
	const char *key;

	if (json_is_real(value) && number >= -0x1p53 && number <= 0x1p53 &&
	    (double)(json_int_t)number == number) {
		json_decref(value);
		return json_integer((json_int_t)number);
	}
	json_array_foreach(value, i, part)
		json_array_set_new(value, i, with_integers(json_incref(part)));
	json_object_foreach_safe(value, next, key, part)
		json_object_set_new(value, key, with_integers(json_incref(part)));
	return value;
}

int rg_json_parse(const char *text, size_t length, json_t **ret, struct rg_err *err)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_error_t error;
	json_t *value = json_loadb(text, length, flags, &error);

	/* An integer of more than 64 bits is JSON. As a real number it stays in its place, so that
	 * whoever reads the value can refuse it with its pointer: no field takes a real number. */
	if (!value && json_error_code(&error) == json_error_numeric_overflow) {
		value = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, &error);
		value = value ? with_integers(value) : NULL;
	}
	if (!value && json_error_code(&error) == json_error_numeric_overflow)
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL,
				  "line %d, column %d: the number is too large", error.line, error.column);
	if (!value) {
		/* The text quotes the input and may end inside of a character. */
		for (char *p = error.text; *p; p++)
			if (*p < ' ' || *p > '~')
				*p = '?';
		return rg_err_set(err, -EINVAL, RG_ERR_SYNTAX, NULL, "line %d, column %d: %s",
				  error.line, error.column, error.text);
	}
	*ret = value;
	return 0;
}

const char *rg_json_quote(const char *text, char buf[RG_QUOTE_MAX])
{
	bool cut = strnlen(text, QUOTE_LENGTH + 1) > QUOTE_LENGTH;

	snprintf(buf, RG_QUOTE_MAX, "%.*s", QUOTE_LENGTH, text);
	rg_utf8_mend(buf);
	return cut ? strcat(buf, "...") : buf;
}

/* A field's name as one part of a pointer (RFC 6901). */
static void pointer_part(const char *field, char buf[2 + 2 * RG_QUOTE_MAX])
{
	char quoted[RG_QUOTE_MAX];
	char *p = buf;

	*p++ = '/';
	for (const char *q = rg_json_quote(field, quoted); *q; q++) {
		if (*q == '~' || *q == '/') {
			*p++ = '~';
			*p++ = *q == '~' ? '0' : '1';
		} else {
			*p++ = *q;
		}
	}
	*p = '\0';
}

static int invalid(const char *field, const char *what, struct rg_err *err)
{
	char pointer[2 + 2 * RG_QUOTE_MAX];

	pointer_part(field, pointer);
	return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "%s %s", field, what);
}

int rg_json_fields(const json_t *value, const char *const known[], struct rg_err *err)
{
	char pointer[2 + 2 * RG_QUOTE_MAX], quoted[RG_QUOTE_MAX];
	const char *field;
	json_t *unused;

	if (!json_is_object(value))
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, NULL, "not an object");
	json_object_foreach((json_t *)value, field, unused) {
		size_t i = 0;

		(void)unused;
		while (known[i] && strcmp(known[i], field))
			i++;
		if (known[i])
			continue;
		pointer_part(field, pointer);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer, "unknown field '%s'",
				  rg_json_quote(field, quoted));
	}
	return 0;
}

int rg_json_string(const json_t *object, const char *field, bool required, const char **ret,
		   struct rg_err *err)
{
	const json_t *value = json_object_get(object, field);

	if (!value && required)
		return invalid(field, "is missing", err);
	if (value && !json_is_string(value))
		return invalid(field, "is not a string", err);
	*ret = value ? json_string_value(value) : NULL;
	return 0;
}

int rg_json_text(const json_t *object, const char *field, bool required, size_t max, char **ret,
		 struct rg_err *err)
{
	const char *text;
	char what[64];
	int r = rg_json_string(object, field, required, &text, err);

	if (r || !text)
		return r;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return invalid(field, "has a control character", err);
	if (!text[strspn(text, " ")])
		return invalid(field, "is empty", err);
	if (strlen(text) > max) {
		snprintf(what, sizeof(what), "has more than %zu bytes", max);
		return invalid(field, what, err);
	}
	*ret = strdup(text);
	return *ret ? 0 : rg_err_set(err, -ENOMEM, RG_ERR_INTERNAL, NULL, "out of memory");
}

int rg_json_port(const json_t *object, const char *field, bool required, unsigned int *ret,
		 struct rg_err *err)
{
	const json_t *value = json_object_get(object, field);
	json_int_t number = json_integer_value(value);

	if (!value && required)
		return invalid(field, "is missing", err);
	if (!value)
		return 0;
	if (!json_is_integer(value) || number < 1 || number > 65535)
		return invalid(field, "is not a whole number from 1 to 65535", err);
	*ret = (unsigned int)number;
	return 0;
}

int rg_json_array(const json_t *object, const char *field, size_t max, const json_t **ret,
		  struct rg_err *err)
{
	const json_t *value = json_object_get(object, field);
	char what[64];

	if (value && !json_is_array(value))
		return invalid(field, "is not an array", err);
	if (json_array_size(value) > max) {
		snprintf(what, sizeof(what), "has more than %zu elements", max);
		return invalid(field, what, err);
	}
	*ret = value;
	return 0;
}

int rg_json_choice(const json_t *object, const char *field, bool required, const char *no, const char *yes,
		   bool *ret, struct rg_err *err)
{
	char pointer[32];
	const char *text;
	int r = rg_json_string(object, field, required, &text, err);

	if (r || !text)
		return r;
	if (strcmp(text, no) && strcmp(text, yes)) {
		snprintf(pointer, sizeof(pointer), "/%s", field);
		return rg_err_set(err, -EINVAL, RG_ERR_INVALID, pointer,
				  "%s is neither \"%s\" nor \"%s\"", field, no, yes);
	}
	*ret = !strcmp(text, yes);
	return 0;
}
