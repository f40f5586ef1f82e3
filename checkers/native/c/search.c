/* The search: every reachable state, level by level, on as many threads as are given.
 *
 * Compiled once a configuration; the macros say which:
 *   FORM         PLAIN (records of pages side by side), UNARY (pages alike: their records as stars among bars),
 *                GROUP (pages sorted, pools and devices permuted), EVALUATED (no tables: the model's own code)
 *   DENSE        a state's rank is its place in a bitmap; otherwise an exact hash set
 *   WORDS        64-bit words a state
 *   CHUNK        states a thread takes at once
 *   PAGES, LANE_WORDS, SORTED, MOVES, REST_COUNTS, MOVES_REST   sizes of the model
 *   RECORDS, BITS   for PLAIN and UNARY: the number of records, and the bits of one; GROUP is told at run time */
#define _GNU_SOURCE
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
#define WRONG_STEP ((claims_t)1 << 127)	/* asks whether every step keeps the bounds of its fields */
enum { RUNNING, FINISHED, SLICE, STATES, MEMORY, FAILED, FOUND, GROW };	/* why a run came back */

typedef struct { uint64_t w[WORDS]; } word_t;
typedef unsigned __int128 orbit_t;
#if WORDS == 1
typedef uint64_t num_t;
#else
typedef unsigned __int128 num_t;
#endif

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
	struct search *search;
	pthread_t thread;
	struct chunk *chunk;	/* being expanded, its number in the level, and how far */
	uint32_t number, at, checks;
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
	uint32_t taken, depth, ended, kept_n;
	int keep_from;		/* the first level that is kept for traces, or -1 */
	struct worker *worker;
	uint32_t workers;
	uint64_t states, set_bytes, level_bytes, max_states, max_bytes, grow_at, most_steps;
	uint64_t transitions, *fired;	/* of earlier sittings */
	claims_t found;
	uint32_t found_depth[MOST_CLAIMS + 1];
	word_t found_state[MOST_CLAIMS + 1], failed;
	int stop;
	struct timespec until;
	uint64_t *ranks;	/* [place][record], of sorted records */
	uint64_t power[PAGES + 1], per_rest;
	uint32_t records, bits_each;
};

#if FORM == GROUP
#define RECORDS_OF(s) ((s)->records)
#define BITS_OF(s) ((s)->bits_each)
#else
#define RECORDS_OF(s) RECORDS
#define BITS_OF(s) BITS
#endif

ALWAYS uint64_t rank_at(const struct search *s, uint32_t place, uint32_t record)
{
	return s->ranks[place * (RECORDS_OF(s) + 1) + record];
}

/* -- words ------------------------------------------------------------------------------------------------------- */

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

/* -- levels ------------------------------------------------------------------------------------------------------ */

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

/* -- the set of states seen ---------------------------------------------------------------------------------------- */

static void *reserve(uint64_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	madvise(at, bytes, MADV_HUGEPAGE);
	return at;
}

enum { BUCKET = WORDS == 1 ? 8 : 1 };	/* slots of a bucket, a cache line where that is possible */

ALWAYS uint64_t place_in(uint64_t buckets, const word_t *x)
{
	return (unsigned __int128)hash(x) * buckets >> 64;
}

ALWAYS int insert_bit(uint64_t *bits, uint64_t rank, int parallel)
{
	uint64_t *at = &bits[rank >> 6], bit = 1ull << (rank & 63);
	if (*at & bit)
		return 0;
	if (parallel)
		return !(__atomic_fetch_or(at, bit, __ATOMIC_RELAXED) & bit);
	*at |= bit;
	return 1;
}

#if WORDS == 1
/* Which of the slots of a bucket hold this, a bit each. */
ALWAYS uint32_t holding(const uint64_t *bucket, uint64_t what)
{
#ifdef __AVX512DQ__
	typedef long long line_t __attribute__((vector_size(64)));
	return (uint8_t)__builtin_ia32_cvtq2mask512(*(const line_t *)bucket == (long long)what);
#else
	uint32_t found = 0;
	for (int i = 0; i < BUCKET; i++)
		found |= (uint32_t)(bucket[i] == what) << i;
	return found;
#endif
}

