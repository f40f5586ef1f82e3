/* What a paused search tells: what it has seen, what waits unexpanded, and the way back to what was found. */

/* -- what was seen ------------------------------------------------------------------------------------------------- */

/* What a search has seen so far. */
struct report {
	uint64_t states, transitions, orbits_low, orbits_high, frontier, set_bytes, bytes;
	uint32_t depth, is_found[4];
};

/* Count what was taken: from the visits of cells and rows, or as it was counted on the way. */
static void add_fired(const struct search *s, uint64_t *transitions, uint64_t *fired)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		for (uint32_t a = 0; a < s->m->actions; a++) {
			fired[a] += k->out.fired[a];
			*transitions += k->out.fired[a];
		}
		for (uint64_t id = 1; IS_TABLED && id <= s->t->ids; id++)
			if (k->visits[id]) {
				const struct info *info = info_of(s->t, id);
				*transitions += k->visits[id] * info->transitions;
				for (uint32_t a = 0; a < s->m->actions; a++)
					fired[a] += k->visits[id] * info->fired[a];
			}
	}
}

/* States that were found and not expanded yet. */
static uint64_t waiting(const struct search *s)
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

void search_report(const struct search *s, struct report *r, uint64_t *fired)
{
	orbit_t orbits = 0;
	memset(r, 0, sizeof *r);
	memcpy(fired, s->fired, s->m->actions * sizeof *fired);
	r->transitions = s->transitions;
	add_fired(s, &r->transitions, fired);
	for (uint32_t i = 0; i < s->workers; i++)
		orbits += s->worker[i].orbits;
	r->states = s->states;
	r->frontier = waiting(s);
	r->orbits_low = orbits;
	r->orbits_high = orbits >> 64;
	r->set_bytes = s->set_bytes;
	r->bytes = s->set_bytes + beside_the_set(s);
	r->depth = s->depth;
}

/* Where a claim was found: its depth, and the state; -1 if it was not. What the level that is being searched has shown
 * counts too. */
int search_found(const struct search *s, uint32_t claim, uint64_t *state)
{
	const word_t *least = s->found >> claim & 1 ? &s->found_state[claim] : NULL;
	for (uint32_t i = 0; i < s->workers && !(s->found >> claim & 1); i++) {
		const struct finds *f = &s->worker[i].finds;
		if (f->hit >> claim & 1 && (!least || less(&f->least[claim], least)))
			least = &f->least[claim];
	}
	if (!least)
		return -1;
	memcpy(state, least->w, sizeof(word_t));
	return s->found >> claim & 1 ? s->found_depth[claim] : s->depth;
}

/* The least state in which an action left the bounds of a field. */
int search_failed(const struct search *s, uint64_t *state)
{
	const struct worker *least = NULL;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		if (k->has_failed && (!least || less(&k->failed, &least->failed)))
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
	code_of(s, &x, code);
}

/* -- what was not expanded ----------------------------------------------------------------------------------------- */

/* Judge a state that was not expanded, and count what it stands for. */
static void look_at(struct search *s, const word_t *x, claims_t asked, struct finds *finds)
{
	struct worker *k = &s->worker[0];
	uint8_t code[s->m->cells];
	code_of(s, x, code);
	s->m->load(k->s, code);
	claims_t hit = s->m->judge(asked, k->s, k->s, PAGES);
	if (hit)
		keep_least(s->m, finds, hit, x);
	add_orbit(k, orbit_of(s, x));
}

static void look_at_chunk(struct search *s, const struct chunk *c, uint32_t from, claims_t asked, struct finds *finds)
{
	for (uint32_t i = from; i < c->n; i++)
		look_at(s, &c->state[i], asked, finds);
}

/* Ask of the states that a stopped search did not expand what it asked of the others; after this it cannot go on. */
void search_look(struct search *s)
{
	struct finds later = { 0 };
	claims_t asked = ~s->found & ~s->m->every_step & (((claims_t)1 << s->m->claims) - 1);
	for (uint32_t i = 0; i < s->workers; i++)
		if (s->worker[i].chunk)
			look_at_chunk(s, s->worker[i].chunk, s->worker[i].at, asked, &s->worker[0].finds);
	for (uint32_t i = s->taken; i < s->level.n; i++)
		look_at_chunk(s, s->level.chunk[i], 0, asked, &s->worker[0].finds);
	merge_finds(s);
	for (uint32_t i = 0; i < s->workers; i++)
		for (uint32_t n = 0; n < s->worker[i].next.n; n++)
			look_at_chunk(s, s->worker[i].next.chunk[n], 0, asked & ~s->found, &later);
	for (uint32_t c = 0; c < s->m->claims; c++)
		if (later.hit >> c & 1) {
			s->found |= (claims_t)1 << c;
			s->found_depth[c] = s->depth + 1;
			s->found_state[c] = later.least[c];
		}
}

/* -- the way back -------------------------------------------------------------------------------------------------- */

/* For each of n states the least one that leads to it, of a kept level or of the one after the last kept. */
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
			expand(k, &c->state[at], 0);
			for (uint32_t j = 0; j < k->n; j++)
				for (uint32_t t = 0; t < n; t++)
					if (same(&k->word[j], &to[t]) && (!known[t] || less(&c->state[at], &least[t]))) {
						least[t] = c->state[at];
						known[t] = 1;
					}
			k->n = 0;
		}
	}
}
