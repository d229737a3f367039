/* Internal: what long work asks between two pieces. */
#ifndef ELBO_TENSOR_WATCH_PRIVATE_H
#define ELBO_TENSOR_WATCH_PRIVATE_H

#include "error_private.h"
#include "watch.h"

/* ELBO_OK, or ELBO_STOPPED with a message when the watcher of this thread wants no more. */
elbo_status elbo__watched(const char *what, int64_t done, int64_t total) ELBO_MUST_CHECK;

#endif
