/* SPDX-License-Identifier: MIT */
/* The free closure: a superset of all page records that can be met, so that each has a number that never changes and
 * multisets of them have a rank. */
#ifndef POOLPROOF_CLOSURE_H
#define POOLPROOF_CLOSURE_H

#include "tables.h"

/* closure_run() - number all records and rests that the initial states lead to.
 *
 * Every action is applied to every record, under every state of pools and devices and every truth of the counts that
 * it uses. Sets t->failed after `most_tries` steps; leaves by t->out if there is no memory.
 */
LOCAL void closure_run(struct tables *t, uint64_t most_tries);

#endif
