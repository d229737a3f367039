/* Internal: bytes as text (RFC 4648, section 4). */
#ifndef ELBO_IO_BASE64_H
#define ELBO_IO_BASE64_H

#include <stddef.h>

/* "any carnal pleas" -> "YW55IGNhcm5hbCBwbGVhcw=="; a new string, freed with elbo__free. NULL on failure. */
char *elbo__base64(const void *bytes, size_t count);

#endif
