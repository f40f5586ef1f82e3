/* SPDX-License-Identifier: MIT */
/* Levels, threads and budgets. */
#include <sys/mman.h>
#include "state_set.h"

/* -- one level on some threads --------------------------------------------------------------------------------------- */

LOCAL int search_is_late(const struct search *s)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > s->until.tv_sec || (now.tv_sec == s->until.tv_sec && now.tv_nsec > s->until.tv_nsec);
}

/* Publish how many states are new, and what memory was taken or given back; returns the number of all states. At the end
 * of a level everything is published: what a thread gives back later was counted before. */
INLINE uint64_t worker_publish(struct worker *k)
{
	uint64_t states = k->states;
	k->next.states += states;
	__atomic_add_fetch(&k->search->level_bytes, k->bytes, __ATOMIC_RELAXED);
	k->bytes = 0;
	k->states = 0;
	k->flushes = 0;
	return __atomic_add_fetch(&k->search->states, states, __ATOMIC_RELAXED);
}

/* Publish now and then, and look whether to go on. Returns an enum search_stop. */
INLINE int worker_check(struct worker *k)
{
	struct search *s = k->search;
	if (!s->max_states && k->states < AT_ONCE && ++k->flushes < 16)
		return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
	uint64_t states = worker_publish(k);
	int why = STOP_NONE;
	if (s->max_states && states >= s->max_states)
		why = STOP_STATES;
	else if (!DENSE && states + set_slack(s) >= s->grow_at)
		why = STOP_GROW;
	else if (++k->checks % 8 == 0) {
		if (s->max_bytes && s->set_bytes + search_beside_set(s) > s->max_bytes)
			why = STOP_MEMORY;
		else if (search_is_late(s))
			why = STOP_SLICE;
	}
	if (why != STOP_NONE)
		__atomic_store_n(&s->stop, why, __ATOMIC_RELAXED);
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
}

/* Take the next chunk of the level; returns false if there is none. */
LOCAL int worker_take_chunk(struct worker *k)
{
	struct search *s = k->search;
	k->number = __atomic_fetch_add(&s->taken, 1, __ATOMIC_RELAXED);
	if (k->number >= s->level.n)
		return 0;
	k->chunk = s->level.chunk[k->number];
	k->at = 0;
	return 1;
}

INLINE int search_keeps_level(const struct search *s)
{
	return s->keep_from >= 0 && s->ended >= (uint32_t)s->keep_from;
}

/* The chunk is expanded: free it, unless its level is kept for traces. */
LOCAL void worker_leave_chunk(struct worker *k)
{
	if (!search_keeps_level(k->search)) {
		free(k->chunk);
		k->search->level.chunk[k->number] = NULL;
		k->bytes -= sizeof *k->chunk;
	}
	k->chunk = NULL;
}

/* Expand chunk after chunk, until the level is done or a worker stops the search. */
INLINE void worker_run(struct worker *k, int parallel)
{
	const claims_t asked = ~k->search->found;
	int stop = STOP_NONE;
	while (stop == STOP_NONE && (k->chunk || worker_take_chunk(k))) {
		const struct chunk *c = k->chunk;
		while (k->at < c->n && stop == STOP_NONE) {
			while (k->at < c->n && k->n < BATCH)
				form_expand(k, &c->state[k->at++], asked);
			steps_flush(k, parallel);
			stop = worker_check(k);
		}
		if (k->at == c->n)
			worker_leave_chunk(k);
	}
	worker_publish(k);
}

LOCAL void *worker_run_alone(void *k) { worker_run(k, 0); return NULL; }
LOCAL void *worker_run_beside(void *k) { worker_run(k, 1); return NULL; }

/* Expand the level with as many threads as are worth it. */
LOCAL void search_expand_level(struct search *s)
{
	uint32_t n = s->level.n > s->taken + 2 ? s->workers : 1;
	for (uint32_t i = 1; i < s->workers; i++)
		if (s->worker[i].chunk)
			n = s->workers;
	void *(*work_here)(void *) = n > 1 ? worker_run_beside : worker_run_alone;
	for (uint32_t i = 1; i < n; i++)
		if (pthread_create(&s->worker[i].thread, NULL, worker_run_beside, &s->worker[i]))
			n = i;	/* no more threads: the others do the work */
	work_here(&s->worker[0]);
	for (uint32_t i = 1; i < n; i++)
		pthread_join(s->worker[i].thread, NULL);
}

LOCAL int search_level_is_done(const struct search *s)
{
	int busy = s->taken < s->level.n;
	for (uint32_t i = 0; i < s->workers; i++)
		busy |= s->worker[i].chunk != NULL;
	return !busy;
}

LOCAL void finds_add(const struct model *m, struct finds *f, claims_t hit, const word_t *x)
{
	for (uint32_t c = 0; c <= m->claims; c++)
		if (hit >> c & 1) {
			if (!(f->hit >> c & 1) || word_less(x, &f->least[c]))
				f->least[c] = *x;
			f->hit |= (claims_t)1 << c;
		}
}

