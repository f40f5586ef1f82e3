/* Expanding with tables: a state's row, the cells of its pages, and judging what they could not rule out. */
static void code_of(const struct search *s, const word_t *x, uint8_t *code);

/* Judge claims on the whole state, and on every step from it. */
static __attribute__((noinline)) void judge_whole(struct worker *k, const word_t *x, claims_t asked, int moved)
{
	const struct model *m = k->search->m;
	claims_t stuck = (claims_t)1 << m->claims, steps = asked & m->every_step, hit;
	uint8_t code[m->cells];
	code_of(k->search, x, code);
	m->load(k->s, code);
	hit = m->judge(asked & ~steps & ~stuck, k->s, k->s, PAGES);
	if (!moved && asked & stuck && !m->is_final(k->s))
		hit |= stuck;
	if (asked & WRONG_STEP)
		fail(k, x);
	for (uint32_t n = 0; n < m->instances && steps; n++) {
		const struct instance *i = &m->instance[n];
		int args[6];
		memcpy(args, i->args, sizeof args);
		for (int page = 1; page <= (i->paged ? PAGES : 1); page++) {
			if (i->paged)
				args[i->page_at] = page;
			if (m->take(i->action, k->s, k->t, args) == 1)
				hit |= m->judge(steps, k->s, k->t, PAGES);
		}
	}
	if (hit)
		note(k, hit, x);
}

ALWAYS void visit(struct worker *k, uint32_t id)
{
	k->visits[id]++;
}

ALWAYS struct row *row_of(struct tables *t, uint32_t rest, const uint64_t *key)
{
	struct rows *rows = __atomic_load_n(&t->rows, __ATOMIC_ACQUIRE);
	for (uint64_t h = row_hash(rest, key, LANE_WORDS);; h++) {
		struct row *row = __atomic_load_n(&rows->slot[h & rows->mask], __ATOMIC_ACQUIRE);
		if (__builtin_expect(!row, 0))
			return t->row(t, rest, key);
		if (same_row(row, rest, key, LANE_WORDS))
			return row;
	}
}

ALWAYS struct cell *cell_of(struct tables *t, struct row *row, uint32_t record)
{
	struct cell *cell = &row->cell[record];
	if (__builtin_expect(!__atomic_load_n(&cell->id, __ATOMIC_ACQUIRE), 0))
		t->fill(t, row, record);
	return cell;
}

/* What is known of the state being expanded. */
struct here {
	struct row *row;
	claims_t suspects;
	int moved, suspect;
};

/* The row of a state whose records are given. */
ALWAYS struct here arrive(struct worker *k, const uint32_t *id, uint32_t rest)
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
	struct row *row = row_of(t, rest, sum);
	visit(k, row->id);
	return (struct here){ row, 0, row->moved, row->suspect };
}

/* The cell of one page of it. */
ALWAYS const struct cell *meet(struct worker *k, struct here *h, uint32_t record)
{
	struct cell *cell = cell_of(k->search->t, h->row, record);
	visit(k, cell->id);
	h->moved |= cell->moved;
	h->suspect |= cell->suspect;
	return cell;
}

static __attribute__((noinline)) claims_t suspects_of(const struct worker *k, const struct here *h, const uint32_t *id)
{
	const struct tables *t = k->search->t;
	claims_t claims = info_of(t, h->row->id)->suspects;
	for (int p = 0; p < PAGES; p++)
		claims |= info_of(t, h->row->cell[id[p]].id)->suspects;
	return claims;
}

/* Copy what a page can become behind what is gathered already: one loop over all steps of a state is predicted better
 * than one a page. Lists are padded to whole strides. */
ALWAYS uint32_t gather(const struct cell *cell, uint32_t page, uint32_t *restrict to, uint32_t *restrict of, uint32_t at)
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

/* What a packed state is changed by when pools and devices are, and what its rank grows by. */
ALWAYS num_t rest_changed(const struct search *s, uint32_t rest, uint32_t to)
{
	return (num_t)(rest ^ rest_in(to)) << rest_at(s);
}

ALWAYS uint64_t rank_risen(const struct search *s, uint32_t rest, uint32_t to)
{
	return ((uint64_t)rest_in(to) - rest) * s->per_rest;
}

/* Take the steps of pools and devices alone. */
ALWAYS void step_rests(struct steps *steps, const struct search *s, const struct row *row, uint32_t rest, num_t n,
		       uint64_t rank)
{
	for (uint32_t i = 0; i < row->n; i++)
		step_to(steps, word(n ^ rest_changed(s, rest, row->to[i])), rank + rank_risen(s, rest, row->to[i]));
}

/* Judge what the tables could not rule out. */
ALWAYS void leave(struct worker *k, const struct here *h, const uint32_t *id, const word_t *x, claims_t asked)
{
	const struct model *m = k->search->m;
	claims_t claims = m->untold & asked;
	if (__builtin_expect(h->suspect, 0))
		claims |= suspects_of(k, h, id) & (asked | m->every_step);
	if (__builtin_expect(!h->moved, 0))
		claims |= (claims_t)1 << m->claims & asked;
	if (__builtin_expect(claims != 0, 0))
		judge_whole(k, x, claims, h->moved);
}
