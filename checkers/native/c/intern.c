/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "intern.h"

/* FNV-1a, folded. */
LOCAL uint32_t intern_hash(const uint8_t *b, uint32_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

LOCAL enum intern_result intern_grow_slots(struct intern_table *x)
{
	uint32_t mask = x->mask ? x->mask * 2 + 1 : 255;
	uint32_t *slot = calloc(mask + 1, sizeof *slot);
	if (!slot)
		return INTERN_NO_MEMORY;
	for (uint32_t i = 0; i < x->n; i++) {
		uint32_t h = intern_hash(intern_bytes(x, i), x->width) & mask;
		while (slot[h])
			h = (h + 1) & mask;
		slot[h] = i + 1;
	}
	free(x->slot);
	x->slot = slot;
	x->mask = mask;
	return INTERN_OK;
}

LOCAL enum intern_result intern_grow_bytes(struct intern_table *x)
{
	uint32_t room = x->room ? x->room * 2 : 64;
	uint8_t *bytes = realloc(x->bytes, (size_t)room * x->width + 1);
	if (!bytes)
		return INTERN_NO_MEMORY;
	x->bytes = bytes;
	x->room = room;
	return INTERN_OK;
}

LOCAL uint32_t *intern_find(const struct intern_table *x, const uint8_t *bytes)
{
	uint32_t h = intern_hash(bytes, x->width) & x->mask;
	while (x->slot[h] && memcmp(intern_bytes(x, x->slot[h] - 1), bytes, x->width))
		h = (h + 1) & x->mask;
	return &x->slot[h];
}

LOCAL enum intern_result intern_add(struct intern_table *x, const uint8_t *bytes, uint32_t *number)
{
	if (x->n * 2 >= x->mask && intern_grow_slots(x) != INTERN_OK)
		return INTERN_NO_MEMORY;
	uint32_t *slot = intern_find(x, bytes);
	if (!*slot) {
		if (x->n == MOST_NUMBERS)
			return INTERN_FULL;
		if (x->n == x->room && intern_grow_bytes(x) != INTERN_OK)
			return INTERN_NO_MEMORY;
		memcpy(x->bytes + (size_t)x->n * x->width, bytes, x->width);
		*slot = ++x->n;
	}
	*number = *slot - 1;
	return INTERN_OK;
}
