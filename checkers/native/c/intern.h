/* SPDX-License-Identifier: MIT */
/* Byte strings of one width by number: page records, and states of all pools and devices. */
#ifndef POOLPROOF_INTERN_H
#define POOLPROOF_INTERN_H

#include "engine.h"

enum { MOST_NUMBERS = 65535 };
enum intern_result { INTERN_OK, INTERN_FULL, INTERN_NO_MEMORY };

/* `bytes` holds n strings of `width` bytes; `slot` is an open-addressed hash of their numbers plus one.
 * Not safe for two threads while intern_add() runs. */
struct intern_table {
	uint8_t *bytes;
	uint32_t *slot, width, n, room, mask;
};

/* intern_bytes() - the string with this number; valid until the next intern_add(). */
INLINE const uint8_t *intern_bytes(const struct intern_table *x, uint32_t number)
{
	return x->bytes + (size_t)number * x->width;
}

/* intern_find() - where the number of these bytes is stored plus one; 0 stands there if they have none. */
LOCAL uint32_t *intern_find(const struct intern_table *x, const uint8_t *bytes);

/* intern_add() - the number of these bytes; new ones get the next. On INTERN_FULL and INTERN_NO_MEMORY the table is as
 * it was. */
LOCAL enum intern_result intern_add(struct intern_table *x, const uint8_t *bytes, uint32_t *number);

#endif
