/* SPDX-License-Identifier: MIT */
/* Pages symmetric and nothing else. Sorted records are a row of stars among bars: the k-th star stands at its record + k.
 * The rank of sorted records is that of the combinatorial number system (D. E. Knuth, TAOCP 4A, 7.2.1.3). */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "sorted.h"

INLINE uint32_t form_split(const struct search *s, const word_t *x, uint32_t *id)
{
	uint64_t n = num(*x);
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++, n &= n - 1)
		id[p] = __builtin_ctzll(n) - p;
	return (uint32_t)(num(*x) >> rest_at(s));
}

LOCAL word_t form_join(const struct search *s, uint32_t *id, uint32_t rest, uint64_t *rank)
{
	uint64_t n = (uint64_t)rest << rest_at(s);
	sorted_sort(id);
	*rank = rest * s->per_rest;
	for (int p = 0; p < PAGES; p++) {
		n |= 1ull << (id[p] + p);
		*rank += rank_at(s, p, id[p]);
	}
	return word(n);
}

/* The number of pages whose record is below this one. */
#if defined(__SSE2__) && PAGES <= 16 && RECORDS < 127
typedef __m128i packed_t;
INLINE packed_t packed(const uint32_t *id)
{
	uint64_t half[2] = { 0x7f7f7f7f7f7f7f7full, 0x7f7f7f7f7f7f7f7full };
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++)
		half[p / 8] ^= (uint64_t)(id[p] ^ 127) << (p % 8 * 8);
	return _mm_set_epi64x(half[1], half[0]);
}
INLINE int below(packed_t ids, uint32_t record)
{
	return __builtin_popcount(_mm_movemask_epi8(_mm_cmplt_epi8(ids, _mm_set1_epi8(record))));
}
#else
typedef const uint32_t *packed_t;
INLINE packed_t packed(const uint32_t *id) { return id; }
INLINE int below(packed_t ids, uint32_t record)
{
	int n = 0;
	for (int p = 0; p < PAGES; p++)
		n += ids[p] < record;
	return n;
}
#endif

INLINE void form_expand(struct worker *k, const word_t *x, claims_t asked)
{
	struct search *s = k->search;
	uint32_t id[PAGES], rest = form_split(s, x, id);
	uint64_t n = num(*x), sum[PAGES + 1], of[2][PAGES + 1];
	uint32_t distinct[PAGES], kinds = 0;
	packed_t ids = packed(id);
	struct expansion h = expand_enter_row(k, id, rest);
	struct steps steps = steps_begin(k);
	/* sum[p] is the rank of the first p records. A record that falls to place b pushes those above it one place up,
	 * one that rises pulls those below it one place down: of[rises][b] is what that makes of the sum. */
	uint64_t down = 0, up = 0, base = rest * s->per_rest;
	sum[0] = 0;
#pragma GCC unroll 32
	for (int p = 0; p < PAGES; p++) {
		of[0][p] = sum[p] - up;
		sum[p + 1] = sum[p] + rank_at(s, p, id[p]);
		down += p ? rank_at(s, p - 1, id[p]) : 0;
		up += rank_at(s, p + 1, id[p]);
		of[1][p] = down - sum[p + 1];
		distinct[kinds] = p;
		kinds += p == PAGES - 1 || id[p] != id[p + 1];
	}
	uint64_t all = base + sum[PAGES], from[PAGES][2];
	uint32_t moves = 0, *restrict to_ = k->to, *restrict of_ = k->of;
	for (uint32_t d = 0; d < kinds; d++) {
		uint32_t p = distinct[d];	/* the last page of its kind */
		from[p][0] = all - rank_at(s, p, id[p]) - of[0][p];
		from[p][1] = all - rank_at(s, p, id[p]) - of[1][p];
		moves = expand_gather(expand_visit_cell(k, &h, id[p]), p, to_, of_, moves);
	}
	for (uint32_t i = 0; i < moves; i++) {
		uint32_t p = of_[i], own = id[p], to = record_in(to_[i]), rises = to > own;
		uint32_t b = below(ids, to) - rises, put = to + b, at = own + p;
		uint32_t low = put < at ? put : at, high = put < at ? at : put;
		uint64_t mask = (2ull << high) - (1ull << low), part = n & mask;
		uint64_t made = (n ^ part) | ((rises ? part >> 1 : part << 1) & mask) | 1ull << put;
		uint64_t rank = from[p][rises] + of[rises][b] + rank_at(s, b, to);
		if (MOVES_REST) {
			made ^= expand_rest_bits(s, rest, to_[i]);
			rank += expand_rest_rank(s, rest, to_[i]);
		}
		steps_add(&steps, word(made), rank);
	}
	expand_rest_steps(&steps, s, h.row, rest, n, all);
	k->n = steps.n;
	expand_finish_state(k, &h, id, x, asked);
	worker_add_orbit(k, sorted_namings(id));
}

LOCAL orbit_t form_orbit(const struct search *s, const word_t *x)
{
	uint32_t id[PAGES];
	form_split(s, x, id);
	return sorted_namings(id);
}