/* Put a state into the hash set, beginning to look at this bucket; is it new? */
ALWAYS int insert_slot(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t what = x->w[0] + 1;
	for (;;) {
		uint64_t *bucket = slots + at * BUCKET;
		if (holding(bucket, what))
			return 0;
		uint32_t empty = holding(bucket, 0);
		if (empty) {
			uint64_t *slot = bucket + __builtin_ctz(empty), none = 0;
			if (!parallel) {
				*slot = what;
				return 1;
			}
			if (__atomic_compare_exchange_n(slot, &none, what, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				return 1;
			if (none == what)
				return 0;
		} else
			at = at + 1 == s->slots / BUCKET ? 0 : at + 1;
	}
}
#else
#define BUSY (~0ull)

/* The same for wider states, slot by slot; the first word of a slot that is being written is BUSY. The last word of a
 * state comes first, plus one: its top bit is free, so that it looks neither empty nor BUSY. */
ALWAYS int insert_slot(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t first = x->w[WORDS - 1] + 1;
	for (;; at = at + 1 == s->slots ? 0 : at + 1) {
		uint64_t *slot = slots + at * WORDS, have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		if (!have) {
			uint64_t mark = parallel ? BUSY : first;
			if (!parallel || __atomic_compare_exchange_n(slot, &have, mark, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
				for (int i = 1; i < WORDS; i++)
					slot[i] = x->w[i - 1];
				__atomic_store_n(slot, first, __ATOMIC_RELEASE);
				return 1;
			}
		}
		while (have == BUSY)
			have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		uint64_t differ = have ^ first;
		for (int i = 1; i < WORDS; i++)
			differ |= slot[i] ^ x->w[i - 1];
		if (!differ)
			return 0;
	}
}
#endif

/* Make the hash set larger, if memory allows. */
static int grow(struct search *s)
{
	uint64_t *old = s->slot, n = s->slots, slots = n ? n * 2 : 1 << 16;
	while (slots < s->workers * s->most_steps * 8)
		slots *= 2;
	uint64_t bytes = slots * WORDS * 8;
	if (s->max_bytes && s->set_bytes + s->level_bytes + bytes > s->max_bytes)
		return 0;
	uint64_t *made = reserve(bytes);
	if (!made)
		return 0;
	s->slot = made;
	s->slots = slots;
	for (uint64_t i = 0; i < n; i++)
		if (old[i * WORDS]) {
			word_t x;
			memcpy(&x, old + i * WORDS + 1, sizeof x - 8);
			x.w[WORDS - 1] = old[i * WORDS] - 1;
			insert_slot(s, made, &x, place_in(slots / BUCKET, &x), 0);
		}
	if (old)
		munmap(old, n * WORDS * 8);
	s->set_bytes = bytes;
	s->grow_at = slots / 4 * 3;
	return 1;
}

/* The steps taken from one state, held in registers until it is done. */
struct steps {
	const uint64_t *set;
	uint64_t buckets;
	word_t *word;
	uint64_t *key;
	uint32_t n;
};

ALWAYS struct steps steps_of(const struct worker *k)
{
	const struct search *s = k->search;
	return (struct steps){ DENSE ? s->bits : s->slot, s->slots / BUCKET, k->word, k->key, k->n };
}

/* Take one step into the buffers; the set is asked later, when its memory has come near. */
ALWAYS void step_to(struct steps *to, word_t x, uint64_t rank)
{
	uint64_t key = DENSE ? rank : place_in(to->buckets, &x);
	__builtin_prefetch(&to->set[DENSE ? key >> 6 : key * BUCKET * WORDS], 1);
	to->word[to->n] = x;
	to->key[to->n++] = key;
}

ALWAYS void flush(struct worker *k, int parallel)
{
	struct search *s = k->search;
	const uint64_t *key = k->key;
	const word_t *word = k->word;
	const uint32_t n = k->n;
#if DENSE
	uint64_t *bits = s->bits;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(insert_bit(bits, key[i], parallel), 0))
			push(k, &word[i]);
#else
	uint64_t *slots = s->slot;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(insert_slot(s, slots, &word[i], key[i], parallel), 0))
			push(k, &word[i]);
#endif
	k->n = 0;
}

/* -- what is found ------------------------------------------------------------------------------------------------- */

static void note(struct worker *k, claims_t hit, const word_t *x)
{
	for (uint32_t c = 0; c <= k->search->m->claims; c++)
		if (hit >> c & 1) {
			if (!(k->finds.hit >> c & 1) || less(x, &k->finds.least[c]))
				k->finds.least[c] = *x;
			k->finds.hit |= (claims_t)1 << c;
		}
}

static void fail(struct worker *k, const word_t *x)
{
	if (!k->has_failed || less(x, &k->failed))
		k->failed = *x;
	k->has_failed = 1;
}

#if IS_TABLED
static void code_of(const struct search *s, const word_t *x, uint8_t *code);

/* Judge claims on the whole state, and on every step from it; do all of them keep their bounds? */
static __attribute__((noinline)) void judge_whole(struct worker *k, const word_t *x, claims_t asked, int moved)
{
	const struct model *m = k->search->m;
	claims_t stuck = (claims_t)1 << m->claims, steps = asked & m->every_step, hit;
	uint8_t code[m->cells];
	code_of(k->search, x, code);
	m->load(k->s, code);
	hit = m->judge(asked & ~steps & ~stuck, k->s, k->s, PAGES);
	if (!moved && asked & stuck && !m->is_final(k->s))
		hit |= stuck;
	for (uint32_t n = 0; n < m->instances && (steps || asked & WRONG_STEP); n++) {
		const struct instance *i = &m->instance[n];
		int args[6];
		memcpy(args, i->args, sizeof args);
		for (int page = 1; page <= (i->paged ? PAGES : 1); page++) {
			if (i->paged)
				args[i->page_at] = page;
			int taken = m->take(i->action, k->s, k->t, args);
			if (taken == WRONG)
				fail(k, x);
			if (taken == 1)
				hit |= m->judge(steps, k->s, k->t, PAGES);
		}
	}
	if (hit)
		note(k, hit, x);
}

ALWAYS void visit(struct worker *k, uint32_t id)
{
	k->visits[id]++;
}

ALWAYS struct row *row_of(struct tables *t, uint32_t rest, const uint64_t *key)
{
	struct rows *rows = __atomic_load_n(&t->rows, __ATOMIC_ACQUIRE);
	for (uint64_t h = row_hash(rest, key, LANE_WORDS);; h++) {
		struct row *row = __atomic_load_n(&rows->slot[h & rows->mask], __ATOMIC_ACQUIRE);
		if (__builtin_expect(!row, 0))
			return t->row(t, rest, key);
		if (same_row(row, rest, key, LANE_WORDS))
			return row;
	}
}

ALWAYS struct cell *cell_of(struct tables *t, struct row *row, uint32_t record)
{
	struct cell *cell = &row->cell[record];
	if (__builtin_expect(!__atomic_load_n(&cell->id, __ATOMIC_ACQUIRE), 0))
		t->fill(t, row, record);
	return cell;
}

/* What is known of the state being expanded. */
struct here {
	struct row *row;
	claims_t suspects;
	int moved, suspect;
};

/* The row of a state whose records are given. */
ALWAYS struct here arrive(struct worker *k, const uint32_t *id, uint32_t rest)
{
	struct tables *t = k->search->t;
	const uint64_t *lanes = t->lanes + (REST_COUNTS ? (size_t)rest * RECORDS_OF(k->search) * LANE_WORDS : 0);
	uint64_t sum[LANE_WORDS];
	memcpy(sum, t->bias, sizeof sum);
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++)
		for (int w = 0; w < LANE_WORDS; w++)
			sum[w] += lanes[(size_t)id[p] * LANE_WORDS + w];
	for (int w = 0; w < LANE_WORDS; w++)
		sum[w] &= t->top[w];
	struct row *row = row_of(t, rest, sum);
	visit(k, row->id);
	return (struct here){ row, 0, row->moved, row->suspect };
}

