/* SPDX-License-Identifier: MIT */
/* The graph of a finished search that has kept all its levels: its states by number, and the steps between them. */
#include "state_set.h"

/* A state and its number; sorted by state, so that the target of a step is found. */
struct graph_entry {
	word_t x;
	uint32_t n;
};

/* States are numbered in the order of the levels. */
struct graph {
	struct search *s;
	word_t *state;
	struct graph_entry *sorted;
	uint32_t n;
};

LOCAL int graph_order(const void *a, const void *b)
{
	const word_t *x = &((const struct graph_entry *)a)->x, *y = &((const struct graph_entry *)b)->x;
	return word_less(x, y) ? -1 : word_less(y, x);
}

LOCAL uint32_t graph_find(const struct graph *g, const word_t *x)
{
	struct graph_entry wanted = { .x = *x };
	const struct graph_entry *found = bsearch(&wanted, g->sorted, g->n, sizeof wanted, graph_order);
	return found ? found->n : g->n;
}

LOCAL void graph_fill(struct graph *g)
{
	const struct search *s = g->s;
	uint32_t n = 0;
	for (uint32_t at = 0; at < s->kept_n; at++)
		for (uint32_t i = 0; i < s->kept[at].n; i++)
			for (uint32_t j = 0; j < s->kept[at].chunk[i]->n; j++, n++) {
				g->state[n] = s->kept[at].chunk[i]->state[j];
				g->sorted[n] = (struct graph_entry){ g->state[n], n };
			}
	qsort(g->sorted, n, sizeof *g->sorted, graph_order);
}

/* -- api.h ------------------------------------------------------------------------------------------------------ */

struct graph *graph_new(struct search *s)
{
	struct graph *g = s->states < UINT32_MAX ? calloc(1, sizeof *g) : NULL;
	if (!g)
		return NULL;
	g->s = s;
	g->n = s->states;
	g->state = calloc(g->n + 1, sizeof *g->state);
	g->sorted = calloc(g->n + 1, sizeof *g->sorted);
	if (g->state && g->sorted) {
		graph_fill(g);
		return g;
	}
	graph_free(g);
	return NULL;
}

uint64_t graph_steps(struct graph *g, uint32_t *from, uint32_t *pairs, uint64_t room)
{
	struct worker *k = &g->s->worker[0];
	uint64_t n = 0;
	for (; *from < g->n && n + g->s->m->steps <= room; ++*from) {
		form_expand(k, &g->state[*from], 0);
		for (uint32_t i = 0; i < k->n; i++) {
			pairs[2 * n] = *from;
			pairs[2 * n++ + 1] = graph_find(g, &k->word[i]);
		}
		k->n = 0;
	}
	return n;
}

void graph_final(const struct graph *g, uint8_t *is_final)
{
	struct worker *k = &g->s->worker[0];
	uint8_t code[g->s->m->cells];
	for (uint32_t i = 0; i < g->n; i++) {
		form_code(g->s, &g->state[i], code);
		g->s->m->load(k->s, code);
		is_final[i] = g->s->m->is_final(k->s);
	}
}

uint32_t graph_state(const struct graph *g, uint32_t n, uint64_t *state)
{
	uint32_t depth = 0;
	uint64_t below = g->s->kept[0].states;
	memcpy(state, g->state[n].w, sizeof(word_t));
	while (n >= below)
		below += g->s->kept[++depth].states;
	return depth;
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	free(g->state);
	free(g->sorted);
	free(g);
}
