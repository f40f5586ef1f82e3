/* SPDX-License-Identifier: MIT */
/* The part of a generated model that is the same for all: its state, the words its actions are written in, and what it
 * gives to the engine. The generated text defines the sizes and tables named in capitals, includes this file and
 * model_shared.c, and defines its actions and claims after that. Any number of threads call its functions at once. */
#ifndef POOLPROOF_MODEL_SHARED_H
#define POOLPROOF_MODEL_SHARED_H

#include <string.h>
#include "engine.h"

typedef struct state {
	const int16_t *counts;	/* page counts that are given: then page 1 is the only page here */
	const uint8_t *was;	/* the record that page 1 had when they were counted */
	GROWN grown[HISTORIES];	/* what a step added to the history counters */
	uint64_t words[WORDS];
	uint8_t raw[PAD + CELLS + 8];	/* the cells; before them room for reads of NOBODY's row, whose value is not used */
} S;

#define CELL(s, offset) ((s)->raw[PAD + (offset)])
#define PAGE(s, page) ((s)->raw + PAD + ((page) - 1) * RECORD)
/* A test may define WATCH to look at each step. */
#ifndef WATCH
#define WATCH(s, t)
#endif

/* Evaluated code runs for every state; code that fills tables runs rarely. */
#ifdef EVALUATED
#define ACTION static inline __attribute__((always_inline)) int
#else
#define ACTION static int
#endif
#define SITE_WORDS (SITES / 64 + 1)

/* Which guards were false, and which were true, one bit each. */
struct heard {
	uint64_t no[SITE_WORDS], yes[SITE_WORDS];
};

struct heard heard;

#define HEARD(what, site) (h->what[(site) / 64] |= 1ull << (site) % 64)
#define GUARD(site, claim) do { if (!(claim)) { HEARD(no, site); return 0; } HEARD(yes, site); } while (0)

/* judge() - which of these claims are found in state s, or in the step from s to t, looking at so many pages. */
LOCAL claims_t judge(claims_t asked, const struct state *s, const struct state *t, int pages);

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

#endif
