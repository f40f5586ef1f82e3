/* The tables of a model: what each page record adds to the counts and becomes under a permutation, made for all
 * records of the free closure; and what it can become by a step, filled in when first met. */
#include <stdlib.h>
#include <string.h>
#include "tables.h"
#include "numbered.h"
#include "closure.h"

/* -- lanes: sums of what pages add to the counts, with a bit on top that says whether a threshold is reached ----- */

static void make_lanes(struct tables *t)
{
	const struct model *m = t->m;
	uint32_t most = m->pages, rests = m->rest_counts ? t->rests.n : 1;
	for (uint32_t l = 0; l < m->lanes; l++)
		if ((uint32_t)m->lane[l].threshold > most)
			most = m->lane[l].threshold;
	t->lane_bits = 1;
	while (most >> (t->lane_bits - 1))
		t->lane_bits++;
	uint32_t a_word = 64 / t->lane_bits;
	t->lane_words = (m->lanes + a_word - 1) / a_word;
	if (!t->lane_words)
		t->lane_words = 1;
	if (t->lane_words > MOST_LANE_WORDS) {
		t->failed = "too many counts";
		return;
	}
	size_t n = (size_t)rests * t->records.n * t->lane_words;
	t->lanes = got(t, calloc(n + 1, sizeof *t->lanes));
	t->bytes += n * sizeof *t->lanes;
	struct state *s = got(t, calloc(1, m->size));
	for (uint32_t l = 0; l < m->lanes; l++) {
		uint32_t w = l / a_word, low = l % a_word * t->lane_bits;
		const struct count *q = &m->count[m->lane[l].count];
		t->top[w] |= 1ull << (low + t->lane_bits - 1);
		t->bias[w] |= ((1ull << (t->lane_bits - 1)) - m->lane[l].threshold) << low;
		for (uint32_t rest = 0; rest < rests; rest++)
			for (uint32_t r = 0; r < t->records.n; r++) {
				m->load_one(s, bytes_of(&t->records, r), bytes_of(&t->rests, rest), NULL);
				if (m->member(q->number, s, q->values))
					t->lanes[((size_t)rest * t->records.n + r) * t->lane_words + w] |= 1ull << low;
			}
	}
	free(s);
}

/* The counts as far as a key tells them: the highest threshold reached. */
static int16_t *counts_of(struct tables *t, const uint64_t *key)
{
	const struct model *m = t->m;
	int16_t *counts = got(t, calloc(m->counts + 1, sizeof *counts));
	uint32_t a_word = 64 / t->lane_bits;
	for (uint32_t l = 0; l < m->lanes; l++)
		if (key[l / a_word] >> (l % a_word * t->lane_bits + t->lane_bits - 1) & 1)
			counts[m->lane[l].count] = m->lane[l].threshold;
	return counts;
}

/* -- permutations ------------------------------------------------------------------------------------------------ */

static void make_permutations(struct tables *t)
{
	const struct model *m = t->m;
	uint32_t records = t->records.n, rests = t->rests.n, split = m->pages * m->record;
	t->record_to = got(t, calloc((size_t)m->moves * records + 1, sizeof *t->record_to));
	t->rest_to = got(t, calloc((size_t)m->moves * rests + 1, sizeof *t->rest_to));
	uint8_t made[m->cells + 1];
	for (uint32_t p = 0; p < m->moves && !t->failed; p++) {
		const uint16_t *from = m->comes_from + p * m->cells;
		const uint8_t *becomes = m->becomes + (size_t)p * m->cells * m->values;
		for (uint32_t r = 0; r < records; r++) {
			for (uint32_t i = 0; i < m->record; i++)
				made[i] = becomes[i * m->values + bytes_of(&t->records, r)[from[i]]];
			t->record_to[p * records + r] = number_of(t, &t->records, made);
		}
		for (uint32_t r = 0; r < rests; r++) {
			for (uint32_t i = split; i < m->cells; i++)
				made[i] = becomes[i * m->values + bytes_of(&t->rests, r)[from[i] - split]];
			t->rest_to[p * rests + r] = number_of(t, &t->rests, made + split);
		}
	}
	if (t->records.n != records || t->rests.n != rests)
		t->failed = "a closure that symmetry leads out of";
}

/* -- rows and cells, filled when first met ------------------------------------------------------------------------ */

static const uint32_t nowhere[STRIDE];	/* the steps of a row or a cell for which there is no memory */

struct filling {
	struct tables *t;
	struct state *s, *after;
	struct info *info;
	uint32_t *to, n, room, moved;
	claims_t suspects;
};

