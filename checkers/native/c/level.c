/* SPDX-License-Identifier: MIT */
#include "level.h"

LOCAL int level_add(struct level *l, struct chunk *c)
{
	if (l->n == l->room) {
		uint32_t room = l->room ? l->room * 2 : 16;
		struct chunk **chunk = realloc(l->chunk, room * sizeof *chunk);
		if (!chunk)
			return 0;
		l->chunk = chunk;
		l->room = room;
	}
	l->chunk[l->n++] = c;
	return 1;
}

LOCAL void level_free(struct level *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->chunk[i]);
	free(l->chunk);
	memset(l, 0, sizeof *l);
}

NOINLINE struct chunk *worker_new_chunk(struct worker *k)
{
	struct chunk *c = malloc(sizeof *c);
	if (c && !level_add(&k->next, c)) {
		free(c);
		c = NULL;
	}
	if (c)
		k->bytes += sizeof *c;
	else {
		k->is_short = 1;
		c = k->spare;
	}
	c->n = 0;
	return k->open = c;
}