/* The cell of one page of it. */
ALWAYS const struct cell *meet(struct worker *k, struct here *h, uint32_t record)
{
	struct cell *cell = cell_of(k->search->t, h->row, record);
	visit(k, cell->id);
	h->moved |= cell->moved;
	h->suspect |= cell->suspect;
	return cell;
}

static __attribute__((noinline)) claims_t suspects_of(const struct worker *k, const struct here *h, const uint32_t *id)
{
	const struct tables *t = k->search->t;
	claims_t claims = info_of(t, h->row->id)->suspects;
	for (int p = 0; p < PAGES; p++)
		claims |= info_of(t, h->row->cell[id[p]].id)->suspects;
	return claims;
}

/* Copy what a page can become behind what is gathered already: one loop over all steps of a state is predicted better
 * than one a page. Lists are padded to whole strides. */
ALWAYS uint32_t gather(const struct cell *cell, uint32_t page, uint32_t *restrict to, uint32_t *restrict of, uint32_t at)
{
	const uint32_t *restrict from = cell->to;
	uint32_t n = 0;
	do
		for (uint32_t i = 0; i < STRIDE; i++, n++) {
			to[at + n] = from[n];
			of[at + n] = page;
		}
	while (__builtin_expect(n < cell->n, 0));
	return at + cell->n;
}

/* Judge what the tables could not rule out. */
ALWAYS void leave(struct worker *k, const struct here *h, const uint32_t *id, const word_t *x, claims_t asked)
{
	const struct model *m = k->search->m;
	claims_t claims = m->untold & asked;
	if (__builtin_expect(h->suspect, 0))
		claims |= suspects_of(k, h, id) & (asked | m->every_step);
	if (__builtin_expect(!h->moved, 0))
		claims |= (claims_t)1 << m->claims & asked;
	if (__builtin_expect(claims != 0, 0))
		judge_whole(k, x, claims, h->moved);
}
#endif

static void add_orbit(struct worker *k, orbit_t size)
{
	k->orbits += size;
}

/* -- expanding one state ------------------------------------------------------------------------------------------- */

#if FORM == PLAIN
#define REST_AT (BITS * PAGES)

ALWAYS uint32_t split(const struct search *s, const word_t *x, uint32_t *id)
{
	num_t n = num(*x);
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++)
		id[p] = (uint32_t)(n >> (BITS * p)) & ((1u << BITS) - 1);
	return (uint32_t)(n >> REST_AT);
}

ALWAYS void expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = split(s, x, id);
	num_t n = num(*x);
	struct here h = arrive(k, id, rest);
	struct steps steps = steps_of(k);
	uint64_t rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++)
		rank += id[p] * s->power[p];
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++) {
		const struct cell *cell = meet(k, &h, id[p]);
		for (uint32_t i = 0; i < cell->n; i++) {
			uint32_t own = id[p], to = record_in(cell->to[i]);
			num_t made = n ^ (num_t)(own ^ to) << (BITS * p);
			uint64_t at = rank + ((uint64_t)to - own) * s->power[p];
			if (MOVES_REST) {
				made ^= (num_t)(rest ^ rest_in(cell->to[i])) << REST_AT;
				at += ((uint64_t)rest_in(cell->to[i]) - rest) * s->per_rest;
			}
			step_to(&steps, word(made), at);
		}
	}
	for (uint32_t i = 0; i < h.row->n; i++) {
		uint32_t rest_to = rest_in(h.row->to[i]);
		num_t made = n ^ (num_t)(rest ^ rest_to) << REST_AT;
		step_to(&steps, word(made), rank + ((uint64_t)rest_to - rest) * s->per_rest);
	}
	k->n = steps.n;
	leave(k, &h, id, x, asked);
	add_orbit(k, 1);
}

static word_t joined(const struct search *s, const uint32_t *id, uint32_t rest, uint64_t *rank)
{
	num_t n = (num_t)rest << REST_AT;
	*rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++) {
		n |= (num_t)id[p] << (BITS * p);
		*rank += id[p] * s->power[p];
	}
	return word(n);
}
#endif

#if FORM == UNARY || FORM == GROUP
/* In how many ways the pages of sorted records can be named. */
ALWAYS orbit_t namings(const uint32_t *id)
{
#if PAGES > 20	/* 21! is more than a word */
	orbit_t size = 1;
	for (uint32_t p = 1, same = 1; p < PAGES; p++) {
		same = id[p] == id[p - 1] ? same + 1 : 1;
		size = size * (p + 1) / same;
	}
	return size;
#endif
	uint64_t all = 1, same = 1, run = 1;
#pragma GCC unroll 32
	for (int p = 1; p < PAGES; p++) {
		run = id[p] == id[p - 1] ? run + 1 : 1;
		same *= run;
		all *= p + 1;
	}
	return all / same;
}

static void sort(uint32_t *id)
{
	for (int p = 1; p < PAGES; p++) {
		uint32_t x = id[p];
		int to = p;
		for (; to && id[to - 1] > x; to--)
			id[to] = id[to - 1];
		id[to] = x;
	}
}
#endif

#if FORM == UNARY
#define REST_AT (PAGES + RECORDS - 1)

/* Sorted records as a row of stars among bars: the k-th star stands at its record + k. */
ALWAYS uint32_t split(const struct search *s, const word_t *x, uint32_t *id)
{
	uint64_t n = num(*x);
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++, n &= n - 1)
		id[p] = __builtin_ctzll(n) - p;
	return (uint32_t)(num(*x) >> REST_AT);
}

