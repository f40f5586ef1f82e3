/* Any symmetry: the least form over all permutations of pools and devices, its records sorted if pages are symmetric. */
ALWAYS uint32_t split(const struct search *s, const word_t *x, uint32_t *id)
{
	num_t n = num(*x);
	for (int p = 0; p < PAGES; p++, n >>= s->bits_each)
		id[p] = (uint32_t)n & ((1u << s->bits_each) - 1);
	return (uint32_t)n;
}

/* One form of a state: its records sorted, under one permutation. */
ALWAYS num_t form(const struct search *s, int move, const uint32_t *id, uint32_t rest)
{
	const struct tables *t = s->t;
	uint32_t moved[PAGES];
	num_t n = move < 0 ? rest : t->rest_to[move * t->rests.n + rest];
	for (int p = 0; p < PAGES; p++)
		moved[p] = move < 0 ? id[p] : t->record_to[move * t->records.n + id[p]];
	if (SORTED)
		sort(moved);
	for (int p = PAGES; p--; )
		n = n << s->bits_each | moved[p];
	return n;
}

static word_t joined(const struct search *s, const uint32_t *id, uint32_t rest, uint64_t *rank)
{
	num_t least = form(s, -1, id, rest);
	for (int m = 0; m < MOVES; m++) {
		num_t other = form(s, m, id, rest);
		least = other < least ? other : least;
	}
	word_t x = word(least);
	uint32_t made[PAGES];
	*rank = split(s, &x, made) * s->per_rest;
	for (int p = 0; DENSE && p < PAGES; p++)
		*rank += SORTED ? rank_at(s, p, made[p]) : made[p] * s->power[p];
	return x;
}

/* The group's order over the stabiliser's. */
static orbit_t orbit_of(const struct search *s, const word_t *x)
{
	uint32_t id[PAGES], rest = split(s, x, id), fixing = 1;
	for (int m = 0; m < MOVES; m++)
		fixing += form(s, m, id, rest) == num(*x);
	return (SORTED ? namings(id) : 1) * ((MOVES + 1) / fixing);
}

ALWAYS void expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = split(s, x, id);
	struct here h = arrive(k, id, rest);
	struct steps steps = steps_of(k);
	uint64_t rank;
	word_t y;
	for (int p = 0; p < PAGES; p++) {
		if (SORTED && p && id[p] == id[p - 1])
			continue;
		const struct cell *cell = meet(k, &h, id[p]);
		uint32_t own = id[p];
		for (uint32_t i = 0; i < cell->n; i++) {
			id[p] = record_in(cell->to[i]);
			y = joined(s, id, rest_in(cell->to[i]), &rank);
			step_to(&steps, y, rank);
		}
		id[p] = own;
	}
	for (uint32_t i = 0; i < h.row->n; i++) {
		y = joined(s, id, rest_in(h.row->to[i]), &rank);
		step_to(&steps, y, rank);
	}
	k->n = steps.n;
	leave(k, &h, id, x, asked);
	add_orbit(k, orbit_of(s, x));
}
