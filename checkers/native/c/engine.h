/* What a generated model, its tables and the search know of each other. */
#ifndef POOLPROOF_ENGINE_H
#define POOLPROOF_ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum { WRONG = -1 };	/* an action leaves the bounds of a field */
enum { OTHER = -1 };	/* in the place of a page: some page that nobody names */

typedef unsigned __int128 claims_t;	/* a set of claims, a bit each */

struct state;	/* as the model sees it */

/* Pages counted by one body, for one choice of what they are compared with. */
struct count {
	uint16_t number;
	int values[6];
	uint32_t lane, lanes;
};

/* Is this count at least so large? */
struct lane {
	uint32_t count;
	int threshold;
};

/* An action with its arguments; where one is a page, it is page 1. */
struct instance {
	uint16_t action;
	uint8_t params, paged, writes_rest, page_at;
	int args[6];
	const uint16_t *reads;	/* the cells of pools and devices it may look at */
	uint16_t reads_n;
	const uint16_t *counts;	/* the counts it may ask for */
	uint16_t counts_n;
};

/* What the evaluated search gets for one state. */
struct successors {
	uint64_t *to;		/* WORDS a successor */
	uint64_t *fired;	/* times an action */
	uint64_t repeated;	/* pages whose record equals their left neighbour's, a bit each */
	claims_t asked, hit;	/* step claims to judge, and those found */
	uint32_t n;
	int moved;		/* something changed */
};

struct model {
	uint32_t pages, record, cells, words, size, actions, claims, sites, initials;
	uint32_t counts, lanes, instances, steps, moves, sorts_pages, rest_counts, moves_rest, values;
	const uint8_t *initial;
	const struct count *count;
	const struct lane *lane;
	const struct instance *instance;
	const uint16_t *comes_from;	/* where the cells of a permuted state come from, */
	const uint8_t *becomes;		/* and what becomes of their values */
	uint64_t *heard, heard_words;	/* the guards that have said no, then those that have said yes, a bit each */
	claims_t every_step;		/* claims about steps */
	claims_t of_row, of_page;	/* claims about states that counts decide, or a page's record beside them */
	claims_t of_step, of_pages_step;	/* the same of steps */
	claims_t untold;		/* claims that only whole states decide */

	/* A whole state, or one page of it beside counts that are given. */
	void (*load)(struct state *s, const uint8_t *code);
	void (*load_one)(struct state *s, const uint8_t *record, const uint8_t *rest, const int16_t *counts);
	const uint8_t *(*cells_of)(const struct state *s);
	int (*take)(int action, const struct state *s, struct state *t, const int *args);
	claims_t (*judge)(claims_t asked, const struct state *s, const struct state *t, int pages);
	int (*is_final)(const struct state *s);
	int (*member)(int count, const struct state *s, const int *values);

	/* Evaluated states, packed. */
	void (*pack)(const uint8_t *code, uint64_t *words);	/* of its canonical form */
	void (*unpack)(const uint64_t *words, struct state *s);
	int (*expand)(const struct state *s, struct successors *out);
	uint64_t (*repeats_of)(const uint64_t *words);
	unsigned __int128 (*orbit_of)(const struct state *s);
};

#endif
