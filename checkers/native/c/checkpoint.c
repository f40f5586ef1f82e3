/* SPDX-License-Identifier: MIT */
/* A paused search on disk. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include "state_set.h"

LOCAL int checkpoint_write_states(FILE *f, const word_t *x, uint32_t n)
{
	return fwrite(x, sizeof *x, n, f) == n;
}

LOCAL int checkpoint_write_level(FILE *f, const struct level *l, uint32_t from)
{
	int ok = 1;
	for (uint32_t i = from; i < l->n; i++)
		ok &= checkpoint_write_states(f, l->chunk[i]->state, l->chunk[i]->n);
	return ok;
}

int search_save(const struct search *s, const char *path)
{
	if (search_is_short(s))
		return ENOMEM;	/* states are missing: it must not be gone on with */
	FILE *f = fopen(path, "ab");
	if (!f)
		return errno;
	struct search_report r;
	uint64_t fired[s->m->actions], next = 0, now;
	search_report(s, &r, fired);
	for (uint32_t i = 0; i < s->workers; i++)
		next += s->worker[i].next.states;
	now = r.frontier - next;
	struct finds pending[1];
	int ok = fwrite(&r, sizeof r, 1, f) == 1 && fwrite(fired, sizeof fired, 1, f) == 1;
	ok &= fwrite(&s->found, sizeof s->found, 1, f) == 1 && fwrite(s->found_depth, sizeof s->found_depth, 1, f) == 1;
	ok &= fwrite(s->found_state, sizeof s->found_state, 1, f) == 1;
	for (uint32_t i = 0; i < s->workers; i++)
		pending[0] = s->worker[i].finds, ok &= fwrite(pending, sizeof pending, 1, f) == 1;
	ok &= fwrite(s->m->heard, 8, s->m->heard_words, f) == s->m->heard_words;
	ok &= fwrite(&now, sizeof now, 1, f) == 1 && fwrite(&next, sizeof next, 1, f) == 1;
	for (uint32_t i = 0; i < s->workers; i++) {
		const struct worker *k = &s->worker[i];
		if (k->chunk)
			ok &= checkpoint_write_states(f, k->chunk->state + k->at, k->chunk->n - k->at);
	}
	ok &= checkpoint_write_level(f, &s->level, s->taken);
	for (uint32_t i = 0; i < s->workers; i++)
		ok &= checkpoint_write_level(f, &s->worker[i].next, 0);
	ok &= fwrite(DENSE ? s->bits : s->slot, 1, s->set_bytes, f) == s->set_bytes;
	return fclose(f) || !ok ? errno : 0;
}

LOCAL int checkpoint_read_states(FILE *f, struct worker *k, uint64_t n)
{
	word_t x;
	for (uint64_t i = 0; i < n; i++) {
		if (fread(&x, sizeof x, 1, f) != 1)
			return 0;
		worker_push(k, &x);
	}
	return 1;
}

int search_load(struct search *s, const char *path, uint64_t skip, uint32_t threads)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	struct worker *k = &s->worker[0];
	struct search_report r;
	struct finds pending;
	uint64_t next, now;
	int ok = !fseek(f, skip, SEEK_SET) && fread(&r, sizeof r, 1, f) == 1;
	ok = ok && fread(s->fired, sizeof *s->fired, s->m->actions, f) == s->m->actions;
	ok = ok && fread(&s->found, sizeof s->found, 1, f) == 1 && fread(s->found_depth, sizeof s->found_depth, 1, f) == 1;
	ok = ok && fread(s->found_state, sizeof s->found_state, 1, f) == 1;
	for (uint32_t i = 0; ok && i < threads; i++) {
		ok = fread(&pending, sizeof pending, 1, f) == 1;
		for (uint32_t c = 0; ok && c <= s->m->claims; c++)
			if (pending.hit >> c & 1)
				worker_find(k, (claims_t)1 << c, &pending.least[c]);
	}
	ok = ok && fread(s->m->heard, 8, s->m->heard_words, f) == s->m->heard_words;
	ok = ok && fread(&now, sizeof now, 1, f) == 1 && fread(&next, sizeof next, 1, f) == 1;
	level_free(&s->level);
	ok = ok && checkpoint_read_states(f, k, now);
	s->level = k->next;
	s->level.states = now;
	memset(&k->next, 0, sizeof k->next);
	k->open = NULL;
	ok = ok && checkpoint_read_states(f, k, next);
	k->next.states = next;
	k->states = 0;
	if (ok && !DENSE) {
		munmap(s->slot, s->set_bytes);
		s->set_bytes = r.set_bytes;
		s->slots = r.set_bytes / (WORDS * 8);
		s->grow_at = s->slots / 4 * 3;
		s->slot = set_reserve(s->set_bytes);
	}
	ok = ok && fread(DENSE ? s->bits : s->slot, 1, s->set_bytes, f) == s->set_bytes && r.set_bytes == s->set_bytes;
	s->states = r.states;
	s->transitions = r.transitions;
	s->depth = r.depth;
	k->orbits = (unsigned __int128)r.orbits_high << 64 | r.orbits_low;
	fclose(f);
	return ok;
}
