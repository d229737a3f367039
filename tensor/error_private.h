/* Internal: how the library fails. */
#ifndef ELBO_TENSOR_ERROR_PRIVATE_H
#define ELBO_TENSOR_ERROR_PRIVATE_H

#include "error.h"

/* Leaves the message in elbo_error and returns `status`, so that `return elbo__fail(ELBO_IO, "...")` reads well. */
elbo_status elbo__fail(elbo_status status, const char *format, ...) ELBO_PRINTF(2, 3);

#endif
