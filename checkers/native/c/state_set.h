/* SPDX-License-Identifier: MIT */
/* The set of stored states: a bit for each rank, or an exact hash set.
 *
 * Any number of workers insert at once (`parallel`), while nobody else touches the set; it grows between, by one thread.
 * An insertion tells exactly one worker that a state is new. Memory order: with one word a state, relaxed atomics are
 * enough, since the word is all there is; wider states are published by their first word, stored with release order and
 * loaded with acquire order. */
#ifndef POOLPROOF_STATE_SET_H
#define POOLPROOF_STATE_SET_H

#include "level.h"

enum { BUCKET = WORDS == 1 ? 8 : 1 };	/* slots of a bucket: one cache line if states have one word */
enum { AT_ONCE = 1024 };		/* new states a worker may have before it publishes them */

/* set_reserve() - zeroed pages of memory that take none until they are written; NULL if there are none. */
LOCAL void *set_reserve(uint64_t bytes);

/* set_grow() - begin the hash set, or make it twice as large. One thread. Returns false if memory does not allow it;
 * if it ran out in the middle, the search is short. */
LOCAL int set_grow(struct search *s);

/* set_slack() - states that may be inserted before anybody sees how full the set is. */
LOCAL uint64_t set_slack(const struct search *s)
{
	return s->workers * (AT_ONCE + s->most_steps);
}

INLINE uint64_t set_hash(const word_t *x)
{
	uint64_t h = x->w[0] * 0x9e3779b97f4a7c15ull;
	for (int i = 1; i < WORDS; i++)
		h = (h ^ h >> 29 ^ x->w[i]) * 0xbf58476d1ce4e5b9ull;
	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull;
}

/* set_place() - the bucket of a state; it grows with the hash, which set_grow() relies on. */
INLINE uint64_t set_place(uint64_t buckets, const word_t *x)
{
	return (unsigned __int128)set_hash(x) * buckets >> 64;
}

/* set_insert_bit() - insert a rank; returns whether it is new. */
INLINE int set_insert_bit(uint64_t *bits, uint64_t rank, int parallel)
{
	uint64_t *at = &bits[rank >> 6], bit = 1ull << (rank & 63);
	if (__atomic_load_n(at, __ATOMIC_RELAXED) & bit)
		return 0;
	if (parallel)
		return !(__atomic_fetch_or(at, bit, __ATOMIC_RELAXED) & bit);
	*at |= bit;
	return 1;
}

#if WORDS == 1
typedef long long line_t __attribute__((vector_size(64)));

/* set_holding() - which slots of a bucket hold this word, one bit each. */
INLINE uint32_t set_holding(line_t bucket, uint64_t what)
{
#ifdef __AVX512DQ__
	return (uint8_t)__builtin_ia32_cvtq2mask512(bucket == (long long)what);
#else
	uint32_t holding = 0;
	for (int i = 0; i < BUCKET; i++)
		holding |= (uint32_t)((uint64_t)bucket[i] == what) << i;
	return holding;
#endif
}

/* set_load() - a bucket by one load of 64 bytes. Each word of it is read whole, which is all that set_insert() needs; the
 * thread sanitizer is told so word by word. */
INLINE line_t set_load(const uint64_t *bucket)
{
#ifdef __SANITIZE_THREAD__
	line_t now;
	for (int i = 0; i < BUCKET; i++)
		now[i] = (long long)__atomic_load_n(&bucket[i], __ATOMIC_RELAXED);
	return now;
#else
	return *(const volatile line_t *)bucket;
#endif
}

