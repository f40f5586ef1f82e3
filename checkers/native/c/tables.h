/* Page records by number, and what each can become: found by a free closure, filled in when first met. */
#ifndef POOLPROOF_TABLES_H
#define POOLPROOF_TABLES_H

#include <pthread.h>
#include <setjmp.h>
#include "engine.h"

enum { MOST_LANE_WORDS = 8, MOST_NUMBERS = 65535, INFO_BLOCK = 4096, MOST_IDS = 1 << 26, STRIDE = 8 };

/* What a record can become beside these pools, devices and counts. */
struct cell {
	const uint32_t *to;	/* a record each, and in the upper half pools and devices; padded to whole STRIDEs */
	uint32_t id;		/* 0: not filled yet */
	uint16_t n;
	uint8_t moved, suspect;
};

/* Pools and devices with what is known of the counts over pages; the counts' lanes are the key. */
struct row {
	uint64_t key[MOST_LANE_WORDS];
	uint32_t rest, id;
	const uint32_t *to;
	uint16_t n;
	uint8_t moved, suspect;
	struct cell *cell;	/* one a record */
	int16_t *counts;
};

/* What is told of a filled cell or row when it is visited. */
struct info {
	claims_t suspects;	/* claims to be judged on the whole state */
	uint32_t transitions;
	uint16_t *fired;	/* transitions an action */
};

struct rows {
	uint64_t mask;
	struct row *slot[];
};

/* Byte strings of one width, by number. */
struct numbered {
	uint8_t *bytes;
	uint32_t *slot, width, n, room, mask;
};

struct tables {
	const struct model *m;
	struct numbered records, rests;
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
	pthread_mutex_t lock;
	struct row *(*row)(struct tables *t, uint32_t rest, const uint64_t *key);	/* make it, unless it is there */
	void (*fill)(struct tables *t, struct row *row, uint32_t record);		/* the same of a cell */
	void (*forget)(struct tables *t);	/* some claims are not asked any more */
	jmp_buf out;		/* where to go when there is no memory */
	int is_short;		/* there was none: the search over these tables is to end, and cannot go on */
	struct row no_row;	/* what is met until it ends */
};

static inline const uint8_t *bytes_of(const struct numbered *x, uint32_t number)
{
	return x->bytes + (size_t)number * x->width;
}

/* Memory that was asked for; where there is none, the way out. */
static inline void *got(struct tables *t, void *memory)
{
	if (!memory)
		longjmp(t->out, 1);
	return memory;
}

static inline uint32_t record_in(uint32_t to) { return to & 0xffff; }
static inline uint32_t rest_in(uint32_t to) { return to >> 16; }

static inline const struct info *info_of(const struct tables *t, uint32_t id)
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

static inline int same_row(const struct row *r, uint32_t rest, const uint64_t *key, uint32_t words)
{
	if (r->rest != rest)
		return 0;
	for (uint32_t w = 0; w < words; w++)
		if (r->key[w] != key[w])
			return 0;
	return 1;
}

#endif
