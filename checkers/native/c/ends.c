/* SPDX-License-Identifier: MIT */
/* From which states of a finished search some run leads to a final one: the reverse closure, without the steps in memory.
 *
 * The states that are known to lead there are a second set of the same form and size. The levels are read backwards: most
 * steps lead to a later state, so that few rounds are needed; a round expands the states that are not marked. */
#include <sys/mman.h>
#include "state_set.h"

struct ends {
	struct search *s;
	uint64_t *set;		/* the marked states */
	uint64_t marked;
	uint32_t level, chunk, at;	/* the state before this one is next */
	int is_new, is_closed;	/* something was marked in this round; the last one marked nothing */
};

LOCAL uint64_t ends_key(const struct search *s, const word_t *x)
{
#if DENSE
	uint8_t code[s->m->cells];
	uint64_t rank;
	form_code(s, x, code);
	form_word(s, code, &rank);
	return rank;
#else
	return set_place(s->slots / BUCKET, x);
#endif
}

LOCAL int ends_has(const struct ends *e, const word_t *x, uint64_t key)
{
#if DENSE
	(void)x;
	return e->set[key >> 6] >> (key & 63) & 1;
#else
	return set_has(e->s, e->set, x, key);
#endif
}

LOCAL void ends_mark(struct ends *e, const word_t *x, uint64_t key)
{
#if DENSE
	(void)x;
	set_insert_bit(e->set, key, 0);
#else
	set_insert(e->s, e->set, x, key, 0);
#endif
	e->marked++;
	e->is_new = 1;
}

/* Whether a state is final, or has a step to a marked one. */
LOCAL int ends_leads(struct ends *e, const word_t *x)
{
	struct worker *k = &e->s->worker[0];
	uint8_t code[e->s->m->cells];
	int leads = 0;
	form_expand(k, x, 0);
	for (uint32_t i = 0; i < k->n && !leads; i++)
		leads = ends_has(e, &k->word[i], k->key[i]);
	k->n = 0;
	if (leads)
		return 1;
	form_code(e->s, x, code);
	e->s->m->load(k->s, code);
	return e->s->m->is_final(k->s);
}

/* Go to the state before; returns false at the beginning of the first level. */
LOCAL int ends_back(struct ends *e)
{
	while (!e->at) {
		if (e->chunk)
			e->chunk--;
		else if (e->level) {
			e->level--;
			e->chunk = e->s->kept[e->level].n;
			continue;
		} else
			return 0;
		e->at = e->s->kept[e->level].chunk[e->chunk]->n;
	}
	e->at--;
	return 1;
}

LOCAL void ends_visit(struct ends *e)
{
	const word_t *x = &e->s->kept[e->level].chunk[e->chunk]->state[e->at];
	uint64_t key = ends_key(e->s, x);
	if (!ends_has(e, x, key) && ends_leads(e, x))
		ends_mark(e, x, key);
}

/* -- api.h ------------------------------------------------------------------------------------------------------ */

struct ends *ends_new(struct search *s)
{
	struct ends *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->s = s;
	e->level = s->kept_n;
	e->set = set_reserve(s->set_bytes);
	if (e->set)
		return e;
	free(e);
	return NULL;
}

int ends_run(struct ends *e, double seconds)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	until.tv_nsec += (seconds - (time_t)seconds) * 1e9;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	e->s->until = until;
	for (uint32_t n = 0; !e->is_closed; n++) {
		if (n % BATCH == BATCH - 1 && search_is_late(e->s))
			return 0;
		if (ends_back(e)) {
			ends_visit(e);
			continue;
		}
		e->is_closed = !e->is_new;
		e->is_new = 0;
		e->level = e->s->kept_n;
	}
	return 1;
}

uint64_t ends_stuck(const struct ends *e, uint64_t *state, uint64_t most, uint32_t *depth)
{
	const struct search *s = e->s;
	uint64_t n = 0;
	for (uint32_t at = 0; at < s->kept_n && n < most; at++)
		for (uint32_t i = 0; i < s->kept[at].n && n < most; i++)
			for (uint32_t j = 0; j < s->kept[at].chunk[i]->n && n < most; j++) {
				const word_t *x = &s->kept[at].chunk[i]->state[j];
				if (ends_has(e, x, ends_key(s, x)))
					continue;
				if (!n)
					*depth = at;
				memcpy(state + WORDS * n++, x->w, sizeof(word_t));
			}
	return s->states - e->marked;
}

void ends_free(struct ends *e)
{
	if (!e)
		return;
	munmap(e->set, e->s->set_bytes);
	free(e);
}