static word_t joined(const struct search *s, uint32_t *id, uint32_t rest, uint64_t *rank)
{
	uint64_t n = (uint64_t)rest << REST_AT;
	sort(id);
	*rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++) {
		n |= 1ull << (id[p] + p);
		*rank += rank_at(s, p, id[p]);
	}
	return word(n);
}

/* How many pages have a record below this one? */
#if defined(__SSE2__) && PAGES <= 16 && RECORDS < 127
typedef __m128i packed_t;
ALWAYS packed_t packed(const uint32_t *id)
{
	uint64_t half[2] = { 0x7f7f7f7f7f7f7f7full, 0x7f7f7f7f7f7f7f7full };
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++)
		half[p / 8] ^= (uint64_t)(id[p] ^ 127) << (p % 8 * 8);
	return _mm_set_epi64x(half[1], half[0]);
}
ALWAYS int below(packed_t ids, uint32_t record)
{
	return __builtin_popcount(_mm_movemask_epi8(_mm_cmplt_epi8(ids, _mm_set1_epi8(record))));
}
#else
typedef const uint32_t *packed_t;
ALWAYS packed_t packed(const uint32_t *id) { return id; }
ALWAYS int below(packed_t ids, uint32_t record)
{
	int n = 0;
	for (int p = 0; p < PAGES; p++)
		n += ids[p] < record;
	return n;
}
#endif

ALWAYS void expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = split(s, x, id);
	uint64_t n = num(*x), sum[PAGES + 1], of[2][PAGES + 1];
	uint32_t distinct[PAGES], kinds = 0;
	packed_t ids = packed(id);
	struct here h = arrive(k, id, rest);
	struct steps steps = steps_of(k);
	/* sum[p] is the rank of the first p records. A record that falls to place b pushes those above it one place up,
	 * one that rises pulls those below it one place down: of[rises][b] is what that makes of the sum. */
	uint64_t down = 0, up = 0, base = rest * s->per_rest;
	sum[0] = 0;
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++) {
		of[0][p] = sum[p] - up;
		sum[p + 1] = sum[p] + rank_at(s, p, id[p]);
		down += p ? rank_at(s, p - 1, id[p]) : 0;
		up += rank_at(s, p + 1, id[p]);
		of[1][p] = down - sum[p + 1];
		distinct[kinds] = p;
		kinds += p == PAGES - 1 || id[p] != id[p + 1];
	}
	uint64_t all = base + sum[PAGES], from[PAGES][2];
	uint32_t moves = 0, *restrict to_ = k->to, *restrict of_ = k->of;
	for (uint32_t d = 0; d < kinds; d++) {
		uint32_t p = distinct[d];	/* the last page of its kind */
		from[p][0] = all - rank_at(s, p, id[p]) - of[0][p];
		from[p][1] = all - rank_at(s, p, id[p]) - of[1][p];
		moves = gather(meet(k, &h, id[p]), p, to_, of_, moves);
	}
	for (uint32_t i = 0; i < moves; i++) {
		uint32_t p = of_[i], own = id[p], to = record_in(to_[i]), rises = to > own;
		uint32_t b = below(ids, to) - rises, put = to + b, at = own + p;
		uint32_t low = put < at ? put : at, high = put < at ? at : put;
		uint64_t mask = (2ull << high) - (1ull << low), part = n & mask;
		uint64_t made = (n ^ part) | ((rises ? part >> 1 : part << 1) & mask) | 1ull << put;
		uint64_t rank = from[p][rises] + of[rises][b] + rank_at(s, b, to);
		if (MOVES_REST) {
			made ^= (uint64_t)(rest ^ rest_in(to_[i])) << REST_AT;
			rank += ((uint64_t)rest_in(to_[i]) - rest) * s->per_rest;
		}
		step_to(&steps, word(made), rank);
	}
	for (uint32_t i = 0; i < h.row->n; i++) {
		uint32_t rest_to = rest_in(h.row->to[i]);
		uint64_t made = n ^ (uint64_t)(rest ^ rest_to) << REST_AT;
		step_to(&steps, word(made), all + ((uint64_t)rest_to - rest) * s->per_rest);
	}
	k->n = steps.n;
	leave(k, &h, id, x, asked);
	add_orbit(k, namings(id));
}
#endif

#if FORM == GROUP
ALWAYS uint32_t split(const struct search *s, const word_t *x, uint32_t *id)
{
	num_t n = num(*x);
	for (int p = 0; p < PAGES; p++, n >>= s->bits_each)
		id[p] = (uint32_t)n & ((1u << s->bits_each) - 1);
	return (uint32_t)n;
}

/* One form of a state: its records sorted, under one permutation. */
ALWAYS num_t form(const struct search *s, int move, const uint32_t *id, uint32_t rest)
{
	const struct tables *t = s->t;
	uint32_t moved[PAGES];
	num_t n = move < 0 ? rest : t->rest_to[move * t->rests.n + rest];
	for (int p = 0; p < PAGES; p++)
		moved[p] = move < 0 ? id[p] : t->record_to[move * t->records.n + id[p]];
	if (SORTED)
		sort(moved);
	for (int p = PAGES; p--; )
		n = n << s->bits_each | moved[p];
	return n;
}

static word_t joined(const struct search *s, const uint32_t *id, uint32_t rest, uint64_t *rank)
{
	num_t least = form(s, -1, id, rest);
	for (int m = 0; m < MOVES; m++) {
		num_t other = form(s, m, id, rest);
		least = other < least ? other : least;
	}
	word_t x = word(least);
	uint32_t made[PAGES];
	*rank = split(s, &x, made) * s->per_rest;
	for (int p = 0; DENSE && p < PAGES; p++)
		*rank += SORTED ? rank_at(s, p, made[p]) : made[p] * s->power[p];
	return x;
}

