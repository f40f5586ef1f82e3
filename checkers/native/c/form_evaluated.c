/* SPDX-License-Identifier: MIT */
/* No tables: the model's own code steps from packed state to packed state. */
#include "state_set.h"

INLINE void form_expand(struct worker *k, const word_t *x, claims_t asked)
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
		worker_fail(k, x);
	hit = out->hit | m->judge(asked & ~m->every_step & ~stuck, k->s, k->s, PAGES);
	if (!out->moved && asked & stuck && !m->is_final(k->s))
		hit |= stuck;
	if (__builtin_expect(hit != 0, 0))
		worker_find(k, hit, x);
	struct steps steps = steps_begin(k);
	for (uint32_t i = 0; i < out->n; i++)
		steps_add(&steps, ((const word_t *)out->to)[i], 0);
	k->n = steps.n;
	worker_add_orbit(k, m->sorts_pages || m->moves ? m->orbit_of(k->s) : 1);
}

LOCAL void form_code(const struct search *s, const word_t *x, uint8_t *code)
{
	struct state *t = s->worker->t;
	s->m->unpack(x->w, t);
	memcpy(code, s->m->cells_of(t), s->m->cells);
}

LOCAL word_t form_word(const struct search *s, const uint8_t *code, uint64_t *rank)
{
	word_t x;
	*rank = 0;
	s->m->pack(code, x.w);
	return x;
}

LOCAL orbit_t form_orbit(const struct search *s, const word_t *x)
{
	struct state *t = s->worker->t;
	s->m->unpack(x->w, t);
	return s->m->sorts_pages || s->m->moves ? s->m->orbit_of(t) : 1;
}