static struct info *new_info(struct tables *t, uint32_t *id)
{
	got(t, t->ids < MOST_IDS - 1 ? t : NULL);	/* for more there is no memory by intention */
	*id = ++t->ids;
	struct info **block = &t->info[*id / INFO_BLOCK];
	if (!*block) {
		*block = got(t, calloc(INFO_BLOCK, sizeof **block));
		t->bytes += INFO_BLOCK * sizeof **block;
	}
	struct info *made = &(*block)[*id % INFO_BLOCK];
	made->fired = got(t, calloc(t->m->actions, sizeof *made->fired));
	return made;
}

/* Note where a step leads, each place once. */
static void leads_to(struct filling *f, uint32_t to)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->to[i] == to)
			return;
	if (f->n == f->room) {
		f->room += STRIDE;
		f->to = got(f->t, realloc(f->to, f->room * sizeof *f->to));
		memset(f->to + f->n, 0, STRIDE * sizeof *f->to);
	}
	f->to[f->n++] = to;
}

/* Take one instance, note where it leads and which claims about steps are to be judged. Returns WRONG if it fails. */
static int fill_step(struct filling *f, const struct instance *i, uint32_t record, uint32_t rest, claims_t claims)
{
	struct tables *t = f->t;
	const struct model *m = t->m;
	int taken = m->take(i->action, f->s, f->after, i->args);
	if (taken != 1)
		return taken;
	const uint8_t *cells = m->cells_of(f->after);
	uint32_t record_to = i->paged ? *slot_of(&t->records, cells) : record + 1;
	uint32_t rest_to = i->writes_rest ? *slot_of(&t->rests, cells + m->pages * m->record) : rest + 1;
	if (!record_to-- || !rest_to--)
		return WRONG;	/* the closure has missed it: this must not be, and ends the search */
	f->suspects |= m->judge(claims, f->s, f->after, 1);
	if (!f->info)
		return 1;
	f->info->transitions++;
	f->info->fired[i->action]++;
	if (record_to != record || rest_to != rest) {
		leads_to(f, rest_to << 16 | record_to);
		f->moved = 1;
	}
	return 1;
}

static void start_filling(struct filling *f, struct tables *t, const struct row *row, uint32_t record)
{
	memset(f, 0, sizeof *f);
	f->t = t;
	f->s = got(t, calloc(1, t->m->size));
	f->after = got(t, calloc(1, t->m->size));
	f->room = STRIDE;
	f->to = got(t, calloc(STRIDE, sizeof *f->to));
	t->m->load_one(f->s, bytes_of(&t->records, record), bytes_of(&t->rests, row->rest), row->counts);
}

static void end_filling(struct filling *f)
{
	f->t->bytes += f->room * sizeof *f->to + f->t->m->actions * sizeof *f->info->fired;
	if (f->info)
		f->info->suspects = f->suspects;
	free(f->s);
	free(f->after);
}

static struct row *new_row(struct tables *t, uint32_t rest, const uint64_t *key)
{
	const struct model *m = t->m;
	struct row *row = got(t, calloc(1, sizeof *row));
	struct filling f;
	uint32_t id;
	row->rest = rest;
	memcpy(row->key, key, t->lane_words * sizeof *key);
	row->counts = counts_of(t, key);
	row->cell = got(t, calloc(t->records.n, sizeof *row->cell));
	t->bytes += sizeof *row + m->counts * 2 + t->records.n * sizeof *row->cell;
	start_filling(&f, t, row, 0);
	f.info = new_info(t, &id);
	f.suspects = m->judge(m->of_row, f.s, f.s, 1);
	for (uint32_t n = 0; n < m->instances; n++)
		if (!m->instance[n].paged && fill_step(&f, &m->instance[n], 0, rest, m->of_step) == WRONG)
			f.suspects = ~(claims_t)0;
	end_filling(&f);
	row->to = f.to;
	row->n = f.n;
	row->moved = f.moved;
	row->suspect = (f.suspects & t->asked) != 0;
	row->id = id;
	return row;
}

static void insert_row(struct rows *rows, struct row *row, uint32_t words)
{
	uint64_t h = row_hash(row->rest, row->key, words) & rows->mask;
	while (rows->slot[h])
		h = (h + 1) & rows->mask;
	__atomic_store_n(&rows->slot[h], row, __ATOMIC_RELEASE);
}

static void grow_rows(struct tables *t)
{
	uint64_t mask = t->rows ? t->rows->mask * 2 + 1 : 4095;
	struct rows *made = got(t, calloc(1, sizeof *made + (mask + 1) * sizeof *made->slot));
	made->mask = mask;
	t->bytes += (mask + 1) * sizeof *made->slot;
	for (uint64_t i = 0; t->rows && i <= t->rows->mask; i++)
		if (t->rows->slot[i])
			insert_row(made, t->rows->slot[i], t->lane_words);
	__atomic_store_n(&t->rows, made, __ATOMIC_RELEASE);	/* the old one stays: somebody may be reading it */
}

