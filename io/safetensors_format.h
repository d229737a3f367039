/* What the reader and the writer of safetensors share. (internal) */
#ifndef ELBO_IO_SAFETENSORS_FORMAT_H
#define ELBO_IO_SAFETENSORS_FORMAT_H

#define ELBO__METADATA "__metadata__" /* the one key of the header that names no tensor */
#define ELBO__MAX_HEADER 100000000    /* bytes of JSON                                  */
#define ELBO__DTYPES 4

extern const char *const elbo__safetensors_dtypes[ELBO__DTYPES]; /* by elbo_dtype */

#endif