LOCAL void worker_find(struct worker *k, claims_t hit, const word_t *x)
{
	finds_add(k->search->m, &k->finds, hit, x);
}

LOCAL void worker_fail(struct worker *k, const word_t *x)
{
	if (!k->has_failed || word_less(x, &k->failed))
		k->failed = *x;
	k->has_failed = 1;
}

/* Take over what the workers found in a level; of several states for a claim the least. */
LOCAL void search_merge_finds(struct search *s)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		struct finds *f = &s->worker[i].finds;
		for (uint32_t c = 0; c <= s->m->claims; c++) {
			claims_t bit = (claims_t)1 << c;
			int is_new = !(s->found & bit);
			if (!(f->hit & bit))
				continue;
			if (is_new || (s->found_depth[c] == s->depth && word_less(&f->least[c], &s->found_state[c])))
				s->found_state[c] = f->least[c];
			if (is_new)
				s->found_depth[c] = s->depth;
			s->found |= bit;
		}
		f->hit = 0;
	}
}

/* Keep the level for traces; without memory the search is short, and false is returned. */
LOCAL int search_keep_level(struct search *s)
{
	struct level *kept = realloc(s->kept, (s->kept_n + 1) * sizeof *kept);
	if (!kept) {
		s->is_short = 1;
		return 0;
	}
	s->kept = kept;
	s->kept[s->kept_n++] = s->level;
	return 1;
}

/* Make what the workers found the next level. */
LOCAL void search_end_level(struct search *s)
{
	struct level next = { 0 };
	search_merge_finds(s);
	for (uint32_t i = 0; i < s->workers; i++) {
		struct level *l = &s->worker[i].next;
		for (uint32_t n = 0; n < l->n; n++)
			if (!level_add(&next, l->chunk[n])) {
				free(l->chunk[n]);
				s->is_short = 1;
			}
		next.states += l->states;
		free(l->chunk);
		memset(l, 0, sizeof *l);
		s->worker[i].open = NULL;
	}
	if (!search_keeps_level(s) || !search_keep_level(s))
		level_free(&s->level);
	if (s->t && s->t->asked & s->found) {
		s->t->asked = ~s->found;
		s->t->refresh(s->t);
	}
	s->level = next;
	s->taken = 0;
	s->ended++;
	s->depth += next.states != 0;
}

/* -- api.h ------------------------------------------------------------------------------------------------------ */

int search_run(struct search *s, double seconds, uint64_t max_states, uint64_t max_bytes, uint32_t max_depth,
	       uint64_t until_low, uint64_t until_high)
{
	claims_t until = (claims_t)until_high << 64 | until_low;
	clock_gettime(CLOCK_MONOTONIC, &s->until);
	s->until.tv_sec += (time_t)seconds;
	s->until.tv_nsec += (seconds - (time_t)seconds) * 1e9;
	if (s->until.tv_nsec >= 1000000000) {
		s->until.tv_sec++;
		s->until.tv_nsec -= 1000000000;
	}
	s->max_states = max_states;
	s->max_bytes = max_bytes;
	worker_publish(&s->worker[0]);	/* the initial states, or those of a file */
	for (;;) {
		s->stop = STOP_NONE;
		if (!DENSE && s->states + set_slack(s) >= s->grow_at && !set_grow(s))
			return STOP_MEMORY;
		search_expand_level(s);
		int stop = s->stop;
		for (uint32_t i = 0; i < s->workers; i++)
			if (s->worker[i].has_failed)
				return STOP_FAILED;
		if (search_is_short(s))
			return STOP_MEMORY;
		if (search_level_is_done(s)) {
			search_end_level(s);
			if (!s->level.states)
				return STOP_FINISHED;
			if (s->found & until)
				return STOP_FOUND;
			if (max_depth && s->ended == max_depth)
				return STOP_FINISHED;
		}
		if (stop != STOP_NONE && stop != STOP_GROW)
			return stop;
	}
}

#if IS_TABLED
/* The rank of sorted records is the sum of choose(record + place, place + 1), the combinatorial number system. Returns
 * false if there is no memory. */
LOCAL int search_make_ranks(struct search *s)
{
	uint32_t records = s->records = s->t->records.n, wide = records + 1;
	for (s->bits_each = 1; records > 1u << s->bits_each; s->bits_each++)
		;
	s->ranks = calloc((size_t)(PAGES + 2) * wide, sizeof *s->ranks);
	if (!s->ranks)
		return 0;
	for (uint32_t p = 0; p <= PAGES; p++)
		for (uint32_t r = 1; r <= records; r++)
			s->ranks[p * wide + r] = s->ranks[p * wide + r - 1] + (p ? s->ranks[(p - 1) * wide + r] : 1);
	s->power[0] = 1;
	for (int p = 0; p < PAGES; p++)
		s->power[p + 1] = s->power[p] * records;
	s->per_rest = SORTED ? rank_at(s, PAGES - 1, records) : s->power[PAGES];
	return 1;
}
#endif

