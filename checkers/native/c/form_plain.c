/* SPDX-License-Identifier: MIT */
/* No symmetry: the records of pages side by side, and their rank as a number with a digit a page. */
#include "expand.h"

INLINE uint32_t form_split(const struct search *s, const word_t *x, uint32_t *id)
{
	num_t n = num(*x);
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++)
		id[p] = (uint32_t)(n >> (BITS * p)) & ((1u << BITS) - 1);
	return (uint32_t)(n >> rest_at(s));
}

INLINE void form_expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = form_split(s, x, id);
	num_t n = num(*x);
	struct expansion h = expand_enter_row(k, id, rest);
	struct steps steps = steps_begin(k);
	uint64_t rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++)
		rank += id[p] * s->power[p];
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++) {
		const struct cell *cell = expand_visit_cell(k, &h, id[p]);
		for (uint32_t i = 0; i < cell->n; i++) {
			uint32_t own = id[p], to = record_in(cell->to[i]);
			num_t made = n ^ (num_t)(own ^ to) << (BITS * p);
			uint64_t at = rank + ((uint64_t)to - own) * s->power[p];
			if (MOVES_REST) {
				made ^= expand_rest_bits(s, rest, cell->to[i]);
				at += expand_rest_rank(s, rest, cell->to[i]);
			}
			steps_add(&steps, word(made), at);
		}
	}
	expand_rest_steps(&steps, s, h.row, rest, n, rank);
	k->n = steps.n;
	expand_finish_state(k, &h, id, x, asked);
	worker_add_orbit(k, 1);
}

LOCAL word_t form_join(const struct search *s, const uint32_t *id, uint32_t rest, uint64_t *rank)
{
	num_t n = (num_t)rest << rest_at(s);
	*rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++) {
		n |= (num_t)id[p] << (BITS * p);
		*rank += id[p] * s->power[p];
	}
	return word(n);
}

LOCAL orbit_t form_orbit(const struct search *s, const word_t *x)
{
	(void)s, (void)x;
	return 1;
}
