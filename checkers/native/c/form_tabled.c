/* SPDX-License-Identifier: MIT */
/* Between numbered records and the bytes of the Python engine, for the forms with tables. */
#include "expand.h"

LOCAL void form_code(const struct search *s, const word_t *x, uint8_t *code)
{
	uint32_t id[PAGES], rest = form_split(s, x, id), record = s->m->record;
	for (int p = 0; p < PAGES; p++)
		memcpy(code + p * record, intern_bytes(&s->t->records, id[p]), record);
	memcpy(code + PAGES * record, intern_bytes(&s->t->rests, rest), s->m->cells - PAGES * record);
}

/* Of states in the closure only: each of their records and rests has a number. */
LOCAL word_t form_word(const struct search *s, const uint8_t *code, uint64_t *rank)
{
	uint32_t id[PAGES];
	for (int p = 0; p < PAGES; p++)
		id[p] = *intern_find(&s->t->records, code + p * s->m->record) - 1;
	return form_join(s, id, *intern_find(&s->t->rests, code + PAGES * s->m->record) - 1, rank);
}
