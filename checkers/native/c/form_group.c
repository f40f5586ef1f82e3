/* SPDX-License-Identifier: MIT */
/* Any symmetry: the least form over all permutations of pools and devices, its records sorted if pages are symmetric. */
#include "sorted.h"

INLINE uint32_t form_split(const struct search *s, const word_t *x, uint32_t *id)
{
	num_t n = num(*x);
	for (int p = 0; p < PAGES; p++, n >>= s->bits_each)
		id[p] = (uint32_t)n & ((1u << s->bits_each) - 1);
	return (uint32_t)n;
}

/* One form of a state: its records sorted, under one permutation. */
INLINE num_t form(const struct search *s, int move, const uint32_t *id, uint32_t rest)
{
	const struct tables *t = s->t;
	uint32_t moved[PAGES];
	num_t n = move < 0 ? rest : t->rest_to[move * t->rests.n + rest];
	for (int p = 0; p < PAGES; p++)
		moved[p] = move < 0 ? id[p] : t->record_to[move * t->records.n + id[p]];
	if (SORTED)
		sorted_sort(moved);
	for (int p = PAGES; p--; )
		n = n << s->bits_each | moved[p];
	return n;
}

LOCAL word_t form_join(const struct search *s, const uint32_t *id, uint32_t rest, uint64_t *rank)
{
	num_t least = form(s, -1, id, rest);
	for (int m = 0; m < MOVES; m++) {
		num_t other = form(s, m, id, rest);
		least = other < least ? other : least;
	}
	word_t x = word(least);
	uint32_t made[PAGES];
	*rank = form_split(s, &x, made) * s->per_rest;
	for (int p = 0; DENSE && p < PAGES; p++)
		*rank += SORTED ? rank_at(s, p, made[p]) : made[p] * s->power[p];
	return x;
}

/* The group's order over the stabiliser's. */
LOCAL orbit_t form_orbit(const struct search *s, const word_t *x)
{
	uint32_t id[PAGES], rest = form_split(s, x, id), fixing = 1;
	for (int m = 0; m < MOVES; m++)
		fixing += form(s, m, id, rest) == num(*x);
	return (SORTED ? sorted_namings(id) : 1) * ((MOVES + 1) / fixing);
}

INLINE void form_expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = form_split(s, x, id);
	struct expansion h = expand_enter_row(k, id, rest);
	struct steps steps = steps_begin(k);
	uint64_t rank;
	word_t y;
	for (int p = 0; p < PAGES; p++) {
		if (SORTED && p && id[p] == id[p - 1])
			continue;
		const struct cell *cell = expand_visit_cell(k, &h, id[p]);
		uint32_t own = id[p];
		for (uint32_t i = 0; i < cell->n; i++) {
			id[p] = record_in(cell->to[i]);
			y = form_join(s, id, rest_in(cell->to[i]), &rank);
			steps_add(&steps, y, rank);
		}
		id[p] = own;
	}
	for (uint32_t i = 0; i < h.row->n; i++) {
		y = form_join(s, id, rest_in(h.row->to[i]), &rank);
		steps_add(&steps, y, rank);
	}
	k->n = steps.n;
	expand_finish_state(k, &h, id, x, asked);
	worker_add_orbit(k, form_orbit(s, x));
}
