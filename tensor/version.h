/* The version of the library: of the headers at compile time, of the shared library at run time. */
#ifndef ELBO_TENSOR_VERSION_H
#define ELBO_TENSOR_VERSION_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ELBO_VERSION "0.1.0" /* configure checks that this is the version in configure.ac */

/* The ELBO_VERSION that the library was built with; the caller's is another when the two do not belong together. */
ELBO_API const char *elbo_version(void);

#ifdef __cplusplus
}
#endif
#endif
