/* Between numbered records and the bytes of the Python engine. */
static void code_of(const struct search *s, const word_t *x, uint8_t *code)
{
	uint32_t id[PAGES], rest = split(s, x, id), record = s->m->record;
	for (int p = 0; p < PAGES; p++)
		memcpy(code + p * record, bytes_of(&s->t->records, id[p]), record);
	memcpy(code + PAGES * record, bytes_of(&s->t->rests, rest), s->m->cells - PAGES * record);
}

static uint32_t found_in(const struct numbered *x, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (!memcmp(bytes_of(x, i), bytes, x->width))
			return i;
	return 0;
}

static word_t word_of_code(const struct search *s, const uint8_t *code, uint64_t *rank)
{
	uint32_t id[PAGES];
	for (int p = 0; p < PAGES; p++)
		id[p] = found_in(&s->t->records, code + p * s->m->record);
	return joined(s, id, found_in(&s->t->rests, code + PAGES * s->m->record), rank);
}
