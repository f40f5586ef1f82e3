/* SPDX-License-Identifier: MIT */
/* What a generated model gives to its tables and to the search: numbers, tables and functions. */
#ifndef POOLPROOF_ENGINE_H
#define POOLPROOF_ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum { WRONG = -1 };	/* an action leaves the bounds of a field */
enum { OTHER = -1 };	/* in place of a page: any page that is not named */
enum { MOST_ARGS = 6 };	/* arguments of an action, or values that a count depends on */

typedef unsigned __int128 claims_t;	/* a set of claims, one bit each */

/* Functions that no other translation unit calls. Not each form of a search uses each of them. */
#define LOCAL static __attribute__((unused))
#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline, unused))

struct state;	/* one state, as the generated model stores it */

/* The pages for which one body holds, for one choice of the values it is compared with; of a count over pairs, the
 * sum of what its body is for each page. */
struct count {
	uint16_t number;
	int values[MOST_ARGS];
	uint32_t lane, lanes;	/* its thresholds: `lanes` of them, from `lane` on */
};

/* Whether a count is at least `threshold`. */
struct lane {
	uint32_t count;
	int threshold;
};

/* An action with its arguments; where one is a page, it is page 1. */
struct instance {
	uint16_t action;
	uint8_t params, paged, writes_rest, page_at;
	int args[MOST_ARGS];
	const uint16_t *reads;	/* the cells of pools and devices it may read */
	uint16_t reads_n;
	const uint16_t *counts;	/* the counts it may use */
	uint16_t counts_n;
};

/* What the evaluated search gets for one state. */
struct successors {
	uint64_t *to;		/* WORDS a successor */
	uint64_t *fired;	/* transitions of each action */
	uint64_t repeated;	/* pages whose record equals that of the page before, one bit each */
	claims_t asked, hit;	/* step claims to check, and those that were found */
	uint32_t n;
	int moved;		/* some step changes the state */
};

struct model {
	uint32_t pages, record, cells, words, size, actions, claims, sites, initials;
	uint32_t counts, most;		/* most: the largest value of a count */
	uint32_t lanes, instances, steps, moves, sorts_pages, rest_counts, moves_rest, values;
	const uint8_t *initial;
	const struct count *count;
	const struct lane *lane;
	const struct instance *instance;
	const uint16_t *comes_from;	/* for each permutation: the cell that each cell's value comes from, */
	const uint8_t *becomes;		/* and what becomes of the value */
	uint64_t *heard, heard_words;	/* guards that were false, then those that were true, one bit each */
	claims_t every_step;		/* claims about steps */
	claims_t of_row, of_page;	/* state claims decided by counts, or by a page's record beside them */
	claims_t of_step, of_pages_step;	/* step claims of the same kinds */
	claims_t untold;		/* claims decided by a whole state only */

	/* A whole state, or one page of it beside given counts. */
	void (*load)(struct state *s, const uint8_t *code);
	void (*load_one)(struct state *s, const uint8_t *record, const uint8_t *rest, const int16_t *counts);
	const uint8_t *(*cells_of)(const struct state *s);
	int (*take)(int action, const struct state *s, struct state *t, const int *args);
	claims_t (*judge)(claims_t asked, const struct state *s, const struct state *t, int pages);
	int (*is_final)(const struct state *s);
	int (*member)(int count, const struct state *s, const int *values);

	/* Packed states, for FORM_EVALUATED. */
	void (*pack)(const uint8_t *code, uint64_t *words);	/* its canonical form */
	void (*unpack)(const uint64_t *words, struct state *s);
	int (*expand)(const struct state *s, struct successors *out);
	uint64_t (*repeats_of)(const uint64_t *words);
	unsigned __int128 (*orbit_of)(const struct state *s);
};

extern const struct model model;

#endif