/* set_insert() - insert a state, from this bucket on; returns whether it is new. */
INLINE int set_insert(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t what = x->w[0] + 1;
	for (;;) {
		uint64_t *bucket = slots + at * BUCKET;
		/* Load the bucket once. Testing presence and emptiness on two loads races: another thread may insert
		 * the same state in between. */
		const line_t now = set_load(bucket);
		if (set_holding(now, what))
			return 0;
		uint32_t empty = set_holding(now, 0);
		if (empty) {
			uint64_t *slot = bucket + __builtin_ctz(empty), none = 0;
			if (!parallel) {
				*slot = what;
				return 1;
			}
			if (__atomic_compare_exchange_n(slot, &none, what, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				return 1;
			if (none == what)
				return 0;
		} else
			at = at + 1 == s->slots / BUCKET ? 0 : at + 1;
	}
}

/* set_has() - whether a state is in a set, looking from this bucket on. Nobody inserts meanwhile. */
INLINE int set_has(const struct search *s, const uint64_t *slots, const word_t *x, uint64_t at)
{
	for (;; at = at + 1 == s->slots / BUCKET ? 0 : at + 1) {
		const line_t now = set_load(slots + at * BUCKET);
		if (set_holding(now, x->w[0] + 1))
			return 1;
		if (set_holding(now, 0))
			return 0;
	}
}
#else
#define BUSY (~0ull)	/* the first word of a slot that is being written */

/* set_insert() - the same for wider states, slot by slot. The last word of a state is stored first, plus one: its top
 * bit is free, so that it is neither 0 (empty) nor BUSY. */
INLINE int set_insert(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t first = x->w[WORDS - 1] + 1;
	for (;; at = at + 1 == s->slots ? 0 : at + 1) {
		uint64_t *slot = slots + at * WORDS, have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		if (!have) {
			uint64_t mark = parallel ? BUSY : first;
			if (!parallel || __atomic_compare_exchange_n(slot, &have, mark, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
				for (int i = 1; i < WORDS; i++)
					__atomic_store_n(&slot[i], x->w[i - 1], __ATOMIC_RELAXED);
				__atomic_store_n(slot, first, __ATOMIC_RELEASE);
				return 1;
			}
		}
		while (have == BUSY)
			have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		uint64_t differ = have ^ first;
		for (int i = 1; i < WORDS; i++)
			differ |= __atomic_load_n(&slot[i], __ATOMIC_RELAXED) ^ x->w[i - 1];
		if (!differ)
			return 0;
	}
}

/* set_has() - whether a state is in a set, looking from this slot on. Nobody inserts meanwhile. */
INLINE int set_has(const struct search *s, const uint64_t *slots, const word_t *x, uint64_t at)
{
	for (;; at = at + 1 == s->slots ? 0 : at + 1) {
		const uint64_t *slot = slots + at * WORDS;
		if (!*slot)
			return 0;
		uint64_t differ = *slot ^ (x->w[WORDS - 1] + 1);
		for (int i = 1; i < WORDS; i++)
			differ |= slot[i] ^ x->w[i - 1];
		if (!differ)
			return 1;
	}
}
#endif

/* The steps taken from one state, held in registers until it is done. */
struct steps {
	const uint64_t *set;
	uint64_t buckets;
	word_t *word;
	uint64_t *key;
	uint32_t n;
};

INLINE struct steps steps_begin(const struct worker *k)
{
	const struct search *s = k->search;
	return (struct steps){ DENSE ? s->bits : s->slot, s->slots / BUCKET, k->word, k->key, k->n };
}

/* steps_add() - put a step into the buffers and prefetch its place in the set; it is inserted by steps_flush(). */
INLINE void steps_add(struct steps *to, word_t x, uint64_t rank)
{
	uint64_t key = DENSE ? rank : set_place(to->buckets, &x);
	__builtin_prefetch(&to->set[DENSE ? key >> 6 : key * BUCKET * WORDS], 1);
	to->word[to->n] = x;
	to->key[to->n++] = key;
}

/* steps_flush() - insert the buffered steps; new states go to the worker's next level. */
INLINE void steps_flush(struct worker *k, int parallel)
{
	struct search *s = k->search;
	const uint64_t *key = k->key;
	const word_t *word_ = k->word;
	const uint32_t n = k->n;
#if DENSE
	uint64_t *bits = s->bits;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(set_insert_bit(bits, key[i], parallel), 0))
			worker_push(k, &word_[i]);
#else
	uint64_t *slots = s->slot;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(set_insert(s, slots, &word_[i], key[i], parallel), 0))
			worker_push(k, &word_[i]);
#endif
	k->n = 0;
}

#endif