ALWAYS void expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = split(s, x, id), fixing = 1;
	struct here h = arrive(k, id, rest);
	struct steps steps = steps_of(k);
	uint64_t rank;
	word_t y;
	for (int p = 0; p < PAGES; p++) {
		if (SORTED && p && id[p] == id[p - 1])
			continue;
		const struct cell *cell = meet(k, &h, id[p]);
		uint32_t own = id[p];
		for (uint32_t i = 0; i < cell->n; i++) {
			id[p] = record_in(cell->to[i]);
			y = joined(s, id, rest_in(cell->to[i]), &rank);
			step_to(&steps, y, rank);
		}
		id[p] = own;
	}
	for (uint32_t i = 0; i < h.row->n; i++) {
		y = joined(s, id, rest_in(h.row->to[i]), &rank);
		step_to(&steps, y, rank);
	}
	k->n = steps.n;
	leave(k, &h, id, x, asked);
	for (int m = 0; m < MOVES; m++)
		fixing += form(s, m, id, rest) == num(*x);
	add_orbit(k, (SORTED ? namings(id) : 1) * ((MOVES + 1) / fixing));
}
#endif

#if IS_TABLED
static const uint8_t *bytes_of(const struct numbered *x, uint32_t number)
{
	return x->bytes + (size_t)number * x->width;
}

static void code_of(const struct search *s, const word_t *x, uint8_t *code)
{
	uint32_t id[PAGES], rest = split(s, x, id), record = s->m->record;
	for (int p = 0; p < PAGES; p++)
		memcpy(code + p * record, bytes_of(&s->t->records, id[p]), record);
	memcpy(code + PAGES * record, bytes_of(&s->t->rests, rest), s->m->cells - PAGES * record);
}

static uint32_t found_in(const struct numbered *x, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (!memcmp(bytes_of(x, i), bytes, x->width))
			return i;
	return 0;
}

static word_t word_of_code(const struct search *s, const uint8_t *code, uint64_t *rank)
{
	uint32_t id[PAGES];
	for (int p = 0; p < PAGES; p++)
		id[p] = found_in(&s->t->records, code + p * s->m->record);
	return joined(s, id, found_in(&s->t->rests, code + PAGES * s->m->record), rank);
}
#else
ALWAYS void expand(struct worker *k, const word_t *x, claims_t asked)
{
	const struct model *m = k->search->m;
	claims_t stuck = (claims_t)1 << m->claims, hit;
	struct successors *out = &k->out;
	m->unpack(x->w, k->s);
	out->repeated = m->repeats_of(x->w);
	out->asked = asked & m->every_step;
	out->hit = 0;
	out->n = 0;
	out->moved = 0;
	if (m->expand(k->s, out) == WRONG)
		fail(k, x);
	hit = out->hit | m->judge(asked & ~m->every_step & ~stuck, k->s, k->s, PAGES);
	if (!out->moved && asked & stuck && !m->is_final(k->s))
		hit |= stuck;
	if (__builtin_expect(hit != 0, 0))
		note(k, hit, x);
	struct steps steps = steps_of(k);
	for (uint32_t i = 0; i < out->n; i++)
		step_to(&steps, ((const word_t *)out->to)[i], 0);
	k->n = steps.n;
	add_orbit(k, m->sorts_pages || m->moves ? m->orbit_of(k->s) : 1);
}

static void code_of(const struct search *s, const word_t *x, uint8_t *code)
{
	struct state *t = s->worker->t;
	s->m->unpack(x->w, t);
	memcpy(code, s->m->cells_of(t), s->m->cells);
}

static word_t word_of_code(const struct search *s, const uint8_t *code, uint64_t *rank)
{
	word_t x;
	*rank = 0;
	s->m->pack(code, x.w);
	return x;
}
#endif

/* -- one level on some threads --------------------------------------------------------------------------------------- */

static int is_late(const struct search *s)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > s->until.tv_sec || (now.tv_sec == s->until.tv_sec && now.tv_nsec > s->until.tv_nsec);
}

/* Tell the others what was done, and whether to go on. */
ALWAYS int checked(struct worker *k)
{
	struct search *s = k->search;
	uint64_t states = __atomic_add_fetch(&s->states, k->states, __ATOMIC_RELAXED);
	int why = RUNNING;
	k->next.states += k->states;
	k->states = 0;
	if (s->max_states && states >= s->max_states)
		why = STATES;
	else if (!DENSE && states + s->workers * s->most_steps >= s->grow_at)
		why = GROW;
	else if (++k->checks % 64 == 0) {
		uint64_t bytes = __atomic_add_fetch(&s->level_bytes, k->bytes, __ATOMIC_RELAXED);
		k->bytes = 0;
		if (s->max_bytes && bytes + s->set_bytes > s->max_bytes)
			why = MEMORY;
		else if (is_late(s))
			why = SLICE;
	}
	if (why != RUNNING)
		__atomic_store_n(&s->stop, why, __ATOMIC_RELAXED);
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
}

/* The next chunk that nobody has taken. */
static int take_chunk(struct worker *k)
{
	struct search *s = k->search;
	k->number = __atomic_fetch_add(&s->taken, 1, __ATOMIC_RELAXED);
	if (k->number >= s->level.n)
		return 0;
	k->chunk = s->level.chunk[k->number];
	k->at = 0;
	return 1;
}

ALWAYS int is_kept(const struct search *s)
{
	return s->keep_from >= 0 && s->ended >= (uint32_t)s->keep_from;
}

/* Nobody needs the chunk any more, but for traces. */
static void leave_chunk(struct worker *k)
{
	if (!is_kept(k->search)) {
		free(k->chunk);
		k->search->level.chunk[k->number] = NULL;
		k->bytes -= sizeof *k->chunk;
	}
	k->chunk = NULL;
}