LOCAL int search_start(struct search *s)
{
	const struct model *m = s->m;
#if DENSE
	s->set_bytes = (s->space + 63) / 64 * 8;
	s->bits = set_reserve(s->set_bytes);
	if (!s->bits)
		return 0;
#else
	if (!set_grow(s))
		return 0;
#endif
	struct worker *k = &s->worker[0];
	for (uint32_t n = 0; n < m->initials; n++) {
		uint64_t rank;
		word_t x = form_word(s, m->initial + (size_t)n * m->cells, &rank);
		struct steps steps = steps_begin(k);
		steps_add(&steps, x, rank);
		k->n = steps.n;
		steps_flush(k, 0);
	}
	s->states = k->next.states = k->states;
	k->states = 0;
	s->level = k->next;
	memset(&k->next, 0, sizeof k->next);
	k->open = NULL;
	return 1;
}

/* Zeroed memory that begins a line of its own, or NULL. */
LOCAL void *search_aligned(size_t bytes)
{
	void *at = aligned_alloc(LINES, (bytes + LINES - 1) / LINES * LINES);
	return at ? memset(at, 0, bytes) : NULL;
}

/* Returns false if there is no memory; what there is belongs to the worker. */
LOCAL int worker_init(struct worker *k, struct search *s)
{
	const struct model *m = s->m;
	k->search = s;
	k->s = calloc(1, m->size);
	k->t = calloc(1, m->size);
	k->word = malloc(s->most_steps * sizeof *k->word);
	k->key = malloc(s->most_steps * sizeof *k->key);
	k->to = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->to);
	k->of = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->of);
	k->visits = set_reserve(MOST_IDS * sizeof *k->visits);
	k->spare = malloc(sizeof *k->spare);
	k->out.to = malloc((m->steps + 1) * sizeof *k->word);
	k->out.fired = calloc(m->actions, sizeof *k->out.fired);
	return k->s && k->t && k->word && k->key && k->to && k->of && k->visits && k->spare && k->out.to && k->out.fired;
}

LOCAL void worker_free(struct worker *k)
{
	free(k->s);
	free(k->t);
	free(k->word);
	free(k->key);
	free(k->to);
	free(k->of);
	if (k->visits)
		munmap(k->visits, MOST_IDS * sizeof *k->visits);
	free(k->spare);
	free(k->out.to);
	free(k->out.fired);
}

LOCAL int search_init(struct search *s)
{
	s->fired = calloc(s->m->actions, sizeof *s->fired);
	s->worker = search_aligned(s->workers * sizeof *s->worker);
	if (!s->fired || !s->worker)
		return 0;
	for (uint32_t i = 0; i < s->workers; i++)
		if (!worker_init(&s->worker[i], s))
			return 0;
#if IS_TABLED
	if (!search_make_ranks(s))
		return 0;
	s->t->asked = ~(claims_t)0;
	s->t->is_short = 0;
#endif
	memset(s->m->heard, 0, s->m->heard_words * 8);
	return search_start(s);
}

struct search *search_new(const struct model *m, struct tables *t, uint32_t threads, uint64_t space, int keep_from,
			  uint64_t max_bytes)
{
	struct search *s = search_aligned(sizeof *s);
	if (!s)
		return NULL;
	s->m = m;
	s->t = t;
	s->workers = threads;
	s->keep_from = keep_from;
	s->max_bytes = max_bytes;
	s->space = space;
	s->most_steps = BATCH + m->steps + 1;
	if (search_init(s))
		return s;
	search_free(s);
	return NULL;
}

int search_is_short(const struct search *s)
{
	int is_short = s->is_short || (s->t && s->t->is_short);
	for (uint32_t i = 0; i < s->workers; i++)
		is_short |= s->worker[i].is_short;
	return is_short;
}

void search_forget(struct search *s)
{
	level_free(&s->level);
	for (uint32_t i = 0; i < s->kept_n; i++)
		level_free(&s->kept[i]);
	s->kept_n = 0;
	for (uint32_t i = 0; s->worker && i < s->workers; i++) {
		level_free(&s->worker[i].next);
		s->worker[i].chunk = s->worker[i].open = NULL;
	}
	if (s->bits)
		munmap(s->bits, s->set_bytes);
	if (s->slot)
		munmap(s->slot, s->set_bytes);
	s->bits = s->slot = NULL;
	s->set_bytes = s->level_bytes = 0;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; s->worker && i < s->workers; i++)
		worker_free(&s->worker[i]);
	search_forget(s);
	free(s->kept);
	free(s->worker);
	free(s->fired);
	free(s->ranks);
	free(s);
}
