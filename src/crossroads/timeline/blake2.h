/* BLAKE2b of one key block and short messages behind it, as hashlib.blake2b(message, key=key, digest_size=size) gives it.
   Source: RFC 7693 (Saarinen & Aumasson, 2015), sections 2.7 and 3. */

#include <stdint.h>
#include <string.h>

typedef struct {
    uint64_t h[8];
} blake2_state;

static const uint64_t blake2_iv[8] = {
    0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
    0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL,
};

static const uint8_t blake2_sigma[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

#define BLAKE2_ROTATE(x, n) (((x) >> (n)) | ((x) << (64 - (n))))
#define BLAKE2_MIX(a, b, c, d, x, y)           \
    do {                                       \
        v[a] += v[b] + (x);                    \
        v[d] = BLAKE2_ROTATE(v[d] ^ v[a], 32); \
        v[c] += v[d];                          \
        v[b] = BLAKE2_ROTATE(v[b] ^ v[c], 24); \
        v[a] += v[b] + (y);                    \
        v[d] = BLAKE2_ROTATE(v[d] ^ v[a], 16); \
        v[c] += v[d];                          \
        v[b] = BLAKE2_ROTATE(v[b] ^ v[c], 63); \
    } while (0)

static uint64_t blake2_word(const unsigned char *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return word;
}

static void blake2_compress(blake2_state *state, const unsigned char *block, uint64_t count, int is_last) {
    uint64_t v[16], m[16];
    for (int i = 0; i < 16; i++) m[i] = blake2_word(block + 8 * i);
    for (int i = 0; i < 8; i++) v[i] = state->h[i], v[i + 8] = blake2_iv[i];
    v[12] ^= count;
    if (is_last) v[14] = ~v[14];
    for (int r = 0; r < 12; r++) {
        const uint8_t *s = blake2_sigma[r];
        BLAKE2_MIX(0, 4, 8, 12, m[s[0]], m[s[1]]);
        BLAKE2_MIX(1, 5, 9, 13, m[s[2]], m[s[3]]);
        BLAKE2_MIX(2, 6, 10, 14, m[s[4]], m[s[5]]);
        BLAKE2_MIX(3, 7, 11, 15, m[s[6]], m[s[7]]);
        BLAKE2_MIX(0, 5, 10, 15, m[s[8]], m[s[9]]);
        BLAKE2_MIX(1, 6, 11, 12, m[s[10]], m[s[11]]);
        BLAKE2_MIX(2, 7, 8, 13, m[s[12]], m[s[13]]);
        BLAKE2_MIX(3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) state->h[i] ^= v[i] ^ v[i + 8];
}

/* The state behind the block of the key, 1 to 64 bytes. */
static void blake2_key(blake2_state *state, const unsigned char *key, size_t key_size, size_t digest_size) {
    unsigned char block[128] = {0};
    memcpy(state->h, blake2_iv, sizeof blake2_iv);
    state->h[0] ^= 0x01010000ULL ^ (uint64_t)key_size << 8 ^ digest_size;
    memcpy(block, key, key_size);
    blake2_compress(state, block, 128, 0);
}

/* The digest's words for a message of at least one byte behind the key; the state stays as it is. */
static void blake2_digest(const blake2_state *keyed, const unsigned char *message, size_t size, uint64_t words[8]) {
    blake2_state state = *keyed;
    uint64_t count = 128;
    unsigned char block[128];
    for (; size > 128; message += 128, size -= 128) blake2_compress(&state, message, count += 128, 0);
    memset(block, 0, sizeof block);
    memcpy(block, message, size);
    blake2_compress(&state, block, count + size, 1);
    memcpy(words, state.h, sizeof state.h);
}
