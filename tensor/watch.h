/* Long work, watched and stopped: fitting, evaluating, encoding, drawing and reading say now and then how far they are.
 *
 *     static bool show(void *user, const char *what, int64_t done, int64_t total)
 *     {
 *         fprintf(stderr, "\r%s %lld of %lld", what, (long long)done, (long long)total);
 *         return !interrupted;                                             // a flag that a signal handler sets
 *     }
 *
 *     elbo_watch(show, NULL);
 *     elbo_status status = elbo_run_evaluate(run, &test, 0, 1, &figures); // ELBO_STOPPED where `show` returned false
 *
 * A function that is stopped undoes what it has begun, as on any failure: files stay as they were.
 */
#ifndef ELBO_TENSOR_WATCH_H
#define ELBO_TENSOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asked between two pieces of work: `done` of `total` pieces of what is called `what` ("evaluating") are behind us.
 * False stops the work. The last time `done` is `total`. It is called often, from the thread that does the work, and
 * must not call the library. */
typedef bool (*elbo_watcher)(void *user, const char *what, int64_t done, int64_t total);

/* From now on `watcher` is asked by what the calling thread has the library do; NULL: nobody is. */
ELBO_API void elbo_watch(elbo_watcher watcher, void *user);

#ifdef __cplusplus
}
#endif
#endif
