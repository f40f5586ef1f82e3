/* The search: every reachable state, level by level, on as many threads as are given.
 *
 * Compiled once a configuration; the macros say which:
 *   FORM         PLAIN (records of pages side by side), UNARY (pages symmetric: their records as stars among bars),
 *                GROUP (pages sorted, pools and devices permuted), EVALUATED (no tables: the model's own code)
 *   DENSE        a state's rank is its place in a bitmap; otherwise an exact hash set
 *   WORDS        64-bit words a state
 *   CHUNK        states a thread takes at once
 *   PAGES, LANE_WORDS, SORTED, MOVES, REST_COUNTS, MOVES_REST   sizes of the model
 *   RECORDS, BITS   for PLAIN and UNARY: the number of records, and the bits of one; GROUP is told at run time */
#define _GNU_SOURCE
#include "search.h"
#include "set.h"
#if IS_TABLED
#include "tabled.h"
#if FORM == PLAIN
#include "plain.h"
#else
#include "sorted.h"
#if FORM == UNARY
#include "unary.h"
#else
#include "group.h"
#endif
#endif
#include "codes.h"
#else
#include "evaluated.h"
#endif

/* -- one level on some threads --------------------------------------------------------------------------------------- */

static int is_late(const struct search *s)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > s->until.tv_sec || (now.tv_sec == s->until.tv_sec && now.tv_nsec > s->until.tv_nsec);
}

/* Tell the others how many states are new, and what memory was taken or given back; returns how many states there are
 * in all. At the end of a level everything is told: what anybody gives back later was counted before. */
ALWAYS uint64_t tell(struct worker *k)
{
	uint64_t states = k->states;
	k->next.states += states;
	__atomic_add_fetch(&k->search->level_bytes, k->bytes, __ATOMIC_RELAXED);
	k->bytes = 0;
	k->states = 0;
	k->flushes = 0;
	return __atomic_add_fetch(&k->search->states, states, __ATOMIC_RELAXED);
}

/* Tell the others now and then what was done, and hear whether to go on. */
ALWAYS int checked(struct worker *k)
{
	struct search *s = k->search;
	if (!s->max_states && k->states < AT_ONCE && ++k->flushes < 16)
		return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
	uint64_t states = tell(k);
	int why = RUNNING;
	if (s->max_states && states >= s->max_states)
		why = STATES;
	else if (!DENSE && states + slack(s) >= s->grow_at)
		why = GROW;
	else if (++k->checks % 8 == 0) {
		if (s->max_bytes && s->set_bytes + beside_the_set(s) > s->max_bytes)
			why = MEMORY;
		else if (is_late(s))
			why = SLICE;
	}
	if (why != RUNNING)
		__atomic_store_n(&s->stop, why, __ATOMIC_RELAXED);
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED);
}

/* The next chunk that nobody has taken. */
static int take_chunk(struct worker *k)
{
	struct search *s = k->search;
	k->number = __atomic_fetch_add(&s->taken, 1, __ATOMIC_RELAXED);
	if (k->number >= s->level.n)
		return 0;
	k->chunk = s->level.chunk[k->number];
	k->at = 0;
	return 1;
}

ALWAYS int is_kept(const struct search *s)
{
	return s->keep_from >= 0 && s->ended >= (uint32_t)s->keep_from;
}

/* Nobody needs the chunk any more, but for traces. */
static void leave_chunk(struct worker *k)
{
	if (!is_kept(k->search)) {
		free(k->chunk);
		k->search->level.chunk[k->number] = NULL;
		k->bytes -= sizeof *k->chunk;
	}
	k->chunk = NULL;
}

/* Expand chunk after chunk, until the level is done or somebody says stop. */
ALWAYS void work(struct worker *k, int parallel)
{
	const claims_t asked = ~k->search->found;
	int stop = RUNNING;
	while (stop == RUNNING && (k->chunk || take_chunk(k))) {
		const struct chunk *c = k->chunk;
		while (k->at < c->n && stop == RUNNING) {
			while (k->at < c->n && k->n < BATCH)
				expand(k, &c->state[k->at++], asked);
			flush(k, parallel);
			stop = checked(k);
		}
		if (k->at == c->n)
			leave_chunk(k);
	}
	tell(k);
}