/* Expand chunk after chunk, until the level is done or somebody says stop. */
ALWAYS void work(struct worker *k, int parallel)
{
	const claims_t asked = ~k->search->found;
	int stop = RUNNING;
	while (stop == RUNNING && (k->chunk || take_chunk(k))) {
		const struct chunk *c = k->chunk;
		while (k->at < c->n && stop == RUNNING) {
			while (k->at < c->n && k->n < BATCH)
				expand(k, &c->state[k->at++], asked);
			flush(k, parallel);
			stop = checked(k);
		}
		if (k->at == c->n)
			leave_chunk(k);
	}
}

static void *work_alone(void *k) { work(k, 0); return NULL; }
static void *work_beside(void *k) { work(k, 1); return NULL; }

/* Let as many threads as are worth it work on the level. */
static void work_all(struct search *s)
{
	uint32_t n = s->level.n > s->taken + 2 ? s->workers : 1;
	for (uint32_t i = 1; i < s->workers; i++)
		if (s->worker[i].chunk)
			n = s->workers;
	for (uint32_t i = 1; i < n; i++)
		pthread_create(&s->worker[i].thread, NULL, work_beside, &s->worker[i]);
	(n > 1 ? work_beside : work_alone)(&s->worker[0]);
	for (uint32_t i = 1; i < n; i++)
		pthread_join(s->worker[i].thread, NULL);
}

static int is_level_done(const struct search *s)
{
	int busy = s->taken < s->level.n;
	for (uint32_t i = 0; i < s->workers; i++)
		busy |= s->worker[i].chunk != NULL;
	return !busy;
}

/* Of what the workers found in a level, keep the least state each. */
static void merge_finds(struct search *s)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		struct finds *f = &s->worker[i].finds;
		for (uint32_t c = 0; c <= s->m->claims; c++) {
			claims_t bit = (claims_t)1 << c;
			int is_new = !(s->found & bit);
			if (!(f->hit & bit))
				continue;
			if (is_new || (s->found_depth[c] == s->depth && less(&f->least[c], &s->found_state[c])))
				s->found_state[c] = f->least[c];
			if (is_new)
				s->found_depth[c] = s->depth;
			s->found |= bit;
		}
		f->hit = 0;
	}
}

static void end_level(struct search *s)
{
	struct level next = { 0 };
	merge_finds(s);
	for (uint32_t i = 0; i < s->workers; i++) {
		struct level *l = &s->worker[i].next;
		for (uint32_t n = 0; n < l->n; n++)
			add_chunk(&next, l->chunk[n]);
		next.states += l->states;
		free(l->chunk);
		memset(l, 0, sizeof *l);
		s->worker[i].open = NULL;
	}
	if (is_kept(s)) {
		s->kept = realloc(s->kept, (s->kept_n + 1) * sizeof *s->kept);
		s->kept[s->kept_n++] = s->level;
	} else
		drop_level(&s->level);
	if (s->t && s->t->asked & s->found) {
		s->t->asked = ~s->found;
		s->t->forget(s->t);
	}
	s->level = next;
	s->taken = 0;
	s->ended++;
	s->depth += next.states != 0;
}

/* -- for Python ------------------------------------------------------------------------------------------------------ */

/* Search on for so many seconds; tells why it came back. `until` are claims whose finding is enough. */
int search_run(struct search *s, double seconds, uint64_t max_states, uint64_t max_bytes, uint32_t max_depth,
	       uint64_t until_low, uint64_t until_high)
{
	claims_t until = (claims_t)until_high << 64 | until_low;
	clock_gettime(CLOCK_MONOTONIC, &s->until);
	s->until.tv_sec += (time_t)seconds;
	s->until.tv_nsec += (seconds - (time_t)seconds) * 1e9;
	if (s->until.tv_nsec >= 1000000000) {
		s->until.tv_sec++;
		s->until.tv_nsec -= 1000000000;
	}
	s->max_states = max_states;
	s->max_bytes = max_bytes;
	for (;;) {
		s->stop = RUNNING;
		if (!DENSE && s->states + s->workers * s->most_steps >= s->grow_at && !grow(s))
			return MEMORY;
		work_all(s);
		int stop = s->stop;
		for (uint32_t i = 0; i < s->workers; i++)
			if (s->worker[i].has_failed)
				return FAILED;
		if (is_level_done(s)) {
			end_level(s);
			if (!s->level.states)
				return FINISHED;
			if (s->found & until)
				return FOUND;
			if (max_depth && s->ended == max_depth)
				return FINISHED;
		}
		if (stop != RUNNING && stop != GROW)
			return stop;
	}
}

#if IS_TABLED
/* The rank of sorted records is the sum of choose(record + place, place + 1). */
static void make_ranks(struct search *s)
{
	uint32_t records = s->records = s->t->records.n, wide = records + 1;
	for (s->bits_each = 1; records > 1u << s->bits_each; s->bits_each++)
		;
	s->ranks = calloc((size_t)(PAGES + 2) * wide, sizeof *s->ranks);
	for (uint32_t p = 0; p <= PAGES; p++)
		for (uint32_t r = 1; r <= records; r++)
			s->ranks[p * wide + r] = s->ranks[p * wide + r - 1] + (p ? s->ranks[(p - 1) * wide + r] : 1);
	s->power[0] = 1;
	for (int p = 0; p < PAGES; p++)
		s->power[p + 1] = s->power[p] * records;
	s->per_rest = SORTED ? rank_at(s, PAGES - 1, records) : s->power[PAGES];
}
#endif

