/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "closure.h"

/* States of pools and devices that differ only in cells which an instance does not read. */
struct rest_class {
	uint32_t rest, records_done;
};

struct instance_progress {
	struct rest_class *class;
	uint32_t classes, room, rests_done;
};

struct closure {
	struct tables *t;
	uint64_t tries, most_tries;
	struct state *s, *after;
	int16_t *counts;
};

/* Take an instance on a record, under every truth of the counts that it uses. */
LOCAL void closure_try_all(struct closure *c, const struct instance *i, uint32_t rest, uint32_t record)
{
	const struct model *m = c->t->m;
	struct tables *t = c->t;
	uint32_t at[64] = { 0 }, n = i->counts_n;
	if (n > 64) {
		t->failed = "an action that uses too many counts";
		return;
	}
	for (;;) {
		for (uint32_t k = 0; k < n; k++) {
			const struct count *q = &m->count[i->counts[k]];
			c->counts[i->counts[k]] = at[k] ? m->lane[q->lane + at[k] - 1].threshold : 0;
		}
		m->load_one(c->s, intern_bytes(&t->records, record), intern_bytes(&t->rests, rest), c->counts);
		if (m->take(i->action, c->s, c->after, i->args) == 1) {
			const uint8_t *cells = m->cells_of(c->after);
			if (i->paged)
				tables_intern(t, &t->records, cells);
			if (i->writes_rest)
				tables_intern(t, &t->rests, cells + m->pages * m->record);
		}
		if (++c->tries > c->most_tries)
			t->failed = "a closure that takes too long";
		uint32_t k = 0;
		while (k < n && at[k] == m->count[i->counts[k]].lanes)
			at[k++] = 0;
		if (k == n || t->failed)
			break;
		at[k]++;
	}
	for (uint32_t k = 0; k < n; k++)
		c->counts[i->counts[k]] = 0;
}

/* Find the class of a state of pools and devices, or make it one of its own. */
LOCAL void closure_classify(struct tables *t, const struct instance *i, struct instance_progress *p, uint32_t rest)
{
	const uint8_t *own = intern_bytes(&t->rests, rest);
	for (uint32_t k = 0; !i->writes_rest && k < p->classes; k++) {
		const uint8_t *other = intern_bytes(&t->rests, p->class[k].rest);
		uint32_t r = 0;
		while (r < i->reads_n && own[i->reads[r]] == other[i->reads[r]])
			r++;
		if (r == i->reads_n)
			return;
	}
	if (p->classes == p->room) {
		p->room = p->room ? p->room * 2 : 8;
		p->class = tables_checked(t, realloc(p->class, p->room * sizeof *p->class));
	}
	p->class[p->classes++] = (struct rest_class){ rest, 0 };
}

/* Take an instance on all records and classes on which it was not taken yet. */
LOCAL void closure_advance(struct closure *c, const struct instance *i, struct instance_progress *p)
{
	struct tables *t = c->t;
	for (; p->rests_done < t->rests.n; p->rests_done++)
		closure_classify(t, i, p, p->rests_done);
	for (uint32_t k = 0; k < p->classes && !t->failed; k++) {
		uint32_t until = i->paged ? t->records.n : 1;
		for (; p->class[k].records_done < until && !t->failed; p->class[k].records_done++)
			closure_try_all(c, i, p->class[k].rest, p->class[k].records_done);
	}
}

LOCAL void closure_run(struct tables *t, uint64_t most_tries)
{
	const struct model *m = t->m;
	struct closure c = { .t = t, .most_tries = most_tries };
	struct instance_progress *p = tables_checked(t, calloc(m->instances + 1, sizeof *p));
	c.s = tables_checked(t, calloc(1, m->size));
	c.after = tables_checked(t, calloc(1, m->size));
	c.counts = tables_checked(t, calloc(m->counts + 1, sizeof *c.counts));
	for (uint32_t n = 0; n < m->initials; n++) {
		const uint8_t *code = m->initial + (size_t)n * m->cells;
		for (uint32_t page = 0; page < m->pages; page++)
			tables_intern(t, &t->records, code + page * m->record);
		tables_intern(t, &t->rests, code + m->pages * m->record);
	}
	for (uint32_t before = 0; before != t->records.n + t->rests.n && !t->failed; ) {
		before = t->records.n + t->rests.n;
		for (uint32_t n = 0; n < m->instances; n++)
			closure_advance(&c, &m->instance[n], &p[n]);
	}
	for (uint32_t n = 0; n < m->instances; n++)
		free(p[n].class);
	free(p);
	free(c.s);
	free(c.after);
	free(c.counts);
}
