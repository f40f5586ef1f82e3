/* SPDX-License-Identifier: MIT */
/* Pages symmetric: sorted records represent all orders of them. */
#ifndef POOLPROOF_SORTED_H
#define POOLPROOF_SORTED_H

#include "expand.h"

/* sorted_namings() - the number of orders of sorted records: the multinomial coefficient of their multiplicities. */
INLINE orbit_t sorted_namings(const uint32_t *id)
{
#if PAGES > 20	/* 21! does not fit 64 bits */
	orbit_t size = 1;
	for (uint32_t p = 1, same = 1; p < PAGES; p++) {
		same = id[p] == id[p - 1] ? same + 1 : 1;
		size = size * (p + 1) / same;
	}
	return size;
#endif
	uint64_t all = 1, same = 1, run = 1;
#pragma GCC unroll 32
	for (int p = 1; p < PAGES; p++) {
		run = id[p] == id[p - 1] ? run + 1 : 1;
		same *= run;
		all *= p + 1;
	}
	return all / same;
}

/* sorted_sort() - sort records that are nearly sorted. */
LOCAL void sorted_sort(uint32_t *id)
{
	for (int p = 1; p < PAGES; p++) {
		uint32_t x = id[p];
		int to = p;
		for (; to && id[to - 1] > x; to--)
			id[to] = id[to - 1];
		id[to] = x;
	}
}

#endif