static int start(struct search *s)
{
	const struct model *m = s->m;
#if DENSE
	s->set_bytes = (s->space + 63) / 64 * 8;
	s->bits = reserve(s->set_bytes);
	if (!s->bits)
		return 0;
#else
	if (!grow(s))
		return 0;
#endif
	struct worker *k = &s->worker[0];
	for (uint32_t n = 0; n < m->initials; n++) {
		uint64_t rank;
		word_t x = word_of_code(s, m->initial + (size_t)n * m->cells, &rank);
		struct steps steps = steps_of(k);
		step_to(&steps, x, rank);
		k->n = steps.n;
		flush(k, 0);
	}
	s->states = k->next.states = k->states;
	k->states = 0;
	s->level = k->next;
	memset(&k->next, 0, sizeof k->next);
	k->open = NULL;
	return 1;
}

/* A search that has seen the initial states; NULL if there is no memory for it. Levels from `keep_from` on are kept, -1: none. */
struct search *search_new(const struct model *m, struct tables *t, uint32_t threads, uint64_t space, int keep_from,
			  uint64_t max_bytes)
{
	struct search *s = calloc(1, sizeof *s);
	s->m = m;
	s->t = t;
	s->workers = threads;
	s->keep_from = keep_from;
	s->max_bytes = max_bytes;
	s->space = space;
	s->most_steps = BATCH + m->steps + 1;
	s->fired = calloc(m->actions, sizeof *s->fired);
	s->worker = calloc(threads, sizeof *s->worker);
#if IS_TABLED
	make_ranks(s);
#endif
	for (uint32_t i = 0; i < threads; i++) {
		struct worker *k = &s->worker[i];
		k->search = s;
		k->s = calloc(1, m->size);
		k->t = calloc(1, m->size);
		k->word = malloc(s->most_steps * sizeof *k->word);
		k->key = malloc(s->most_steps * sizeof *k->key);
		k->to = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->to);
		k->of = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->of);
		k->visits = reserve(MOST_IDS * sizeof *k->visits);
		k->out.to = malloc((m->steps + 1) * sizeof *k->word);
		k->out.fired = calloc(m->actions, sizeof *k->out.fired);
	}
	if (t)
		t->asked = ~(claims_t)0;
	memset(m->heard, 0, m->heard_words * 8);
	return start(s) ? s : NULL;
}

void search_free(struct search *s)
{
	drop_level(&s->level);
	for (uint32_t i = 0; i < s->kept_n; i++)
		drop_level(&s->kept[i]);
	free(s->kept);
	for (uint32_t i = 0; i < s->workers; i++) {
		struct worker *k = &s->worker[i];
		drop_level(&k->next);
		free(k->s);
		free(k->t);
		free(k->word);
		free(k->key);
		free(k->to);
		free(k->of);
		munmap(k->visits, MOST_IDS * sizeof *k->visits);
		free(k->out.to);
		free(k->out.fired);
	}
	if (s->bits)
		munmap(s->bits, s->set_bytes);
	if (s->slot)
		munmap(s->slot, s->set_bytes);
	free(s->worker);
	free(s->fired);
	free(s->ranks);
	free(s);
}

/* What a search has seen so far. */
struct report {
	uint64_t states, transitions, orbits_low, orbits_high, frontier, set_bytes, bytes;
	uint32_t depth, is_found[4];
};

/* Count what was taken: from the visits of cells and rows, or as it was counted on the way. */
static void add_fired(const struct search *s, uint64_t *transitions, uint64_t *fired)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		for (uint32_t a = 0; a < s->m->actions; a++) {
			fired[a] += k->out.fired[a];
			*transitions += k->out.fired[a];
		}
		for (uint64_t id = 1; IS_TABLED && id <= s->t->ids; id++)
			if (k->visits[id]) {
				const struct info *info = info_of(s->t, id);
				*transitions += k->visits[id] * info->transitions;
				for (uint32_t a = 0; a < s->m->actions; a++)
					fired[a] += k->visits[id] * info->fired[a];
			}
	}
}

/* States that were found and not expanded yet. */
static uint64_t waiting(const struct search *s)
{
	uint64_t n = 0;
	for (uint32_t i = s->taken; i < s->level.n; i++)
		n += s->level.chunk[i]->n;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		n += k->next.states + (k->chunk ? k->chunk->n - k->at : 0);
	}
	return n;
}

void search_report(const struct search *s, struct report *r, uint64_t *fired)
{
	orbit_t orbits = 0;
	memset(r, 0, sizeof *r);
	memcpy(fired, s->fired, s->m->actions * sizeof *fired);
	r->transitions = s->transitions;
	add_fired(s, &r->transitions, fired);
	for (uint32_t i = 0; i < s->workers; i++)
		orbits += s->worker[i].orbits;
	r->states = s->states;
	r->frontier = waiting(s);
	r->orbits_low = orbits;
	r->orbits_high = orbits >> 64;
	r->set_bytes = s->set_bytes;
	r->bytes = s->set_bytes + s->level_bytes + (s->t ? s->t->bytes : 0);
	r->depth = s->depth;
}

/* Where a claim was found: its depth, and the state; -1 if it was not. What the level that is being searched has shown
 * counts too. */
int search_found(const struct search *s, uint32_t claim, uint64_t *state)
{
	const word_t *least = s->found >> claim & 1 ? &s->found_state[claim] : NULL;
	for (uint32_t i = 0; i < s->workers && !(s->found >> claim & 1); i++) {
		const struct finds *f = &s->worker[i].finds;
		if (f->hit >> claim & 1 && (!least || less(&f->least[claim], least)))
			least = &f->least[claim];
	}
	if (!least)
		return -1;
	memcpy(state, least->w, sizeof(word_t));
	return s->found >> claim & 1 ? s->found_depth[claim] : s->depth;
}

/* The least state in which an action left the bounds of a field. */
int search_failed(const struct search *s, uint64_t *state)
{
	const struct worker *least = NULL;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		if (k->has_failed && (!least || less(&k->failed, &least->failed)))
			least = k;
	}
	if (least)
		memcpy(state, least->failed.w, sizeof(word_t));
	return least != NULL;
}

