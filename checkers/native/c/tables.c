/* SPDX-License-Identifier: MIT */
/* Made for all records of the free closure: what each adds to the counts, and becomes under a permutation. Made when
 * first met: what it can become by a step. */
#include <stdlib.h>
#include <string.h>
#include "tables.h"
#include "closure.h"

/* -- lanes: sums over pages, one field a threshold; the top bit of a field is set once the threshold is reached --- */

LOCAL void tables_make_lanes(struct tables *t)
{
	const struct model *m = t->m;
	uint32_t most = m->most, rests = m->rest_counts ? t->rests.n : 1;
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
	t->lanes = tables_checked(t, calloc(n + 1, sizeof *t->lanes));
	tables_add_bytes(t, n * sizeof *t->lanes);
	struct state *s = tables_checked(t, calloc(1, m->size));
	for (uint32_t l = 0; l < m->lanes; l++) {
		uint32_t w = l / a_word, low = l % a_word * t->lane_bits;
		const struct count *q = &m->count[m->lane[l].count];
		t->top[w] |= 1ull << (low + t->lane_bits - 1);
		t->bias[w] |= ((1ull << (t->lane_bits - 1)) - m->lane[l].threshold) << low;
		for (uint32_t rest = 0; rest < rests; rest++)
			for (uint32_t r = 0; r < t->records.n; r++) {
				m->load_one(s, intern_bytes(&t->records, r), intern_bytes(&t->rests, rest), NULL);
				uint64_t adds = m->member(q->number, s, q->values);
				t->lanes[((size_t)rest * t->records.n + r) * t->lane_words + w] |= adds << low;
			}
	}
	free(s);
}

/* The counts as far as a key determines them: the highest threshold that is reached. */
LOCAL int16_t *tables_counts(struct tables *t, const uint64_t *key)
{
	const struct model *m = t->m;
	int16_t *counts = tables_checked(t, calloc(m->counts + 1, sizeof *counts));
	uint32_t a_word = 64 / t->lane_bits;
	for (uint32_t l = 0; l < m->lanes; l++)
		if (key[l / a_word] >> (l % a_word * t->lane_bits + t->lane_bits - 1) & 1)
			counts[m->lane[l].count] = m->lane[l].threshold;
	return counts;
}

/* -- permutations ------------------------------------------------------------------------------------------------ */

