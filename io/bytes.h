/* Bytes: their order, the elements of a tensor as bytes, a hash, and text from files made safe to print. (internal) */
#ifndef ELBO_IO_BYTES_H
#define ELBO_IO_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "../tensor/tensor.h"
#include "file.h"

typedef enum { ELBO__LITTLE_ENDIAN, ELBO__BIG_ENDIAN } elbo__byte_order;

/* The order of this machine. */
static inline elbo__byte_order elbo__native_order(void)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELBO__BIG_ENDIAN : ELBO__LITTLE_ENDIAN;
}

static inline uint32_t elbo__load_be32(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void elbo__store_be32(unsigned char *b, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        b[i] = (unsigned char)(value >> (24 - 8 * i));
}

static inline uint64_t elbo__load_le64(const unsigned char *b)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | b[i];
    return value;
}

static inline void elbo__store_le64(unsigned char *b, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        b[i] = (unsigned char)(value >> 8 * i);
}

/* Between the order of this machine and `order`, in either direction: `count` elements of `size` bytes, in place. */
void elbo__reorder(void *data, size_t count, size_t size, elbo__byte_order order);

/* Calls sink(user, bytes, count) on the elements of a strided tensor in row-major order, in pieces of whole elements
 * with their bytes in `order`. The bytes are valid during the call only. */
typedef void elbo__sink(void *user, const void *bytes, size_t count);
void elbo__pour(const elbo_tensor *tensor, elbo__byte_order order, elbo__sink *sink, void *user);

/* The same bytes in a new block, freed with elbo__free; NULL when memory is short. */
unsigned char *elbo__tensor_bytes(const elbo_tensor *tensor, elbo__byte_order order, size_t *size);

/* Writes the elements of a strided tensor in row-major order. A failure stays with the writer until the commit. */
void elbo__write_tensor(elbo__writer *writer, const elbo_tensor *tensor, elbo__byte_order order);

/* ELBO_INVALID for a tensor of the caller's that cannot be read: an unknown dtype, impossible sizes, elements but no
 * data. The message reads "WHERE: NAME: reason". */
elbo_status elbo__check_tensor(const elbo_tensor *tensor, const char *where, const char *name) ELBO_MUST_CHECK;

/* FNV-1a, 64 bits, of `count` more bytes: start with ELBO__HASH_START, go on with what the last call returned. */
#define ELBO__HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t elbo__hash(uint64_t hash, const void *bytes, size_t count);

/* The start of a text that comes from a file, fit for a one-line message: control characters become '?', and what is
 * too long ends in "...". */
typedef struct {
    char text[64];
} elbo__excerpt;
elbo__excerpt elbo__excerpt_of(const char *text);

#endif
