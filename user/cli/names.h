/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RG_CLI_NAMES_H
#define RG_CLI_NAMES_H

/** "Germany" of "DE"; a code that is no country's ("US-CA") as it is. */
const char *rg_place_name(const char *code);

#endif
