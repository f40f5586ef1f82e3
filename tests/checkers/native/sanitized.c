/* SPDX-License-Identifier: MIT */
/* One search as a program of its own: how many threads, ranks and bytes as arguments, its counts on one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "api.h"
#include "engine.h"

int main(int argc, char **argv)
{
	uint32_t threads = argc > 3 ? strtoul(argv[1], NULL, 10) : 1;
	uint64_t space = argc > 3 ? strtoull(argv[2], NULL, 10) : 0, bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	struct tables *tables = NULL;
#ifdef TABLED
	tables = tables_new(&model, 30000000);
#endif
	struct search *search = search_new(&model, tables, threads, space, -1, bytes);
	uint64_t *fired = calloc(model.actions, sizeof *fired);
	struct search_report r;
	int why;

	if (!search || !fired)
		return 3;
	do
		why = search_run(search, 1.0, 0, bytes, 0, 0, 0);
	while (why == STOP_SLICE);
	search_report(search, &r, fired);
	if (why != STOP_FINISHED)
		return 4;
	printf("%llu %llu %llu %u\n", (unsigned long long)r.states, (unsigned long long)r.transitions,
		(unsigned long long)r.orbits_low, r.depth);
	search_free(search);
	free(fired);
	return 0;
}
