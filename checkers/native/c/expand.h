/* SPDX-License-Identifier: MIT */
/* Expanding a state with tables: its row, the cells of its pages, and claims that the tables could not rule out.
 *
 * A form calls expand_enter_row() once, expand_visit_cell() for each page (each distinct record, if pages are sorted),
 * and expand_finish_state(). Any number of workers expand at once. */
#ifndef POOLPROOF_EXPAND_H
#define POOLPROOF_EXPAND_H

#include "state_set.h"

#if FORM == FORM_GROUP
#define RECORDS_OF(s) ((s)->records)
#define BITS_OF(s) ((s)->bits_each)
#else
#define RECORDS_OF(s) ((void)(s), RECORDS)
#define BITS_OF(s) ((void)(s), BITS)
#endif

/* expand_check_whole() - check claims on the whole state, and on every step from it. */
NOINLINE void expand_check_whole(struct worker *k, const word_t *x, claims_t asked, int moved)
{
	const struct model *m = k->search->m;
	claims_t stuck = (claims_t)1 << m->claims, steps = asked & m->every_step, hit;
	uint8_t code[m->cells];
	form_code(k->search, x, code);
	m->load(k->s, code);
	hit = m->judge(asked & ~steps & ~stuck, k->s, k->s, PAGES);
	if (!moved && asked & stuck && !m->is_final(k->s))
		hit |= stuck;
	if (asked & WRONG_STEP)
		worker_fail(k, x);
	for (uint32_t n = 0; n < m->instances && steps; n++) {
		const struct instance *i = &m->instance[n];
		int args[MOST_ARGS];
		memcpy(args, i->args, sizeof args);
		for (int page = 1; page <= (i->paged ? PAGES : 1); page++) {
			if (i->paged)
				args[i->page_at] = page;
			if (m->take(i->action, k->s, k->t, args) == 1)
				hit |= m->judge(steps, k->s, k->t, PAGES);
		}
	}
	if (hit)
		worker_find(k, hit, x);
}

/* Where pools and devices begin in a packed state: behind the records of pages. */
INLINE uint32_t rest_at(const struct search *s)
{
	return FORM == FORM_UNARY ? PAGES + RECORDS_OF(s) - 1 : PAGES * BITS_OF(s);
}

/* A term of the rank of sorted records: the record at this place. */
INLINE uint64_t rank_at(const struct search *s, uint32_t place, uint32_t record)
{
	return s->ranks[place * (RECORDS_OF(s) + 1) + record];
}

INLINE struct row *expand_row(struct tables *t, uint32_t rest, const uint64_t *key)
{
	struct rows *rows = __atomic_load_n(&t->rows, __ATOMIC_ACQUIRE);
	for (uint64_t h = row_hash(rest, key, LANE_WORDS);; h++) {
		struct row *row = __atomic_load_n(&rows->slot[h & rows->mask], __ATOMIC_ACQUIRE);
		if (__builtin_expect(!row, 0))
			return t->row(t, rest, key);
		if (row_is(row, rest, key, LANE_WORDS))
			return row;
	}
}

INLINE struct cell *expand_cell(struct tables *t, struct row *row, uint32_t record)
{
	struct cell *cell = &row->cell[record];
	if (__builtin_expect(!__atomic_load_n(&cell->id, __ATOMIC_ACQUIRE), 0))
		t->fill(t, row, record);
	return cell;
}

/* What is known of the state being expanded. */
struct expansion {
	struct row *row;
	claims_t suspects;
	int moved, suspect;
};

/* expand_enter_row() - find the row of a state with these records, and count the visit. */
INLINE struct expansion expand_enter_row(struct worker *k, const uint32_t *id, uint32_t rest)
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
	struct row *row = expand_row(t, rest, sum);
	k->visits[row->id]++;
	return (struct expansion){ row, 0, row->moved, row->suspect };
}

/* expand_visit_cell() - find the cell of one page of it, and count the visit. */
INLINE const struct cell *expand_visit_cell(struct worker *k, struct expansion *h, uint32_t record)
{
	struct cell *cell = expand_cell(k->search->t, h->row, record);
	k->visits[cell->id]++;
	h->moved |= cell->moved;
	h->suspect |= cell->suspect;
	return cell;
}

NOINLINE claims_t expand_suspects(const struct worker *k, const struct expansion *h, const uint32_t *id)
{
	const struct tables *t = k->search->t;
	claims_t claims = tables_info(t, h->row->id)->suspects;
	for (int p = 0; p < PAGES; p++)
		claims |= tables_info(t, h->row->cell[id[p]].id)->suspects;
	return claims;
}

/* expand_gather() - append the steps of a page: one loop over all steps of a state is predicted better than one a page.
 * Lists are padded to whole strides. */
INLINE uint32_t expand_gather(const struct cell *cell, uint32_t page, uint32_t *restrict to, uint32_t *restrict of, uint32_t at)
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

/* What a step of pools and devices changes in a packed state, and adds to its rank. */
INLINE num_t expand_rest_bits(const struct search *s, uint32_t rest, uint32_t to)
{
	return (num_t)(rest ^ rest_in(to)) << rest_at(s);
}

INLINE uint64_t expand_rest_rank(const struct search *s, uint32_t rest, uint32_t to)
{
	return ((uint64_t)rest_in(to) - rest) * s->per_rest;
}

/* expand_rest_steps() - take the steps of pools and devices alone. */
INLINE void expand_rest_steps(struct steps *steps, const struct search *s, const struct row *row, uint32_t rest, num_t n,
		       uint64_t rank)
{
	for (uint32_t i = 0; i < row->n; i++)
		steps_add(steps, word(n ^ expand_rest_bits(s, rest, row->to[i])), rank + expand_rest_rank(s, rest, row->to[i]));
}

/* expand_finish_state() - check the claims that the tables could not rule out, and deadlock. */
INLINE void expand_finish_state(struct worker *k, const struct expansion *h, const uint32_t *id, const word_t *x, claims_t asked)
{
	const struct model *m = k->search->m;
	claims_t claims = m->untold & asked;
	if (__builtin_expect(h->suspect, 0))
		claims |= expand_suspects(k, h, id) & (asked | m->every_step);
	if (__builtin_expect(!h->moved, 0))
		claims |= (claims_t)1 << m->claims & asked;
	if (__builtin_expect(claims != 0, 0))
		expand_check_whole(k, x, claims, h->moved);
}

#endif