LOCAL void tables_make_permutations(struct tables *t)
{
	const struct model *m = t->m;
	uint32_t records = t->records.n, rests = t->rests.n, split = m->pages * m->record;
	t->record_to = tables_checked(t, calloc((size_t)m->moves * records + 1, sizeof *t->record_to));
	t->rest_to = tables_checked(t, calloc((size_t)m->moves * rests + 1, sizeof *t->rest_to));
	uint8_t made[m->cells + 1];
	for (uint32_t p = 0; p < m->moves && !t->failed; p++) {
		const uint16_t *from = m->comes_from + p * m->cells;
		const uint8_t *becomes = m->becomes + (size_t)p * m->cells * m->values;
		for (uint32_t r = 0; r < records; r++) {
			for (uint32_t i = 0; i < m->record; i++)
				made[i] = becomes[i * m->values + intern_bytes(&t->records, r)[from[i]]];
			t->record_to[p * records + r] = tables_intern(t, &t->records, made);
		}
		for (uint32_t r = 0; r < rests; r++) {
			for (uint32_t i = split; i < m->cells; i++)
				made[i] = becomes[i * m->values + intern_bytes(&t->rests, r)[from[i] - split]];
			t->rest_to[p * rests + r] = tables_intern(t, &t->rests, made + split);
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

LOCAL struct info *tables_new_info(struct tables *t, uint32_t *id)
{
	tables_checked(t, t->ids < MOST_IDS - 1 ? t : NULL);	/* more than that counts as no memory */
	*id = ++t->ids;
	struct info **block = &t->info[*id / INFO_BLOCK];
	if (!*block) {
		*block = tables_checked(t, calloc(INFO_BLOCK, sizeof **block));
		tables_add_bytes(t, INFO_BLOCK * sizeof **block);
	}
	struct info *made = &(*block)[*id % INFO_BLOCK];
	made->fired = tables_checked(t, calloc(t->m->actions, sizeof *made->fired));
	return made;
}

/* Add the target of a step, each target once. */
LOCAL void filling_add_step(struct filling *f, uint32_t to)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->to[i] == to)
			return;
	if (f->n == f->room) {
		f->room += STRIDE;
		f->to = tables_checked(f->t, realloc(f->to, f->room * sizeof *f->to));
		memset(f->to + f->n, 0, STRIDE * sizeof *f->to);
	}
	f->to[f->n++] = to;
}

/* Take one instance; add its target, and the step claims to be checked. Returns WRONG if it fails. */
LOCAL int filling_take(struct filling *f, const struct instance *i, uint32_t record, uint32_t rest, claims_t claims)
{
	struct tables *t = f->t;
	const struct model *m = t->m;
	int taken = m->take(i->action, f->s, f->after, i->args);
	if (taken != 1)
		return taken;
	const uint8_t *cells = m->cells_of(f->after);
	uint32_t record_to = i->paged ? *intern_find(&t->records, cells) : record + 1;
	uint32_t rest_to = i->writes_rest ? *intern_find(&t->rests, cells + m->pages * m->record) : rest + 1;
	if (!record_to-- || !rest_to--)
		return WRONG;	/* outside the closure: an error of the tables, which ends the search */
	f->suspects |= m->judge(claims, f->s, f->after, 1);
	if (!f->info)
		return 1;
	f->info->transitions++;
	f->info->fired[i->action]++;
	if (record_to != record || rest_to != rest) {
		filling_add_step(f, rest_to << 16 | record_to);
		f->moved = 1;
	}
	return 1;
}

LOCAL void filling_start(struct filling *f, struct tables *t, const struct row *row, uint32_t record)
{
	memset(f, 0, sizeof *f);
	f->t = t;
	f->s = tables_checked(t, calloc(1, t->m->size));
	f->after = tables_checked(t, calloc(1, t->m->size));
	f->room = STRIDE;
	f->to = tables_checked(t, calloc(STRIDE, sizeof *f->to));
	t->m->load_one(f->s, intern_bytes(&t->records, record), intern_bytes(&t->rests, row->rest), row->counts);
}

LOCAL void filling_end(struct filling *f)
{
	tables_add_bytes(f->t, f->room * sizeof *f->to + f->t->m->actions * sizeof *f->info->fired);
	if (f->info)
		f->info->suspects = f->suspects;
	free(f->s);
	free(f->after);
}

LOCAL struct row *tables_new_row(struct tables *t, uint32_t rest, const uint64_t *key)
{
	const struct model *m = t->m;
	struct row *row = tables_checked(t, calloc(1, sizeof *row));
	struct filling f;
	uint32_t id;
	row->rest = rest;
	memcpy(row->key, key, t->lane_words * sizeof *key);
	row->counts = tables_counts(t, key);
	row->cell = tables_checked(t, calloc(t->records.n, sizeof *row->cell));
	tables_add_bytes(t, sizeof *row + m->counts * 2 + t->records.n * sizeof *row->cell);
	filling_start(&f, t, row, 0);
	f.info = tables_new_info(t, &id);
	f.suspects = m->judge(m->of_row, f.s, f.s, 1);
	for (uint32_t n = 0; n < m->instances; n++)
		if (!m->instance[n].paged && filling_take(&f, &m->instance[n], 0, rest, m->of_step) == WRONG)
			f.suspects = ~(claims_t)0;
	filling_end(&f);
	row->to = f.to;
	row->n = f.n;
	row->moved = f.moved;
	row->suspect = (f.suspects & t->asked) != 0;
	row->id = id;
	return row;
}

LOCAL void rows_insert(struct rows *rows, struct row *row, uint32_t words)
{
	uint64_t h = row_hash(row->rest, row->key, words) & rows->mask;
	while (rows->slot[h])
		h = (h + 1) & rows->mask;
	__atomic_store_n(&rows->slot[h], row, __ATOMIC_RELEASE);
}

LOCAL void rows_grow(struct tables *t)
{
	uint64_t mask = t->rows ? t->rows->mask * 2 + 1 : 4095;
	struct rows *made = tables_checked(t, calloc(1, sizeof *made + (mask + 1) * sizeof *made->slot));
	made->mask = mask;
	tables_add_bytes(t, (mask + 1) * sizeof *made->slot);
	for (uint64_t i = 0; t->rows && i <= t->rows->mask; i++)
		if (t->rows->slot[i])
			rows_insert(made, t->rows->slot[i], t->lane_words);
	__atomic_store_n(&t->rows, made, __ATOMIC_RELEASE);	/* readers may still use the old one */
}

LOCAL struct row *tables_row(struct tables *t, uint32_t rest, const uint64_t *key)
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
	while ((row = t->rows->slot[h]) && !row_is(row, rest, key, t->lane_words))
		h = (h + 1) & t->rows->mask;
	if (!row) {
		row = tables_new_row(t, rest, key);
		if (++t->rows_n * 4 > t->rows->mask * 3)
			rows_grow(t);
		rows_insert(t->rows, row, t->lane_words);
	}
	pthread_mutex_unlock(&t->lock);
	return row;
}

