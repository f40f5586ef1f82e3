/* The part of a generated model that is the same for all: states, guards, packing, canonical forms. */
#include <string.h>
#include "engine.h"

typedef struct state {
	const int16_t *counts;	/* given page counts: then page 1 is the only one here */
	const uint8_t *was;	/* the record page 1 had when they were taken */
	GROWN grown[HISTORIES];	/* by how much a step raised the history counters */
	uint64_t words[WORDS];
	uint8_t raw[PAD + CELLS + 8];	/* the cells, after room for reads that are never used */
} S;

#define CELL(s, offset) ((s)->raw[PAD + (offset)])
#define PAGE(s, page) ((s)->raw + PAD + ((page) - 1) * RECORD)
/* What is noted of a step besides what the action does. */
#ifndef WATCH
#define WATCH(s, t)
#endif

/* Evaluated code runs for every state, code that fills tables rarely. */
#ifdef EVALUATED
#define ACTION static inline __attribute__((always_inline)) int
#else
#define ACTION static int
#endif
#define SITE_WORDS (SITES / 64 + 1)

/* Which guards have said no, and which yes, a bit each. */
struct heard {
	uint64_t no[SITE_WORDS], yes[SITE_WORDS];
};

struct heard heard;

#define HEARD(what, site) (h->what[(site) / 64] |= 1ull << (site) % 64)
#define GUARD(site, claim) do { if (!(claim)) { HEARD(no, site); return 0; } HEARD(yes, site); } while (0)

/* Add what guards said while one state was expanded. */
static inline void hear(const struct heard *now)
{
	for (int i = 0; i < SITE_WORDS; i++) {
		if (now->no[i] & ~heard.no[i])
			__atomic_fetch_or(&heard.no[i], now->no[i], __ATOMIC_RELAXED);
		if (now->yes[i] & ~heard.yes[i])
			__atomic_fetch_or(&heard.yes[i], now->yes[i], __ATOMIC_RELAXED);
	}
}

static inline void put(S *s, int offset, int code)
{
	s->words[WORDS == 1 ? 0 : word_of[offset]] ^= (uint64_t)(CELL(s, offset) ^ code) << shift_of[offset];
	CELL(s, offset) = code;
}

static void load(struct state *s, const uint8_t *code)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < CELLS; i++)
		put(s, i, code[i]);
}

static void load_one(struct state *s, const uint8_t *record, const uint8_t *rest, const int16_t *counts)
{
	memset(s, 0, sizeof *s);
	s->counts = counts;
	s->was = record;
	memcpy(PAGE(s, 1), record, RECORD);
	memcpy(&CELL(s, PAGES * RECORD), rest, CELLS - PAGES * RECORD);
}

static const uint8_t *cells_of(const struct state *s)
{
	return &CELL(s, 0);
}

static claims_t judge(claims_t asked, const struct state *s, const struct state *t, int pages);

#ifdef EVALUATED
/* The packed record of a page, pages counted from 0. */
static inline uint64_t record_of(const uint64_t *words, int page)
{
	return words[page / PAGES_A_WORD] >> page % PAGES_A_WORD * RECORD_BITS & ((1ull << RECORD_BITS) - 1);
}

static void unpack(const uint64_t *words, struct state *s)
{
	s->counts = NULL;
	memcpy(s->words, words, sizeof s->words);
#ifdef __BMI2__
	for (int page = 0; RECORD <= 8 && page < PAGES; page++) {
		uint64_t cells = __builtin_ia32_pdep_di(record_of(words, page), RECORD_SPREAD);
		memcpy(&CELL(s, page * RECORD), &cells, 8);	/* what is too much is written again */
	}
	for (int i = RECORD <= 8 ? PAGES * RECORD : 0; i < CELLS; i++)
#else
	for (int i = 0; i < CELLS; i++)
#endif
		CELL(s, i) = words[word_of[i]] >> shift_of[i] & ((1u << width_of[i]) - 1);
}

/* Sort the records of pages; they are nearly sorted. */
static inline void sort_pages(uint64_t *words)
{
#if SORTS_PAGES
	uint64_t record[PAGES];
	int sorted = 1;
	for (int p = 0; p < PAGES; p++) {
		record[p] = record_of(words, p);
		sorted &= !p || record[p - 1] <= record[p];
	}
	if (sorted)
		return;
	for (int p = 1; p < PAGES; p++) {
		uint64_t r = record[p];
		int to = p;
		for (; to && record[to - 1] > r; to--)
			record[to] = record[to - 1];
		record[to] = r;
	}
	for (int w = 0; w * PAGES_A_WORD < PAGES; w++) {
		uint64_t made = 0;
		int n = PAGES - w * PAGES_A_WORD < PAGES_A_WORD ? PAGES - w * PAGES_A_WORD : PAGES_A_WORD;
		for (int p = n; p--; )
			made = made << RECORD_BITS | record[w * PAGES_A_WORD + p];
		int used = n * RECORD_BITS;
		words[w] = (words[w] >> used << used) | made;
	}
#else
	(void)words;
#endif
}

