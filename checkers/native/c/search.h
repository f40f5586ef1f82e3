/* SPDX-License-Identifier: MIT */
/* The search, as its parts know it. It is one translation unit, which is compiled once a configuration:
 *
 *   FORM         how states are kept (api.h)
 *   DENSE        a state's rank is its place in a bitmap; if not, there is an exact hash set
 *   WORDS        64-bit words a state
 *   CHUNK        states a thread takes at once
 *   PAGES, LANE_WORDS, SORTED, MOVES, REST_COUNTS, MOVES_REST   sizes of the model
 *   RECORDS, BITS   the number of page records and the bits of one; FORM_GROUP reads both at run time
 *
 * The unit consists of level, state_set, one form_*, search, results, ends and checkpoint, in this order (checkers/native/
 * library.py); expand.h belongs to the forms with tables. A name begins with its part: level_, set_, form_, expand_,
 * worker_, search_.
 */
#ifndef POOLPROOF_SEARCH_H
#define POOLPROOF_SEARCH_H

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "api.h"
#include "tables.h"

#define IS_TABLED (FORM != FORM_EVALUATED)

enum { BATCH = 256, MOST_CLAIMS = 127 };	/* with WRONG_STEP and the bit for deadlock; Python checks it */
#define WRONG_STEP ((claims_t)1 << 127)	/* a step leaves the bounds of a field, or the tables */

typedef struct { uint64_t w[WORDS]; } word_t;	/* a stored state */
typedef unsigned __int128 orbit_t;
#if WORDS == 1
typedef uint64_t num_t;
#else
typedef unsigned __int128 num_t;
#endif

enum { LINES = 128 };	/* bytes that two processors do not share well */

struct chunk {
	uint32_t n;
	word_t state[CHUNK];
};

struct level {
	struct chunk **chunk;
	uint32_t n, room;
	uint64_t states;
};

/* Claims found in a level, each with the least state that shows it. */
struct finds {
	claims_t hit;
	word_t least[MOST_CLAIMS + 1];
};

/* What one thread writes while a level is expanded. Others read it between levels only. */
struct worker {
	struct search *search __attribute__((aligned(LINES)));
	pthread_t thread;
	struct chunk *chunk;	/* being expanded, its number in the level, and how far */
	uint32_t number, at, flushes, checks;
	struct level next;
	struct chunk *open;	/* the last chunk of `next`, being filled */
	struct chunk *spare;	/* takes what there is no memory for: the search is short then */
	uint64_t *visits;	/* of each cell and row */
	uint64_t states;	/* new since worker_publish() */
	orbit_t orbits;
	int64_t bytes;
	struct finds finds;
	word_t failed;
	int has_failed, is_short;
	struct state *s, *t;
	struct successors out;
	uint32_t *to, *of;	/* the steps of the pages of the state being expanded, and the page of each */
	uint32_t n;		/* steps in the two buffers below */
	word_t *word;
	uint64_t *key;
};

struct search {
	const struct model *m;
	struct tables *t;
	uint64_t *bits, space;	/* DENSE */
	uint64_t *slot, slots;	/* not DENSE */
	struct level level, *kept;
	uint32_t depth, ended, kept_n;
	int keep_from;		/* the first level that is kept for traces, or -1 */
	struct worker *worker;
	uint32_t workers;
	uint64_t set_bytes, max_states, max_bytes, grow_at, most_steps;
	uint64_t transitions, *fired;	/* of earlier sittings */
	claims_t found;
	uint32_t found_depth[MOST_CLAIMS + 1];
	word_t found_state[MOST_CLAIMS + 1];
	struct timespec until;
	uint64_t *ranks;	/* [place][record], of sorted records */
	uint64_t power[PAGES + 1], per_rest;
	uint32_t records, bits_each;
	int is_short;
	/* What all workers write stands apart from what they read all the time. All of it is accessed by relaxed
	 * atomics: it carries no other data, and pthread_join() orders the rest. */
	uint64_t states __attribute__((aligned(LINES)));
	uint64_t level_bytes;
	uint32_t taken;		/* chunks of the level */
	int stop;		/* enum search_stop */
};

/* search_beside_set() - bytes of levels and tables. Any thread. */
LOCAL uint64_t search_beside_set(const struct search *s)
{
	size_t tables = s->t ? __atomic_load_n(&s->t->bytes, __ATOMIC_RELAXED) : 0;
	return __atomic_load_n(&s->level_bytes, __ATOMIC_RELAXED) + tables;
}

/* word_less() - the order of stored states; the least one represents a find, whatever thread was first. */
INLINE int word_less(const word_t *a, const word_t *b)
{
	for (int i = WORDS; i--; )
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i];
	return 0;
}

INLINE int word_same(const word_t *a, const word_t *b)
{
	uint64_t differ = 0;
	for (int i = 0; i < WORDS; i++)
		differ |= a->w[i] ^ b->w[i];
	return !differ;
}

#if IS_TABLED
INLINE num_t num(word_t x) { num_t n = 0; memcpy(&n, &x, sizeof x); return n; }
INLINE word_t word(num_t n) { word_t x; memcpy(&x, &n, sizeof x); return x; }
#endif

/* finds_add() - add claims that this state shows; the least state of each is kept. */
LOCAL void finds_add(const struct model *m, struct finds *f, claims_t hit, const word_t *x);

/* worker_find() - add claims that this state shows; the least state of each is kept. */
LOCAL void worker_find(struct worker *k, claims_t hit, const word_t *x);

/* worker_fail() - an action leaves its bounds in this state: the search ends with STOP_FAILED. */
LOCAL void worker_fail(struct worker *k, const word_t *x);

INLINE void worker_add_orbit(struct worker *k, orbit_t size)
{
	k->orbits += size;
}

/* The functions of a form. */

/* form_expand() - take all steps of a state into the buffers of the worker, and check the claims `asked`. */
INLINE void form_expand(struct worker *k, const word_t *x, claims_t asked);

/* form_code() - a stored state as bytes, one a cell; form_word() - the reverse, canonical, and its rank. */
LOCAL void form_code(const struct search *s, const word_t *x, uint8_t *code);
LOCAL word_t form_word(const struct search *s, const uint8_t *code, uint64_t *rank);

/* form_orbit() - how many unreduced states a stored one represents. */
LOCAL orbit_t form_orbit(const struct search *s, const word_t *x);

#endif
