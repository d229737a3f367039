/* Internal: CRC-32C (Castagnoli), the checksum of TensorBoard's records; also that of iSCSI, RFC 3720. */
#ifndef ELBO_IO_CRC32C_H
#define ELBO_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of `count` more bytes: begin with 0, go on with what the last call returned. "123456789" has 0xe3069283. */
uint32_t elbo__crc32c(uint32_t crc, const void *bytes, size_t count);

#endif