void search_code(const struct search *s, const uint64_t *state, uint8_t *code)
{
	word_t x;
	memcpy(&x, state, sizeof x);
	code_of(s, &x, code);
}

/* For each of n states the least one of a kept level that leads to it. */
void search_back(struct search *s, uint32_t level, uint32_t n, const uint64_t *state, uint64_t *from)
{
	struct worker *k = &s->worker[0];
	const word_t *to = (const word_t *)state;
	word_t *least = (word_t *)from;
	char known[n];
	memset(known, 0, n);
	for (uint32_t i = 0; i < s->kept[level].n; i++) {
		const struct chunk *c = s->kept[level].chunk[i];
		for (uint32_t at = 0; at < c->n; at++) {
			expand(k, &c->state[at], 0);
			for (uint32_t j = 0; j < k->n; j++)
				for (uint32_t t = 0; t < n; t++)
					if (same(&k->word[j], &to[t]) && (!known[t] || less(&c->state[at], &least[t]))) {
						least[t] = c->state[at];
						known[t] = 1;
					}
			k->n = 0;
		}
	}
}

/* -- checkpoints ------------------------------------------------------------------------------------------------------- */

static int write_states(FILE *f, const word_t *x, uint32_t n)
{
	return fwrite(x, sizeof *x, n, f) == n;
}

static int write_level(FILE *f, const struct level *l, uint32_t from)
{
	int ok = 1;
	for (uint32_t i = from; i < l->n; i++)
		ok &= write_states(f, l->chunk[i]->state, l->chunk[i]->n);
	return ok;
}

/* Write a paused search behind what the file has already; is it all written? */
int search_save(const struct search *s, const char *path)
{
	FILE *f = fopen(path, "ab");
	if (!f)
		return 0;
	struct report r;
	uint64_t fired[s->m->actions], next = 0, now;
	search_report(s, &r, fired);
	for (uint32_t i = 0; i < s->workers; i++)
		next += s->worker[i].next.states;
	now = r.frontier - next;
	struct finds pending[1];
	int ok = fwrite(&r, sizeof r, 1, f) == 1 && fwrite(fired, sizeof fired, 1, f) == 1;
	ok &= fwrite(&s->found, sizeof s->found, 1, f) == 1 && fwrite(s->found_depth, sizeof s->found_depth, 1, f) == 1;
	ok &= fwrite(s->found_state, sizeof s->found_state, 1, f) == 1;
	for (uint32_t i = 0; i < s->workers; i++)
		pending[0] = s->worker[i].finds, ok &= fwrite(pending, sizeof pending, 1, f) == 1;
	ok &= fwrite(s->m->heard, 8, s->m->heard_words, f) == s->m->heard_words;
	ok &= fwrite(&now, sizeof now, 1, f) == 1 && fwrite(&next, sizeof next, 1, f) == 1;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		if (k->chunk)
			ok &= write_states(f, k->chunk->state + k->at, k->chunk->n - k->at);
	}
	ok &= write_level(f, &s->level, s->taken);
	for (uint32_t i = 0; i < s->workers; i++)
		ok &= write_level(f, &s->worker[i].next, 0);
	ok &= fwrite(DENSE ? s->bits : s->slot, 1, s->set_bytes, f) == s->set_bytes;
	return !fclose(f) && ok;
}

static int read_states(FILE *f, struct worker *k, uint64_t n)
{
	word_t x;
	for (uint64_t i = 0; i < n; i++) {
		if (fread(&x, sizeof x, 1, f) != 1)
			return 0;
		push(k, &x);
	}
	return 1;
}

/* Go on from a file, behind its first bytes; was it all there? The search must be new. */
int search_load(struct search *s, const char *path, uint64_t skip, uint32_t workers)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	struct worker *k = &s->worker[0];
	struct report r;
	struct finds pending;
	uint64_t next, now;
	int ok = !fseek(f, skip, SEEK_SET) && fread(&r, sizeof r, 1, f) == 1;
	ok = ok && fread(s->fired, sizeof *s->fired, s->m->actions, f) == s->m->actions;
	ok = ok && fread(&s->found, sizeof s->found, 1, f) == 1 && fread(s->found_depth, sizeof s->found_depth, 1, f) == 1;
	ok = ok && fread(s->found_state, sizeof s->found_state, 1, f) == 1;
	for (uint32_t i = 0; ok && i < workers; i++) {
		ok = fread(&pending, sizeof pending, 1, f) == 1;
		for (uint32_t c = 0; ok && c <= s->m->claims; c++)
			if (pending.hit >> c & 1)
				note(k, (claims_t)1 << c, &pending.least[c]);
	}
	ok = ok && fread(s->m->heard, 8, s->m->heard_words, f) == s->m->heard_words;
	ok = ok && fread(&now, sizeof now, 1, f) == 1 && fread(&next, sizeof next, 1, f) == 1;
	drop_level(&s->level);
	ok = ok && read_states(f, k, now);
	s->level = k->next;
	s->level.states = now;
	memset(&k->next, 0, sizeof k->next);
	k->open = NULL;
	ok = ok && read_states(f, k, next);
	k->next.states = next;
	k->states = 0;
	if (ok && !DENSE) {
		munmap(s->slot, s->set_bytes);
		s->set_bytes = r.set_bytes;
		s->slots = r.set_bytes / (WORDS * 8);
		s->grow_at = s->slots / 4 * 3;
		s->slot = reserve(s->set_bytes);
	}
	ok = ok && fread(DENSE ? s->bits : s->slot, 1, s->set_bytes, f) == s->set_bytes && r.set_bytes == s->set_bytes;
	s->states = r.states;
	s->transitions = r.transitions;
	s->depth = r.depth;
	k->orbits = (unsigned __int128)r.orbits_high << 64 | r.orbits_low;
	fclose(f);
	return ok;
}
