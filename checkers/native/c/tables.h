/* SPDX-License-Identifier: MIT */
/* The tables of a model: page records by number, and what each can become beside given pools, devices and counts.
 *
 *   record  the cells of one page              rest  the cells of all pools and devices
 *   lane    one bit field a threshold of a count; sums of them over pages are the key of a row
 *   row     a rest with the lanes that are reached: the steps of pools and devices, and a cell for each record
 *   cell    the steps of one page that has this record in this row
 *
 * Records and rests are known from the beginning (closure.h). Rows and cells are filled when a search first meets them,
 * under `lock`; readers take no lock: a slot of `rows`, `rows` itself and the id of a cell are published by a store
 * with release order, and read with acquire order. What is published does not change, but for `suspect`.
 */
#ifndef POOLPROOF_TABLES_H
#define POOLPROOF_TABLES_H

#include <pthread.h>
#include <setjmp.h>
#include "api.h"
#include "engine.h"
#include "intern.h"

enum { MOST_LANE_WORDS = 8, INFO_BLOCK = 4096, MOST_IDS = 1 << 26 };
enum { STRIDE = 8 };	/* lists of steps are padded to multiples of it */

struct cell {
	const uint32_t *to;	/* for each step the record in the lower half and the rest in the upper; padded */
	uint32_t id;		/* 0: not filled yet */
	uint16_t n;
	uint8_t moved, suspect;	/* some step changes the state; some claim needs the whole state */
};

struct row {
	uint64_t key[MOST_LANE_WORDS];
	uint32_t rest, id;
	const uint32_t *to;
	uint16_t n;
	uint8_t moved, suspect;
	struct cell *cell;	/* one a record */
	int16_t *counts;
};

/* What a visit of a filled cell or row adds to the report. */
struct info {
	claims_t suspects;	/* claims to be checked on the whole state */
	uint32_t transitions;
	uint32_t *fired;	/* transitions of each action */
};

/* An open-addressed hash of rows; a larger one replaces it and the old one stays, since it may be being read. */
struct rows {
	uint64_t mask;
	struct row *slot[];
};

struct tables {
	const struct model *m;
	struct intern_table records, rests;
	uint32_t lane_words, lane_bits;
	uint64_t bias[MOST_LANE_WORDS], top[MOST_LANE_WORDS];
	uint64_t *lanes;	/* what a record adds to the sums: [rest if rest_counts][record][lane_words] */
	uint16_t *record_to, *rest_to;	/* under each permutation */
	struct rows *rows;
	uint32_t rows_n, ids;
	struct info **info;
	size_t bytes;
	const char *failed;
	claims_t asked;		/* claims not found yet: only these make a cell suspect */
	pthread_mutex_t lock;	/* held while rows and cells are filled */
	struct row *(*row)(struct tables *t, uint32_t rest, const uint64_t *key);
	void (*fill)(struct tables *t, struct row *row, uint32_t record);
	void (*refresh)(struct tables *t);
	jmp_buf out;		/* where tables_checked() goes when there is no memory */
	int is_short;		/* there was none: the search over these tables ends, and cannot go on */
	struct row no_row;	/* the row of every state from then on */
};

/* The three functions behind the pointers above, for the search, which is another translation unit:
 *
 * row()     - the row for this rest and these lanes, filled if it is new; no_row if there is no memory. Any thread.
 * fill()    - fill the cell of a record, unless another thread has; without steps if there is no memory. Any thread.
 * refresh() - set `suspect` anew after claims were taken out of `asked`. No other thread may run.
 */

/* tables_checked() - memory that was just allocated. If it is NULL, jumps to t->out: where that was set, the caller of
 * the caller ends; what was allocated on the way is not given back, since the search ends. */
static inline void *tables_checked(struct tables *t, void *memory)
{
	if (!memory)
		longjmp(t->out, 1);
	return memory;
}

/* tables_intern() - the number of a record or rest; sets t->failed and returns 0 if there are too many. */
static inline uint32_t tables_intern(struct tables *t, struct intern_table *x, const uint8_t *bytes)
{
	uint32_t number = 0;
	enum intern_result result = intern_add(x, bytes, &number);
	if (result == INTERN_NO_MEMORY)
		longjmp(t->out, 1);
	if (result == INTERN_FULL)
		t->failed = "too many page records, or states of pools and devices";
	return number;
}

/* tables_add_bytes() - count memory. The caller holds the lock; others read the sum at any time. */
static inline void tables_add_bytes(struct tables *t, size_t bytes)
{
	__atomic_store_n(&t->bytes, t->bytes + bytes, __ATOMIC_RELAXED);
}

static inline uint32_t record_in(uint32_t to) { return to & 0xffff; }
static inline uint32_t rest_in(uint32_t to) { return to >> 16; }

static inline const struct info *tables_info(const struct tables *t, uint32_t id)
{
	return &t->info[id / INFO_BLOCK][id % INFO_BLOCK];
}

static inline uint64_t row_hash(uint32_t rest, const uint64_t *key, uint32_t words)
{
	uint64_t h = rest * 0x9e3779b97f4a7c15ull;
	for (uint32_t w = 0; w < words; w++)
		h = (h ^ key[w]) * 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

static inline int row_is(const struct row *r, uint32_t rest, const uint64_t *key, uint32_t words)
{
	if (r->rest != rest)
		return 0;
	for (uint32_t w = 0; w < words; w++)
		if (r->key[w] != key[w])
			return 0;
	return 1;
}

#endif
