/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers that entries of the kernel's maps are known by, 1..max-1.
 *
 * A number that is given up waits: a packet that is on its way through the program may have read it,
 * and must not find the next owner's entry there. It is free when a grace period has passed
 * (rg_dp_grace()), which is waited for when numbers run out, and for many at a time. Pure.
 */
#ifndef RG_ENGINE_NUMBERS_H
#define RG_ENGINE_NUMBERS_H

#include <stdint.h>

struct numbers {
	unsigned char *state; /* by number */
	uint32_t max;         /* may be lowered after numbers_init() */
	uint32_t lowest_free; /* no lower one is free */
	uint32_t end;         /* no number from here on was ever held */
	uint32_t n_waiting;
};

/** All of them are free. 0 or -ENOMEM. */
int numbers_init(struct numbers *numbers, uint32_t max);
void numbers_clear(struct numbers *numbers);
/** The smallest free one, 0 if there is none. It stays free. */
uint32_t numbers_next(struct numbers *numbers);
/** Hold a number below max, whatever it was before. */
void numbers_hold(struct numbers *numbers, uint32_t number);
/** Give up a number; nothing if it is not held. */
void numbers_give_up(struct numbers *numbers, uint32_t number);
/** A grace period has passed: what waited is free. */
void numbers_release(struct numbers *numbers);

#endif
