/* SPDX-License-Identifier: MIT */
#include "model_shared.h"

/* Add what guards were while one state was expanded. Relaxed: the bits carry no other data. */
static inline __attribute__((unused)) void hear(const struct heard *now)
{
	for (int i = 0; i < SITE_WORDS; i++) {
		if (now->no[i] & ~__atomic_load_n(&heard.no[i], __ATOMIC_RELAXED))
			__atomic_fetch_or(&heard.no[i], now->no[i], __ATOMIC_RELAXED);
		if (now->yes[i] & ~__atomic_load_n(&heard.yes[i], __ATOMIC_RELAXED))
			__atomic_fetch_or(&heard.yes[i], now->yes[i], __ATOMIC_RELAXED);
	}
}

static inline __attribute__((unused)) void put(S *s, int offset, int code)
{
	s->words[WORDS == 1 ? 0 : word_of[offset]] ^= (uint64_t)(CELL(s, offset) ^ code) << shift_of[offset];
	CELL(s, offset) = code;
}

LOCAL void load(struct state *s, const uint8_t *code)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < CELLS; i++)
		put(s, i, code[i]);
}

LOCAL void load_one(struct state *s, const uint8_t *record, const uint8_t *rest, const int16_t *counts)
{
	memset(s, 0, sizeof *s);
	s->counts = counts;
	s->was = record;
	memcpy(PAGE(s, 1), record, RECORD);
	memcpy(&CELL(s, PAGES * RECORD), rest, CELLS - PAGES * RECORD);
}

LOCAL const uint8_t *cells_of(const struct state *s)
{
	return &CELL(s, 0);
}

#ifdef EVALUATED
/* The packed record of a page, pages counted from 0. */
static inline __attribute__((unused)) uint64_t record_of(const uint64_t *words, int page)
{
	return words[page / PAGES_A_WORD] >> page % PAGES_A_WORD * RECORD_BITS & ((1ull << RECORD_BITS) - 1);
}

LOCAL void unpack(const uint64_t *words, struct state *s)
{
	s->counts = NULL;
	memcpy(s->words, words, sizeof s->words);
#ifdef __BMI2__
	for (int page = 0; RECORD <= 8 && page < PAGES; page++) {
		uint64_t cells = __builtin_ia32_pdep_di(record_of(words, page), RECORD_SPREAD);
		memcpy(&CELL(s, page * RECORD), &cells, 8);	/* bytes beyond the record are overwritten by the next */
	}
	for (int i = RECORD <= 8 ? PAGES * RECORD : 0; i < CELLS; i++)
#else
	for (int i = 0; i < CELLS; i++)
#endif
		CELL(s, i) = words[word_of[i]] >> shift_of[i] & ((1u << width_of[i]) - 1);
}

/* Sort the records of pages, which are nearly sorted. */
static inline __attribute__((unused)) void sort_pages(uint64_t *words)
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
static inline __attribute__((unused)) void permuted(int move, const uint8_t *cell, uint64_t *form)
{
	const uint16_t *from = comes_from + move * CELLS;
	const uint8_t *table = becomes + move * CELLS * VALUES;
	memset(form, 0, WORDS * sizeof *form);
	for (int i = 0; i < CELLS; i++)
		form[word_of[i]] |= (uint64_t)table[i * VALUES + cell[from[i]]] << shift_of[i];
	sort_pages(form);
}

/* The canonical form: the least packed form of all states that differ by a permutation only. */
static inline __attribute__((unused)) void canonical(const uint8_t *cell, uint64_t *words)
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

LOCAL void pack(const uint8_t *code, uint64_t *words)
{
	memset(words, 0, WORDS * sizeof *words);
	for (int i = 0; i < CELLS; i++)
		words[word_of[i]] |= (uint64_t)code[i] << shift_of[i];
	canonical(code, words);
}

/* Pages whose record equals that of the page before, one bit each. */
LOCAL uint64_t repeats_of(const uint64_t *words)
{
	uint64_t repeated = 0;
	for (int p = 1; SORTS_PAGES && p < PAGES; p++)
		repeated |= (uint64_t)(record_of(words, p - 1) == record_of(words, p)) << p;
	return repeated;
}

/* The unreduced states that a canonical one represents: the order of the group over that of the stabiliser. */
LOCAL unsigned __int128 orbit_of(const struct state *s)
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

/* Whether this page (from 1) has the record of the page before it: its steps were taken there. */
static inline __attribute__((unused)) int repeats(const struct successors *out, int page)
{
	return SORTS_PAGES && out->repeated >> (page - 1) & 1;
}

/* Add one step to the successors. */
static inline __attribute__((unused)) void successor(struct successors *out, int action, const S *s, S *t)
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
