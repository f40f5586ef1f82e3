/* Byte strings by number: page records, and states of pools and devices. */
static uint32_t hash_bytes(const uint8_t *b, uint32_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static void grow_slots(struct tables *t, struct numbered *x)
{
	uint32_t mask = x->mask ? x->mask * 2 + 1 : 255;
	uint32_t *slot = got(t, calloc(mask + 1, sizeof *slot));
	for (uint32_t i = 0; i < x->n; i++) {
		uint32_t h = hash_bytes(x->bytes + (size_t)i * x->width, x->width) & mask;
		while (slot[h])
			h = (h + 1) & mask;
		slot[h] = i + 1;
	}
	free(x->slot);
	x->slot = slot;
	x->mask = mask;
}

/* Where the number of these bytes is, plus one, or would be. */
static uint32_t *slot_of(const struct numbered *x, const uint8_t *bytes)
{
	uint32_t h = hash_bytes(bytes, x->width) & x->mask;
	while (x->slot[h] && memcmp(x->bytes + (size_t)(x->slot[h] - 1) * x->width, bytes, x->width))
		h = (h + 1) & x->mask;
	return &x->slot[h];
}

/* The number of these bytes; new ones get the next, up to MOST_NUMBERS. */
static uint32_t number_of(struct tables *t, struct numbered *x, const uint8_t *bytes)
{
	if (x->n * 2 >= x->mask)
		grow_slots(t, x);
	uint32_t *slot = slot_of(x, bytes);
	if (*slot)
		return *slot - 1;
	if (x->n == MOST_NUMBERS) {
		t->failed = "too many page records, or states of pools and devices";
		return 0;
	}
	if (x->n == x->room) {
		x->room = x->room ? x->room * 2 : 64;
		x->bytes = got(t, realloc(x->bytes, (size_t)x->room * x->width + 1));
	}
	memcpy(x->bytes + (size_t)x->n * x->width, bytes, x->width);
	*slot = ++x->n;
	return x->n - 1;
}
