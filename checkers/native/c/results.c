/* SPDX-License-Identifier: MIT */
/* What a paused search reports: counts, finds, the frontier, predecessors. */
#include "state_set.h"

/* Add up transitions: from the visits of cells and rows, or as evaluated code has counted them. */
LOCAL void search_add_fired(const struct search *s, uint64_t *transitions, uint64_t *fired)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		for (uint32_t a = 0; a < s->m->actions; a++) {
			fired[a] += k->out.fired[a];
			*transitions += k->out.fired[a];
		}
		for (uint64_t id = 1; IS_TABLED && id <= s->t->ids; id++)
			if (k->visits[id]) {
				const struct info *info = tables_info(s->t, id);
				*transitions += k->visits[id] * info->transitions;
				for (uint32_t a = 0; a < s->m->actions; a++)
					fired[a] += k->visits[id] * info->fired[a];
			}
	}
}

/* States that are stored and not expanded. */
LOCAL uint64_t search_frontier(const struct search *s)
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

void search_report(const struct search *s, struct search_report *r, uint64_t *fired)
{
	orbit_t orbits = 0;
	memset(r, 0, sizeof *r);
	memcpy(fired, s->fired, s->m->actions * sizeof *fired);
	r->transitions = s->transitions;
	search_add_fired(s, &r->transitions, fired);
	for (uint32_t i = 0; i < s->workers; i++)
		orbits += s->worker[i].orbits;
	r->states = s->states;
	r->frontier = search_frontier(s);
	r->orbits_low = orbits;
	r->orbits_high = orbits >> 64;
	r->set_bytes = s->set_bytes;
	r->bytes = s->set_bytes + search_beside_set(s);
	r->depth = s->depth;
}

int search_found(const struct search *s, uint32_t claim, uint64_t *state)
{
	const word_t *least = s->found >> claim & 1 ? &s->found_state[claim] : NULL;
	for (uint32_t i = 0; i < s->workers && !(s->found >> claim & 1); i++) {
		const struct finds *f = &s->worker[i].finds;
		if (f->hit >> claim & 1 && (!least || word_less(&f->least[claim], least)))
			least = &f->least[claim];
	}
	if (!least)
		return -1;
	memcpy(state, least->w, sizeof(word_t));
	return s->found >> claim & 1 ? s->found_depth[claim] : s->depth;
}

int search_failed(const struct search *s, uint64_t *state)
{
	const struct worker *least = NULL;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		if (k->has_failed && (!least || word_less(&k->failed, &least->failed)))
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
	form_code(s, &x, code);
}

/* -- the frontier of a stopped search ----------------------------------------------------------------------------------------- */

/* Check a state that was not expanded, and count its unreduced states. */
LOCAL void search_check_state(struct search *s, const word_t *x, claims_t asked, struct finds *finds)
{
	struct worker *k = &s->worker[0];
	uint8_t code[s->m->cells];
	form_code(s, x, code);
	s->m->load(k->s, code);
	claims_t hit = s->m->judge(asked, k->s, k->s, PAGES);
	if (hit)
		finds_add(s->m, finds, hit, x);
	worker_add_orbit(k, form_orbit(s, x));
}

LOCAL void search_check_chunk(struct search *s, const struct chunk *c, uint32_t from, claims_t asked, struct finds *finds)
{
	for (uint32_t i = from; i < c->n; i++)
		search_check_state(s, &c->state[i], asked, finds);
}

void search_check_frontier(struct search *s)
{
	struct finds later = { 0 };
	claims_t asked = ~s->found & ~s->m->every_step & (((claims_t)1 << s->m->claims) - 1);
	for (uint32_t i = 0; i < s->workers; i++)
		if (s->worker[i].chunk)
			search_check_chunk(s, s->worker[i].chunk, s->worker[i].at, asked, &s->worker[0].finds);
	for (uint32_t i = s->taken; i < s->level.n; i++)
		search_check_chunk(s, s->level.chunk[i], 0, asked, &s->worker[0].finds);
	search_merge_finds(s);
	for (uint32_t i = 0; i < s->workers; i++)
		for (uint32_t n = 0; n < s->worker[i].next.n; n++)
			search_check_chunk(s, s->worker[i].next.chunk[n], 0, asked & ~s->found, &later);
	for (uint32_t c = 0; c < s->m->claims; c++)
		if (later.hit >> c & 1) {
			s->found |= (claims_t)1 << c;
			s->found_depth[c] = s->depth + 1;
			s->found_state[c] = later.least[c];
		}
}

/* -- predecessors -------------------------------------------------------------------------------------------------- */

void search_back(struct search *s, uint32_t level, uint32_t n, const uint64_t *state, uint64_t *from)
{
	struct worker *k = &s->worker[0];
	const word_t *to = (const word_t *)state;
	word_t *least = (word_t *)from;
	char known[n];
	memset(known, 0, n);
	const struct level *l = level < s->kept_n ? &s->kept[level] : &s->level;
	for (uint32_t i = 0; i < l->n; i++) {
		const struct chunk *c = l->chunk[i];
		for (uint32_t at = 0; at < c->n; at++) {
			form_expand(k, &c->state[at], 0);
			for (uint32_t j = 0; j < k->n; j++)
				for (uint32_t t = 0; t < n; t++)
					if (word_same(&k->word[j], &to[t]) && (!known[t] || word_less(&c->state[at], &least[t]))) {
						least[t] = c->state[at];
						known[t] = 1;
					}
			k->n = 0;
		}
	}
}
