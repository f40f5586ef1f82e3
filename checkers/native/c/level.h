/* SPDX-License-Identifier: MIT */
/* The states of a level, in chunks that threads take one by one. A level belongs to one thread at a time. */
#ifndef POOLPROOF_LEVEL_H
#define POOLPROOF_LEVEL_H

#include "search.h"

/* level_add() - append a chunk. Returns false if there is no memory: the chunk stays the caller's. */
LOCAL int level_add(struct level *l, struct chunk *c);

/* level_free() - free all chunks (a NULL among them was freed before); the level is empty then. */
LOCAL void level_free(struct level *l);

/* worker_new_chunk() - a fresh chunk at the end of the worker's next level. If there is no memory it is the spare one,
 * whose states are lost, and the worker is short. */
NOINLINE struct chunk *worker_new_chunk(struct worker *k);

/* worker_push() - add a state to the worker's next level. */
INLINE void worker_push(struct worker *k, const word_t *x)
{
	struct chunk *c = k->open;
	if (__builtin_expect(!c || c->n == CHUNK, 0))
		c = worker_new_chunk(k);
	c->state[c->n++] = *x;
	k->states++;
}

#endif