static void *work_alone(void *k) { work(k, 0); return NULL; }
static void *work_beside(void *k) { work(k, 1); return NULL; }

/* Let as many threads as are worth it work on the level. */
static void work_all(struct search *s)
{
	uint32_t n = s->level.n > s->taken + 2 ? s->workers : 1;
	for (uint32_t i = 1; i < s->workers; i++)
		if (s->worker[i].chunk)
			n = s->workers;
	void *(*work_here)(void *) = n > 1 ? work_beside : work_alone;
	for (uint32_t i = 1; i < n; i++)
		if (pthread_create(&s->worker[i].thread, NULL, work_beside, &s->worker[i]))
			n = i;	/* no more threads to be had: the others do it */
	work_here(&s->worker[0]);
	for (uint32_t i = 1; i < n; i++)
		pthread_join(s->worker[i].thread, NULL);
}

static int is_level_done(const struct search *s)
{
	int busy = s->taken < s->level.n;
	for (uint32_t i = 0; i < s->workers; i++)
		busy |= s->worker[i].chunk != NULL;
	return !busy;
}

/* Of what the workers found in a level, keep the least state each. */
static void merge_finds(struct search *s)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		struct finds *f = &s->worker[i].finds;
		for (uint32_t c = 0; c <= s->m->claims; c++) {
			claims_t bit = (claims_t)1 << c;
			int is_new = !(s->found & bit);
			if (!(f->hit & bit))
				continue;
			if (is_new || (s->found_depth[c] == s->depth && less(&f->least[c], &s->found_state[c])))
				s->found_state[c] = f->least[c];
			if (is_new)
				s->found_depth[c] = s->depth;
			s->found |= bit;
		}
		f->hit = 0;
	}
}

static void end_level(struct search *s)
{
	struct level next = { 0 };
	merge_finds(s);
	for (uint32_t i = 0; i < s->workers; i++) {
		struct level *l = &s->worker[i].next;
		for (uint32_t n = 0; n < l->n; n++)
			add_chunk(&next, l->chunk[n]);
		next.states += l->states;
		free(l->chunk);
		memset(l, 0, sizeof *l);
		s->worker[i].open = NULL;
	}
	if (is_kept(s)) {
		s->kept = realloc(s->kept, (s->kept_n + 1) * sizeof *s->kept);
		s->kept[s->kept_n++] = s->level;
	} else
		drop_level(&s->level);
	if (s->t && s->t->asked & s->found) {
		s->t->asked = ~s->found;
		s->t->forget(s->t);
	}
	s->level = next;
	s->taken = 0;
	s->ended++;
	s->depth += next.states != 0;
}

/* -- for Python ------------------------------------------------------------------------------------------------------ */

/* Search on for so many seconds; tells why it came back. `until` are claims whose finding is enough. */
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
	tell(&s->worker[0]);	/* what it has from the beginning, or from a file */
	for (;;) {
		s->stop = RUNNING;
		if (!DENSE && s->states + slack(s) >= s->grow_at && !grow(s))
			return MEMORY;
		work_all(s);
		int stop = s->stop;
		for (uint32_t i = 0; i < s->workers; i++)
			if (s->worker[i].has_failed)
				return FAILED;
		if (IS_TABLED && s->t->is_short)
			return MEMORY;
		if (is_level_done(s)) {
			end_level(s);
			if (!s->level.states)
				return FINISHED;
			if (s->found & until)
				return FOUND;
			if (max_depth && s->ended == max_depth)
				return FINISHED;
		}
		if (stop != RUNNING && stop != GROW)
			return stop;
	}
}

