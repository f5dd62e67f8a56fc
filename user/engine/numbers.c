/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine/numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FREE, HELD, WAITING };

int numbers_init(struct numbers *numbers, uint32_t max)
{
	*numbers = (struct numbers){ .state = calloc(max, 1), .max = max, .lowest_free = 1, .end = 1 };
	return numbers->state ? 0 : -ENOMEM;
}

void numbers_clear(struct numbers *numbers)
{
	free(numbers->state);
	memset(numbers, 0, sizeof(*numbers));
}

uint32_t numbers_next(struct numbers *numbers)
{
	while (numbers->lowest_free < numbers->max && numbers->state[numbers->lowest_free] != FREE)
		numbers->lowest_free++;
	return numbers->lowest_free < numbers->max ? numbers->lowest_free : 0;
}

void numbers_hold(struct numbers *numbers, uint32_t number)
{
	numbers->n_waiting -= numbers->state[number] == WAITING;
	numbers->state[number] = HELD;
	if (number >= numbers->end)
		numbers->end = number + 1;
}

void numbers_give_up(struct numbers *numbers, uint32_t number)
{
	if (numbers->state[number] != HELD)
		return;
	numbers->state[number] = WAITING;
	numbers->n_waiting++;
}

void numbers_release(struct numbers *numbers)
{
	for (uint32_t i = numbers->end; numbers->n_waiting && i-- > 1;) {
		if (numbers->state[i] != WAITING)
			continue;
		numbers->state[i] = FREE;
		numbers->n_waiting--;
		if (i < numbers->lowest_free)
			numbers->lowest_free = i;
	}
}