/* The row for these pools, devices and counts, made if nobody has met it yet; no_row if there is no memory for it. */
static struct row *make_row(struct tables *t, uint32_t rest, const uint64_t *key)
{
	pthread_mutex_lock(&t->lock);
	if (setjmp(t->out))
		t->is_short = 1;
	if (t->is_short) {
		pthread_mutex_unlock(&t->lock);
		return &t->no_row;
	}
	uint64_t h = row_hash(rest, key, t->lane_words) & t->rows->mask;
	struct row *row;
	while ((row = t->rows->slot[h]) && !same_row(row, rest, key, t->lane_words))
		h = (h + 1) & t->rows->mask;
	if (!row) {
		row = new_row(t, rest, key);
		if (++t->rows_n * 4 > t->rows->mask * 3)
			grow_rows(t);
		insert_row(t->rows, row, t->lane_words);
	}
	pthread_mutex_unlock(&t->lock);
	return row;
}

/* Fill in what a record can become in this row: nothing, if there is no memory for it. */
static void fill_cell(struct tables *t, struct row *row, uint32_t record)
{
	const struct model *m = t->m;
	struct cell *cell = &row->cell[record];
	pthread_mutex_lock(&t->lock);
	if (setjmp(t->out))
		t->is_short = 1;
	if (t->is_short) {
		cell->to = nowhere;
		cell->moved = 1;
	} else if (!cell->id) {
		struct filling f;
		uint32_t id;
		start_filling(&f, t, row, record);
		f.info = new_info(t, &id);
		f.suspects = m->judge(m->of_page, f.s, f.s, 1) | m->judge(m->of_pages_step, f.s, f.s, 1);
		for (uint32_t n = 0; n < m->instances; n++)
			if (m->instance[n].paged) {
				claims_t claims = m->of_step | m->of_pages_step;
				if (fill_step(&f, &m->instance[n], record, row->rest, claims) == WRONG)
					f.suspects = ~(claims_t)0;
			}
		struct info *info = f.info;
		f.info = NULL;	/* the steps of pools and devices are counted in the row */
		for (uint32_t n = 0; n < m->instances && m->of_pages_step; n++)
			if (!m->instance[n].paged)
				fill_step(&f, &m->instance[n], record, row->rest, m->of_pages_step);
		info->suspects = f.suspects;
		end_filling(&f);
		cell->to = f.to;
		cell->n = f.n;
		cell->moved = f.moved;
		cell->suspect = (f.suspects & t->asked) != 0;
		__atomic_store_n(&cell->id, id, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&t->lock);
}

/* Look again at who is suspect. */
static void forget(struct tables *t)
{
	for (uint64_t i = 0; i <= t->rows->mask; i++) {
		struct row *row = t->rows->slot[i];
		if (!row)
			continue;
		row->suspect = (info_of(t, row->id)->suspects & t->asked) != 0;
		for (uint32_t r = 0; r < t->records.n; r++)
			if (row->cell[r].id)
				row->cell[r].suspect = (info_of(t, row->cell[r].id)->suspects & t->asked) != 0;
	}
}

/* -- for Python -------------------------------------------------------------------------------------------------- */

/* The tables of a model; `failed` says why there are none. */
struct tables *tables_new(const struct model *m, uint64_t most_tries)
{
	static struct tables none = { .failed = "too little memory" };
	struct tables *t = calloc(1, sizeof *t);
	if (!t)
		return &none;
	if (setjmp(t->out)) {
		t->failed = none.failed;
		return t;
	}
	t->m = m;
	t->row = make_row;
	t->fill = fill_cell;
	t->forget = forget;
	t->records.width = m->record;
	t->rests.width = m->cells - m->pages * m->record;
	t->info = got(t, calloc(MOST_IDS / INFO_BLOCK + 1, sizeof *t->info));
	pthread_mutex_init(&t->lock, NULL);
	close_tables(t, most_tries);
	if (!t->failed)
		make_lanes(t);
	if (!t->failed)
		make_permutations(t);
	grow_rows(t);
	t->no_row = (struct row){ .to = nowhere, .moved = 1, .cell = got(t, calloc(t->records.n, sizeof(struct cell))) };
	return t;
}

uint32_t tables_records(const struct tables *t) { return t->records.n; }
uint32_t tables_rests(const struct tables *t) { return t->rests.n; }
uint32_t tables_lane_words(const struct tables *t) { return t->lane_words; }
const char *tables_failed(const struct tables *t) { return t->failed; }
