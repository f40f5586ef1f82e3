/* Pages symmetric: sorted records speak for all orders of them. */
/* In how many ways the pages of sorted records can be named. */
ALWAYS orbit_t namings(const uint32_t *id)
{
#if PAGES > 20	/* 21! is more than a word */
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

static void sort(uint32_t *id)
{
	for (int p = 1; p < PAGES; p++) {
		uint32_t x = id[p];
		int to = p;
		for (; to && id[to - 1] > x; to--)
			id[to] = id[to - 1];
		id[to] = x;
	}
}
