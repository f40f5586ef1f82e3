/* One search as a program of its own: how many threads, ranks and bytes as arguments, its counts on one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

struct report {
	uint64_t states, transitions, orbits_low, orbits_high, frontier, set_bytes, bytes;
	uint32_t depth, unused[5];
};

extern const struct model model;
#ifdef TABLED
void *tables_new(const struct model *m, uint64_t tries);
#endif
void *search_new(const struct model *m, void *tables, uint32_t threads, uint64_t space, int keep_from, uint64_t bytes);
int search_run(void *s, double seconds, uint64_t states, uint64_t bytes, uint32_t depth, uint64_t low, uint64_t high);
void search_report(const void *s, struct report *r, uint64_t *fired);
void search_free(void *s);

enum { RUNNING, FINISHED, SLICE };	/* why a run came back, as in search.h */

int main(int argc, char **argv)
{
	uint32_t threads = argc > 3 ? strtoul(argv[1], NULL, 10) : 1;
	uint64_t space = argc > 3 ? strtoull(argv[2], NULL, 10) : 0, bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	void *tables = NULL;
#ifdef TABLED
	tables = tables_new(&model, 30000000);
#endif
	void *search = search_new(&model, tables, threads, space, -1, bytes);
	uint64_t *fired = calloc(model.actions, sizeof *fired);
	struct report r;
	int why;

	if (!search || !fired)
		return 3;
	do
		why = search_run(search, 1.0, 0, bytes, 0, 0, 0);
	while (why == SLICE);
	search_report(search, &r, fired);
	if (why != FINISHED)
		return 4;
	printf("%llu %llu %llu %u\n", (unsigned long long)r.states, (unsigned long long)r.transitions,
		(unsigned long long)r.orbits_low, r.depth);
	search_free(search);
	free(fired);
	return 0;
}
