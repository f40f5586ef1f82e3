/* The set of states seen: a bit for each rank, or an exact hash set. */
static void *reserve(uint64_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	madvise(at, bytes, MADV_HUGEPAGE);
	return at;
}

enum { BUCKET = WORDS == 1 ? 8 : 1 };	/* slots of a bucket, a cache line where that is possible */

ALWAYS uint64_t place_in(uint64_t buckets, const word_t *x)
{
	return (unsigned __int128)hash(x) * buckets >> 64;
}

ALWAYS int insert_bit(uint64_t *bits, uint64_t rank, int parallel)
{
	uint64_t *at = &bits[rank >> 6], bit = 1ull << (rank & 63);
	if (*at & bit)
		return 0;
	if (parallel)
		return !(__atomic_fetch_or(at, bit, __ATOMIC_RELAXED) & bit);
	*at |= bit;
	return 1;
}

#if WORDS == 1
typedef long long line_t __attribute__((vector_size(64)));

/* Which of the slots of a bucket hold this, a bit each. */
ALWAYS uint32_t holding(line_t bucket, uint64_t what)
{
#ifdef __AVX512DQ__
	return (uint8_t)__builtin_ia32_cvtq2mask512(bucket == (long long)what);
#else
	uint32_t found = 0;
	for (int i = 0; i < BUCKET; i++)
		found |= (uint32_t)((uint64_t)bucket[i] == what) << i;
	return found;
#endif
}

/* Put a state into the hash set, beginning to look at this bucket; is it new? */
ALWAYS int insert_slot(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t what = x->w[0] + 1;
	for (;;) {
		uint64_t *bucket = slots + at * BUCKET;
		/* Looked at once: before a second look another thread might fill the slot that was empty with the same. */
		const line_t now = *(const volatile line_t *)bucket;
		if (holding(now, what))
			return 0;
		uint32_t empty = holding(now, 0);
		if (empty) {
			uint64_t *slot = bucket + __builtin_ctz(empty), none = 0;
			if (!parallel) {
				*slot = what;
				return 1;
			}
			if (__atomic_compare_exchange_n(slot, &none, what, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				return 1;
			if (none == what)
				return 0;
		} else
			at = at + 1 == s->slots / BUCKET ? 0 : at + 1;
	}
}
#else
#define BUSY (~0ull)

/* The same for wider states, slot by slot; the first word of a slot that is being written is BUSY. The last word of a
 * state comes first, plus one: its top bit is free, so that it looks neither empty nor BUSY. */
ALWAYS int insert_slot(const struct search *s, uint64_t *slots, const word_t *x, uint64_t at, int parallel)
{
	const uint64_t first = x->w[WORDS - 1] + 1;
	for (;; at = at + 1 == s->slots ? 0 : at + 1) {
		uint64_t *slot = slots + at * WORDS, have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		if (!have) {
			uint64_t mark = parallel ? BUSY : first;
			if (!parallel || __atomic_compare_exchange_n(slot, &have, mark, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
				for (int i = 1; i < WORDS; i++)
					slot[i] = x->w[i - 1];
				__atomic_store_n(slot, first, __ATOMIC_RELEASE);
				return 1;
			}
		}
		while (have == BUSY)
			have = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		uint64_t differ = have ^ first;
		for (int i = 1; i < WORDS; i++)
			differ |= slot[i] ^ x->w[i - 1];
		if (!differ)
			return 0;
	}
}
#endif

/* What a slot holds. */
static word_t held(const uint64_t *slot)
{
	word_t x;
	memcpy(&x, slot + 1, sizeof x - 8);
	x.w[WORDS - 1] = *slot - 1;
	return x;
}

/* Spread the buckets of a set over twice as many, in place. Places grow with the hash, so what is in bucket b goes to
 * 2b and beyond; from the last bucket to the first, that is where all is done. What had to stand far behind its own
 * bucket may belong before b: it waits until the end. */
static void spread(struct search *s, uint64_t old)
{
	enum { WIDE = BUCKET * WORDS };
	uint64_t *waiting = NULL, bucket[WIDE], n = 0;
	for (uint64_t b = old; b--; ) {
		memcpy(bucket, s->slot + b * WIDE, sizeof bucket);
		memset(s->slot + b * WIDE, 0, sizeof bucket);
		for (uint64_t *slot = bucket; slot < bucket + WIDE && *slot; slot += WORDS) {
			word_t x = held(slot);
			uint64_t place = place_in(2 * old, &x);
			if (place >= b) {
				insert_slot(s, s->slot, &x, place, 0);
				continue;
			}
			waiting = realloc(waiting, (n + 1) * WORDS * sizeof *waiting);
			memcpy(waiting + n++ * WORDS, slot, WORDS * sizeof *slot);
		}
	}
	for (uint64_t i = 0; i < n; i++) {
		word_t x = held(waiting + i * WORDS);
		insert_slot(s, s->slot, &x, place_in(2 * old, &x), 0);
	}
	free(waiting);
}

enum { AT_ONCE = 1024 };	/* new states a worker may have without telling the others */

/* States that may be on their way into the set before somebody looks at how full it is. */
static uint64_t slack(const struct search *s)
{
	return s->workers * (AT_ONCE + s->most_steps);
}

/* Make the hash set larger, if memory allows. */
static int grow(struct search *s)
{
	uint64_t old = s->slots, slots = old ? old * 2 : 1 << 16;
	while (!old && slots < 4 * slack(s))
		slots *= 2;
	uint64_t bytes = slots * WORDS * 8;
	if (s->max_bytes && bytes + beside_the_set(s) > s->max_bytes)
		return 0;
	void *made = old ? mremap(s->slot, s->set_bytes, bytes, MREMAP_MAYMOVE) : reserve(bytes);
	if (!made || made == MAP_FAILED)
		return 0;
	madvise(made, bytes, MADV_HUGEPAGE);
	s->slot = made;
	s->slots = slots;
	s->set_bytes = bytes;
	s->grow_at = slots / 4 * 3;
	if (old)
		spread(s, old / BUCKET);
	return 1;
}

/* The steps taken from one state, held in registers until it is done. */
struct steps {
	const uint64_t *set;
	uint64_t buckets;
	word_t *word;
	uint64_t *key;
	uint32_t n;
};

ALWAYS struct steps steps_of(const struct worker *k)
{
	const struct search *s = k->search;
	return (struct steps){ DENSE ? s->bits : s->slot, s->slots / BUCKET, k->word, k->key, k->n };
}

/* Take one step into the buffers; the set is asked later, when its memory has come near. */
ALWAYS void step_to(struct steps *to, word_t x, uint64_t rank)
{
	uint64_t key = DENSE ? rank : place_in(to->buckets, &x);
	__builtin_prefetch(&to->set[DENSE ? key >> 6 : key * BUCKET * WORDS], 1);
	to->word[to->n] = x;
	to->key[to->n++] = key;
}

ALWAYS void flush(struct worker *k, int parallel)
{
	struct search *s = k->search;
	const uint64_t *key = k->key;
	const word_t *word = k->word;
	const uint32_t n = k->n;
#if DENSE
	uint64_t *bits = s->bits;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(insert_bit(bits, key[i], parallel), 0))
			push(k, &word[i]);
#else
	uint64_t *slots = s->slot;
	for (uint32_t i = 0; i < n; i++)
		if (__builtin_expect(insert_slot(s, slots, &word[i], key[i], parallel), 0))
			push(k, &word[i]);
#endif
	k->n = 0;
}
