/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>
#include "state_set.h"

LOCAL void *set_reserve(uint64_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	madvise(at, bytes, MADV_HUGEPAGE);
	return at;
}

/* The state in a slot. */
LOCAL word_t set_word(const uint64_t *slot)
{
	word_t x;
	memcpy(&x, slot + 1, sizeof x - 8);
	x.w[WORDS - 1] = *slot - 1;
	return x;
}

/* Spread the buckets of a set over twice as many, in place. Places grow with the hash, so what is in bucket b goes to
 * 2b or beyond: from the last bucket to the first, the target has been emptied. What had been displaced far behind its
 * own bucket may belong before b: it waits until the end. Returns false if there is no memory for those. */
LOCAL int set_spread(struct search *s, uint64_t old)
{
	enum { WIDE = BUCKET * WORDS };
	uint64_t *waiting = NULL, bucket[WIDE], n = 0, room = 0;
	int ok = 1;
	for (uint64_t b = old; b--; ) {
		memcpy(bucket, s->slot + b * WIDE, sizeof bucket);
		memset(s->slot + b * WIDE, 0, sizeof bucket);
		for (uint64_t *slot = bucket; slot < bucket + WIDE && *slot; slot += WORDS) {
			word_t x = set_word(slot);
			uint64_t place = set_place(2 * old, &x);
			if (place >= b) {
				set_insert(s, s->slot, &x, place, 0);
				continue;
			}
			if (n == room) {
				uint64_t *more = realloc(waiting, (room ? 2 * room : 64) * WORDS * sizeof *more);
				if (!more) {
					ok = 0;
					continue;
				}
				waiting = more;
				room = room ? 2 * room : 64;
			}
			memcpy(waiting + n++ * WORDS, slot, WORDS * sizeof *slot);
		}
	}
	for (uint64_t i = 0; i < n; i++) {
		word_t x = set_word(waiting + i * WORDS);
		set_insert(s, s->slot, &x, set_place(2 * old, &x), 0);
	}
	free(waiting);
	return ok;
}

LOCAL int set_grow(struct search *s)
{
	uint64_t old = s->slots, slots = old ? old * 2 : 1 << 16;
	while (!old && slots < 4 * set_slack(s))
		slots *= 2;
	uint64_t bytes = slots * WORDS * 8;
	if (s->max_bytes && bytes + search_beside_set(s) > s->max_bytes)
		return 0;
	void *made = old ? mremap(s->slot, s->set_bytes, bytes, MREMAP_MAYMOVE) : set_reserve(bytes);
	if (!made || made == MAP_FAILED)
		return 0;
	madvise(made, bytes, MADV_HUGEPAGE);
	s->slot = made;
	s->slots = slots;
	s->set_bytes = bytes;
	s->grow_at = slots / 4 * 3;
	if (old && !set_spread(s, old / BUCKET))
		s->is_short = 1;
	return !s->is_short;
}