#if IS_TABLED
/* The rank of sorted records is the sum of choose(record + place, place + 1). */
static void make_ranks(struct search *s)
{
	uint32_t records = s->records = s->t->records.n, wide = records + 1;
	for (s->bits_each = 1; records > 1u << s->bits_each; s->bits_each++)
		;
	s->ranks = calloc((size_t)(PAGES + 2) * wide, sizeof *s->ranks);
	for (uint32_t p = 0; p <= PAGES; p++)
		for (uint32_t r = 1; r <= records; r++)
			s->ranks[p * wide + r] = s->ranks[p * wide + r - 1] + (p ? s->ranks[(p - 1) * wide + r] : 1);
	s->power[0] = 1;
	for (int p = 0; p < PAGES; p++)
		s->power[p + 1] = s->power[p] * records;
	s->per_rest = SORTED ? rank_at(s, PAGES - 1, records) : s->power[PAGES];
}
#endif

static int start(struct search *s)
{
	const struct model *m = s->m;
#if DENSE
	s->set_bytes = (s->space + 63) / 64 * 8;
	s->bits = reserve(s->set_bytes);
	if (!s->bits)
		return 0;
#else
	if (!grow(s))
		return 0;
#endif
	struct worker *k = &s->worker[0];
	for (uint32_t n = 0; n < m->initials; n++) {
		uint64_t rank;
		word_t x = word_of_code(s, m->initial + (size_t)n * m->cells, &rank);
		struct steps steps = steps_of(k);
		step_to(&steps, x, rank);
		k->n = steps.n;
		flush(k, 0);
	}
	s->states = k->next.states = k->states;
	k->states = 0;
	s->level = k->next;
	memset(&k->next, 0, sizeof k->next);
	k->open = NULL;
	return 1;
}

void search_free(struct search *s);

/* A search that has seen the initial states; NULL if there is no memory for it. Levels from `keep_from` on are kept, -1: none. */
struct search *search_new(const struct model *m, struct tables *t, uint32_t threads, uint64_t space, int keep_from,
			  uint64_t max_bytes)
{
	struct search *s = on_its_lines(sizeof *s);
	int ok = 1;
	s->m = m;
	s->t = t;
	s->workers = threads;
	s->keep_from = keep_from;
	s->max_bytes = max_bytes;
	s->space = space;
	s->most_steps = BATCH + m->steps + 1;
	s->fired = calloc(m->actions, sizeof *s->fired);
	s->worker = on_its_lines(threads * sizeof *s->worker);
#if IS_TABLED
	make_ranks(s);
#endif
	for (uint32_t i = 0; i < threads; i++) {
		struct worker *k = &s->worker[i];
		k->search = s;
		k->s = calloc(1, m->size);
		k->t = calloc(1, m->size);
		k->word = malloc(s->most_steps * sizeof *k->word);
		k->key = malloc(s->most_steps * sizeof *k->key);
		k->to = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->to);
		k->of = malloc((m->steps + STRIDE * (PAGES + 1)) * sizeof *k->of);
		k->visits = reserve(MOST_IDS * sizeof *k->visits);
		ok &= k->visits != NULL;
		k->out.to = malloc((m->steps + 1) * sizeof *k->word);
		k->out.fired = calloc(m->actions, sizeof *k->out.fired);
	}
	if (t) {
		t->asked = ~(claims_t)0;
		t->is_short = 0;
	}
	memset(m->heard, 0, m->heard_words * 8);
	if (ok && start(s))
		return s;
	search_free(s);
	return NULL;
}

/* Give back what was seen; after this a search only tells what it has found. */
void search_forget(struct search *s)
{
	drop_level(&s->level);
	for (uint32_t i = 0; i < s->kept_n; i++)
		drop_level(&s->kept[i]);
	s->kept_n = 0;
	for (uint32_t i = 0; i < s->workers; i++) {
		drop_level(&s->worker[i].next);
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
	search_forget(s);
	free(s->kept);
	for (uint32_t i = 0; i < s->workers; i++) {
		struct worker *k = &s->worker[i];
		free(k->s);
		free(k->t);
		free(k->word);
		free(k->key);
		free(k->to);
		free(k->of);
		if (k->visits)
			munmap(k->visits, MOST_IDS * sizeof *k->visits);
		free(k->out.to);
		free(k->out.fired);
	}
	free(s->worker);
	free(s->fired);
	free(s->ranks);
	free(s);
}

#include "told.h"
#include "checkpoint.h"
