/* SPDX-License-Identifier: MIT */
/* What Python calls, and nothing else has external linkage: the tables of a model, and the search.
 *
 * checkers/native/declarations.py reads the enums, the numbers and the report from this file, so that they are written
 * once. A search is compiled as one translation unit (see search.h); so are the tables (tables.c) and each model.
 * Unless it says otherwise, a function here is called by one thread, with no other call on the same object running. */
#ifndef POOLPROOF_API_H
#define POOLPROOF_API_H

#include <stdint.h>

struct model;
struct tables;
struct search;
struct ends;

/* How states are kept: the macro FORM of a compiled search. */
#define FORM_PLAIN 0		/* page records side by side; no symmetry */
#define FORM_UNARY 1		/* pages symmetric: sorted records as stars among bars */
#define FORM_GROUP 2		/* pages sorted, pools and devices permuted */
#define FORM_EVALUATED 3	/* no tables: the model's own code */

/* Why search_run() returned. */
enum search_stop {
	STOP_NONE,		/* inside a run only: go on */
	STOP_FINISHED,		/* every reachable state was expanded, or the depth asked for is reached */
	STOP_SLICE,		/* the seconds are over */
	STOP_STATES,		/* as many states as were allowed */
	STOP_MEMORY,		/* as much memory as was allowed, or none is left; see search_is_short() */
	STOP_FAILED,		/* an action left the bounds of a field, or of the tables */
	STOP_FOUND,		/* all claims that were waited for are found */
	STOP_GROW		/* inside a run only: the hash set must grow first */
};

/* What a search has seen. */
struct search_report {
	uint64_t states, transitions;
	uint64_t orbits_low, orbits_high;	/* unreduced states, 128 bits */
	uint64_t frontier;			/* states that are stored and not expanded */
	uint64_t set_bytes, bytes;		/* of the set of states; of everything */
	uint32_t depth;
};

/* tables_new() - find all page records of the free closure and number them.
 *
 * Gives up after `most_tries` steps. Returns tables, never NULL; where there are none, tables_failed() says why. They
 * live as long as the process. Any number of searches may use them, one after the other.
 */
struct tables *tables_new(const struct model *m, uint64_t most_tries);
uint32_t tables_records(const struct tables *t);	/* page records */
uint32_t tables_rests(const struct tables *t);	/* states of all pools and devices */
uint32_t tables_lane_words(const struct tables *t);	/* 64-bit words of the sums over pages */
const char *tables_failed(const struct tables *t);	/* why there are no tables, or NULL */

/* search_new() - a search that has stored the initial states.
 *
 * `tables` is NULL for FORM_EVALUATED. `space` is the number of ranks of a bitmap. Levels from `keep_from` on are kept
 * for search_back(), -1: none. Returns NULL if there is no memory.
 */
struct search *search_new(const struct model *m, struct tables *t, uint32_t threads, uint64_t space, int keep_from,
			  uint64_t max_bytes);

/* search_run() - go on for so many seconds, or until a limit; 0 is no limit.
 *
 * `max_depth` levels are expanded at most. Returns FOUND once a claim of the mask `until` is found. Starts the threads
 * of the search and has joined them when it returns. May be called again unless search_is_short() or STOP_FAILED.
 * Returns an enum search_stop.
 */
int search_run(struct search *s, double seconds, uint64_t max_states, uint64_t max_bytes, uint32_t max_depth,
	       uint64_t until_low, uint64_t until_high);

/* search_is_short() - true if memory ran out in the middle of a step: states are missing, the search cannot go on. */
int search_is_short(const struct search *s);

/* search_report() - what was seen so far; `fired` gets a number for each action. */
void search_report(const struct search *s, struct search_report *r, uint64_t *fired);

/* search_found() - the depth at which a claim was found, and the least state that shows it; -1 if it was not found.
 * The level being expanded counts too. */
int search_found(const struct search *s, uint32_t claim, uint64_t *state);

/* search_failed() - whether an action left the bounds of a field, and the least state in which one did. */
int search_failed(const struct search *s, uint64_t *state);

/* search_code() - a stored state as the Python engine codes it, one byte a cell. */
void search_code(const struct search *s, const uint64_t *state, uint8_t *code);

/* search_check_frontier() - check claims on the states that a stopped search has not expanded. Call last: the search
 * cannot be resumed. */
void search_check_frontier(struct search *s);

/* search_back() - for each of n states the least state of a kept level with a step to it. */
void search_back(struct search *s, uint32_t level, uint32_t n, const uint64_t *state, uint64_t *from);

/* search_save() - append a paused search to a file. Returns 0, or an errno. */
int search_save(const struct search *s, const char *path);

/* search_load() - read a paused search from a file, behind its first `skip` bytes, into a new search.
 * `threads` is the number that had saved it. Returns true if it was all there; if not, the search is of no use. */
int search_load(struct search *s, const char *path, uint64_t skip, uint32_t threads);

/* search_forget() - give back the memory of what was seen; only reports are left. */
void search_forget(struct search *s);

/* search_free() - give back all memory. NULL is allowed. */
void search_free(struct search *s);

/* ends_new() - begin to mark the states from which some run leads to a final one.
 *
 * The search is finished and has kept all its levels; it must stay until ends_free(). Returns NULL if there is no memory.
 */
struct ends *ends_new(struct search *s);

/* ends_run() - go on for so many seconds. Returns true when every such state is marked. */
int ends_run(struct ends *e, double seconds);

/* ends_stuck() - how many states are not marked; `state` gets the nearest of them, `most` at the most, and `depth` the
 * depth of the first. */
uint64_t ends_stuck(const struct ends *e, uint64_t *state, uint64_t most, uint32_t *depth);

/* ends_free() - give back the memory of the marks. NULL is allowed. */
void ends_free(struct ends *e);

#endif
