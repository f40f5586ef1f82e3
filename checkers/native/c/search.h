/* What the parts of a search know of each other: states, levels, workers. */
#ifndef POOLPROOF_SEARCH_H
#define POOLPROOF_SEARCH_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <time.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "tables.h"

#define PLAIN 0
#define UNARY 1
#define GROUP 2
#define EVALUATED 3
#define IS_TABLED (FORM != EVALUATED)
#define ALWAYS static inline __attribute__((always_inline))

enum { BATCH = 256, MOST_CLAIMS = 127 };	/* with WRONG_STEP and the one for being stuck; Python knows too */
#define WRONG_STEP ((claims_t)1 << 127)	/* a step leaves the bounds of a field, or the tables */
enum { RUNNING, FINISHED, SLICE, STATES, MEMORY, FAILED, FOUND, GROW };	/* why a run came back */

typedef struct { uint64_t w[WORDS]; } word_t;
typedef unsigned __int128 orbit_t;
#if WORDS == 1
typedef uint64_t num_t;
#else
typedef unsigned __int128 num_t;
#endif

enum { LINES = 128 };	/* bytes that two processors do not share well */

/* Zeroed memory that begins a line of its own. */
static inline void *on_its_lines(size_t bytes)
{
	void *at = aligned_alloc(LINES, (bytes + LINES - 1) / LINES * LINES);
	return memset(at, 0, bytes);
}

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

struct worker {
	struct search *search __attribute__((aligned(LINES)));
	pthread_t thread;
	struct chunk *chunk;	/* being expanded, its number in the level, and how far */
	uint32_t number, at, flushes, checks;
	struct level next;
	struct chunk *open;	/* the last one of the next level, being filled */
	uint64_t *visits;	/* a cell or row */
	uint64_t states;	/* new since the last look at the others */
	orbit_t orbits;
	int64_t bytes;
	struct finds finds;
	word_t failed;
	int has_failed, parallel;
	struct state *s, *t;
	struct successors out;
	uint32_t *to, *of;	/* what pages of the state being expanded can become, and which page it is */
	uint32_t n;		/* steps in the buffers below */
	word_t *word;
	uint64_t *key;
};

struct search {
	const struct model *m;
	struct tables *t;
	uint64_t *bits, space;	/* dense */
	uint64_t *slot, slots;	/* hashed */
	struct level level, *kept;
	uint32_t depth, ended, kept_n;
	int keep_from;		/* the first level that is kept for traces, or -1 */
	struct worker *worker;
	uint32_t workers;
	uint64_t set_bytes, max_states, max_bytes, grow_at, most_steps;
	uint64_t transitions, *fired;	/* of earlier sittings */
	claims_t found;
	uint32_t found_depth[MOST_CLAIMS + 1];
	word_t found_state[MOST_CLAIMS + 1], failed;
	struct timespec until;
	uint64_t *ranks;	/* [place][record], of sorted records */
	uint64_t power[PAGES + 1], per_rest;
	uint32_t records, bits_each;
	/* What all workers write stands apart from what they read all the time. */
	uint64_t states __attribute__((aligned(LINES)));
	uint64_t level_bytes;
	uint32_t taken;	/* chunks of the level */
	int stop;
};

/* What was taken beside the set of states: levels, and tables. */
static uint64_t beside_the_set(const struct search *s)
{
	size_t tables = s->t ? __atomic_load_n(&s->t->bytes, __ATOMIC_RELAXED) : 0;
	return __atomic_load_n(&s->level_bytes, __ATOMIC_RELAXED) + tables;
}

#if FORM == GROUP
#define RECORDS_OF(s) ((s)->records)
#define BITS_OF(s) ((s)->bits_each)
#else
#define RECORDS_OF(s) RECORDS
#define BITS_OF(s) BITS
#endif

/* Where pools and devices begin in a packed state: behind the records of pages. */
ALWAYS uint32_t rest_at(const struct search *s)
{
	return FORM == UNARY ? PAGES + RECORDS_OF(s) - 1 : PAGES * BITS_OF(s);
}

ALWAYS uint64_t rank_at(const struct search *s, uint32_t place, uint32_t record)
{
	return s->ranks[place * (RECORDS_OF(s) + 1) + record];
}

ALWAYS int less(const word_t *a, const word_t *b)
{
	for (int i = WORDS; i--; )
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i];
	return 0;
}

ALWAYS int same(const word_t *a, const word_t *b)
{
	uint64_t differ = 0;
	for (int i = 0; i < WORDS; i++)
		differ |= a->w[i] ^ b->w[i];
	return !differ;
}

ALWAYS uint64_t hash(const word_t *x)
{
	uint64_t h = x->w[0] * 0x9e3779b97f4a7c15ull;
	for (int i = 1; i < WORDS; i++)
		h = (h ^ h >> 29 ^ x->w[i]) * 0xbf58476d1ce4e5b9ull;
	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull;
}

#if IS_TABLED
ALWAYS num_t num(word_t x) { num_t n = 0; memcpy(&n, &x, sizeof x); return n; }
ALWAYS word_t word(num_t n) { word_t x; memcpy(&x, &n, sizeof x); return x; }
#endif

static void add_chunk(struct level *l, struct chunk *c)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 16;
		l->chunk = realloc(l->chunk, l->room * sizeof *l->chunk);
	}
	l->chunk[l->n++] = c;
}

static void drop_level(struct level *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->chunk[i]);
	free(l->chunk);
	memset(l, 0, sizeof *l);
}

static __attribute__((noinline)) struct chunk *new_chunk(struct worker *k)
{
	struct chunk *c = malloc(sizeof *c);
	c->n = 0;
	k->bytes += sizeof *c;
	add_chunk(&k->next, c);
	return k->open = c;
}

ALWAYS void push(struct worker *k, const word_t *x)
{
	struct chunk *c = k->open;
	if (__builtin_expect(!c || c->n == CHUNK, 0))
		c = new_chunk(k);
	c->state[c->n++] = *x;
	k->states++;
}

/* Of the states that show a claim, the least is kept. */
static void keep_least(const struct model *m, struct finds *f, claims_t hit, const word_t *x)
{
	for (uint32_t c = 0; c <= m->claims; c++)
		if (hit >> c & 1) {
			if (!(f->hit >> c & 1) || less(x, &f->least[c]))
				f->least[c] = *x;
			f->hit |= (claims_t)1 << c;
		}
}

static void note(struct worker *k, claims_t hit, const word_t *x)
{
	keep_least(k->search->m, &k->finds, hit, x);
}

static void fail(struct worker *k, const word_t *x)
{
	if (!k->has_failed || less(x, &k->failed))
		k->failed = *x;
	k->has_failed = 1;
}

static void add_orbit(struct worker *k, orbit_t size)
{
	k->orbits += size;
}

#endif
