/* The free closure: every page record that can be met, and more.
 *
 * Start from the initial page records; apply every action under every state of pools and devices and every truth of
 * the counts it asks for. What comes out is a superset of all records that can be met, so each has a number that
 * never changes, and multisets of them have a rank. */
/* States of pools and devices that look alike to an instance. */
struct class {
	uint32_t rest, records_done;
};

struct progress {
	struct class *class;
	uint32_t classes, room, rests_done;
};

struct closing {
	struct tables *t;
	uint64_t tries, most_tries;
	struct state *s, *after;
	int16_t *counts;
};

/* Take an instance on a record, under every truth of the counts it asks for. */
static void try_all(struct closing *c, const struct instance *i, uint32_t rest, uint32_t record)
{
	const struct model *m = c->t->m;
	struct tables *t = c->t;
	uint32_t at[64] = { 0 }, n = i->counts_n;
	if (n > 64) {
		t->failed = "an action that asks for too many counts";
		return;
	}
	for (;;) {
		for (uint32_t k = 0; k < n; k++) {
			const struct count *q = &m->count[i->counts[k]];
			c->counts[i->counts[k]] = at[k] ? m->lane[q->lane + at[k] - 1].threshold : 0;
		}
		m->load_one(c->s, bytes_of(&t->records, record), bytes_of(&t->rests, rest), c->counts);
		if (m->take(i->action, c->s, c->after, i->args) == 1) {
			const uint8_t *cells = m->cells_of(c->after);
			if (i->paged)
				number_of(t, &t->records, cells);
			if (i->writes_rest)
				number_of(t, &t->rests, cells + m->pages * m->record);
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

/* Put a state of pools and devices into its class. */
static void classify(struct tables *t, const struct instance *i, struct progress *p, uint32_t rest)
{
	const uint8_t *own = bytes_of(&t->rests, rest);
	for (uint32_t k = 0; !i->writes_rest && k < p->classes; k++) {
		const uint8_t *other = bytes_of(&t->rests, p->class[k].rest);
		uint32_t r = 0;
		while (r < i->reads_n && own[i->reads[r]] == other[i->reads[r]])
			r++;
		if (r == i->reads_n)
			return;
	}
	if (p->classes == p->room) {
		p->room = p->room ? p->room * 2 : 8;
		p->class = got(t, realloc(p->class, p->room * sizeof *p->class));
	}
	p->class[p->classes++] = (struct class){ rest, 0 };
}

/* Everything an instance can do that was not tried yet. */
static void advance(struct closing *c, const struct instance *i, struct progress *p)
{
	struct tables *t = c->t;
	for (; p->rests_done < t->rests.n; p->rests_done++)
		classify(t, i, p, p->rests_done);
	for (uint32_t k = 0; k < p->classes && !t->failed; k++) {
		uint32_t until = i->paged ? t->records.n : 1;
		for (; p->class[k].records_done < until && !t->failed; p->class[k].records_done++)
			try_all(c, i, p->class[k].rest, p->class[k].records_done);
	}
}

static void close_tables(struct tables *t, uint64_t most_tries)
{
	const struct model *m = t->m;
	struct closing c = { t, 0, most_tries };
	struct progress *p = got(t, calloc(m->instances + 1, sizeof *p));
	c.s = got(t, calloc(1, m->size));
	c.after = got(t, calloc(1, m->size));
	c.counts = got(t, calloc(m->counts + 1, sizeof *c.counts));
	for (uint32_t n = 0; n < m->initials; n++) {
		const uint8_t *code = m->initial + (size_t)n * m->cells;
		for (uint32_t page = 0; page < m->pages; page++)
			number_of(t, &t->records, code + page * m->record);
		number_of(t, &t->rests, code + m->pages * m->record);
	}
	for (uint32_t before = 0; before != t->records.n + t->rests.n && !t->failed; ) {
		before = t->records.n + t->rests.n;
		for (uint32_t n = 0; n < m->instances; n++)
			advance(&c, &m->instance[n], &p[n]);
	}
	for (uint32_t n = 0; n < m->instances; n++)
		free(p[n].class);
	free(p);
	free(c.s);
	free(c.after);
	free(c.counts);
}