LOCAL void tables_fill(struct tables *t, struct row *row, uint32_t record)
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
		filling_start(&f, t, row, record);
		f.info = tables_new_info(t, &id);
		f.suspects = m->judge(m->of_page, f.s, f.s, 1) | m->judge(m->of_pages_step, f.s, f.s, 1);
		for (uint32_t n = 0; n < m->instances; n++)
			if (m->instance[n].paged) {
				claims_t claims = m->of_step | m->of_pages_step;
				if (filling_take(&f, &m->instance[n], record, row->rest, claims) == WRONG)
					f.suspects = ~(claims_t)0;
			}
		struct info *info = f.info;
		f.info = NULL;	/* steps of pools and devices are counted in the row */
		for (uint32_t n = 0; n < m->instances && m->of_pages_step; n++)
			if (!m->instance[n].paged)
				filling_take(&f, &m->instance[n], record, row->rest, m->of_pages_step);
		info->suspects = f.suspects;
		filling_end(&f);
		cell->to = f.to;
		cell->n = f.n;
		cell->moved = f.moved;
		cell->suspect = (f.suspects & t->asked) != 0;
		__atomic_store_n(&cell->id, id, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&t->lock);
}

LOCAL void tables_refresh(struct tables *t)
{
	for (uint64_t i = 0; i <= t->rows->mask; i++) {
		struct row *row = t->rows->slot[i];
		if (!row)
			continue;
		row->suspect = (tables_info(t, row->id)->suspects & t->asked) != 0;
		for (uint32_t r = 0; r < t->records.n; r++)
			if (row->cell[r].id)
				row->cell[r].suspect = (tables_info(t, row->cell[r].id)->suspects & t->asked) != 0;
	}
}

/* -- api.h -------------------------------------------------------------------------------------------------- */

/* Returns false if memory ran out on the way. */
LOCAL int tables_build(struct tables *t, const struct model *m, uint64_t most_tries)
{
	if (setjmp(t->out))
		return 0;
	t->m = m;
	t->row = tables_row;
	t->fill = tables_fill;
	t->refresh = tables_refresh;
	t->records.width = m->record;
	t->rests.width = m->cells - m->pages * m->record;
	t->info = tables_checked(t, calloc(MOST_IDS / INFO_BLOCK + 1, sizeof *t->info));
	pthread_mutex_init(&t->lock, NULL);
	closure_run(t, most_tries);
	if (!t->failed)
		tables_make_lanes(t);
	if (!t->failed)
		tables_make_permutations(t);
	rows_grow(t);
	t->no_row.to = nowhere;
	t->no_row.moved = 1;
	t->no_row.cell = tables_checked(t, calloc(t->records.n, sizeof *t->no_row.cell));
	return 1;
}

struct tables *tables_new(const struct model *m, uint64_t most_tries)
{
	static struct tables none = { .failed = "too little memory" };
	struct tables *t = calloc(1, sizeof *t);
	if (!t)
		return &none;
	if (!tables_build(t, m, most_tries))
		t->failed = none.failed;
	return t;
}

uint32_t tables_records(const struct tables *t) { return t->records.n; }
uint32_t tables_rests(const struct tables *t) { return t->rests.n; }
uint32_t tables_lane_words(const struct tables *t) { return t->lane_words; }
const char *tables_failed(const struct tables *t) { return t->failed; }