/* The packed form of a state under one permutation of pools and devices. */
static inline void permuted(int move, const uint8_t *cell, uint64_t *form)
{
	const uint16_t *from = comes_from + move * CELLS;
	const uint8_t *table = becomes + move * CELLS * VALUES;
	memset(form, 0, WORDS * sizeof *form);
	for (int i = 0; i < CELLS; i++)
		form[word_of[i]] |= (uint64_t)table[i * VALUES + cell[from[i]]] << shift_of[i];
	sort_pages(form);
}

/* The one packed form that speaks for a state and all that differ from it only in who is who. */
static inline void canonical(const uint8_t *cell, uint64_t *words)
{
	sort_pages(words);
#if MOVES
	uint64_t least[WORDS], form[WORDS];
	memcpy(least, words, sizeof least);
	for (int m = 0; m < MOVES; m++) {
		permuted(m, cell, form);
		for (int w = 0; w < WORDS; w++)
			if (form[w] != least[w]) {
				if (form[w] < least[w])
					memcpy(least, form, sizeof least);
				break;
			}
	}
	memcpy(words, least, sizeof least);
#else
	(void)cell;
#endif
}

static void pack(const uint8_t *code, uint64_t *words)
{
	memset(words, 0, WORDS * sizeof *words);
	for (int i = 0; i < CELLS; i++)
		words[word_of[i]] |= (uint64_t)code[i] << shift_of[i];
	canonical(code, words);
}

/* Pages whose record equals their left neighbour's. */
static uint64_t repeats_of(const uint64_t *words)
{
	uint64_t repeated = 0;
	for (int p = 1; SORTS_PAGES && p < PAGES; p++)
		repeated |= (uint64_t)(record_of(words, p - 1) == record_of(words, p)) << p;
	return repeated;
}

/* How many states a canonical one speaks for: the group's order over the stabiliser's. */
static unsigned __int128 orbit_of(const struct state *s)
{
	unsigned __int128 size = 1;
	uint64_t run = 1, fixing = 1;
	for (int p = 0; SORTS_PAGES && p < PAGES; p++) {
		run = p && record_of(s->words, p - 1) == record_of(s->words, p) ? run + 1 : 1;
		size = size * (p + 1) / run;
	}
	for (int m = 0; m < MOVES; m++) {
		uint64_t form[WORDS];
		permuted(m, &CELL(s, 0), form);
		fixing += !memcmp(form, s->words, sizeof form);
	}
	return size * ((MOVES + 1) / fixing);
}

/* Is this page like its left neighbour, so that what happens to it has happened already? Pages from 1. */
static inline int repeats(const struct successors *out, int page)
{
	return SORTS_PAGES && out->repeated >> (page - 1) & 1;
}

/* Note one step. */
static inline void successor(struct successors *out, int action, const S *s, S *t)
{
	out->fired[action]++;
	if (out->asked)
		out->hit |= judge(out->asked, s, t, PAGES);
	if (!memcmp(s->words, t->words, sizeof s->words))
		return;
	out->moved = 1;
	canonical(&CELL(t, 0), t->words);
	memcpy(out->to + out->n++ * WORDS, t->words, sizeof t->words);
}

#endif

#ifdef EVALUATED
#define WAY_PARTS .pack = pack, .unpack = unpack, .expand = expand, .repeats_of = repeats_of, .orbit_of = orbit_of
#else
#define WAY_PARTS .take = take
#endif
#define MODEL_PARTS \
	.pages = PAGES, .record = RECORD, .cells = CELLS, .words = WORDS, .size = sizeof(S), .sites = SITES, \
	.moves = MOVES, .sorts_pages = SORTS_PAGES, .initial = initial, .count = count, .lane = lane, \
	.instance = instance, .comes_from = comes_from, .becomes = becomes, .heard = (uint64_t *)&heard, .heard_words = 2 * SITE_WORDS, .load = load, \
	.load_one = load_one, .cells_of = cells_of, .judge = judge, .is_final = is_final, \
	.member = member, .values = VALUES, WAY_PARTS
