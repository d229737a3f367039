/* Status codes and the message that goes with the last failure.
 *
 *     if (elbo_params_save(params, "model.safetensors") != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());
 *
 * The library never prints, exits or aborts on what a caller or a file can cause: a function that can fail
 * returns a status (or NULL) and leaves one line, naming the culprit, in `elbo_error`.
 */
#ifndef ELBO_TENSOR_ERROR_H
#define ELBO_TENSOR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define ELBO_API __attribute__((visibility("default")))
#define ELBO_MUST_CHECK __attribute__((warn_unused_result))
#define ELBO_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define ELBO_API
#define ELBO_MUST_CHECK
#define ELBO_PRINTF(format, first)
#endif

typedef enum {
    ELBO_OK = 0,
    ELBO_INVALID,   /* an argument or a combination of arguments that makes no sense */
    ELBO_NO_MEMORY, /* an allocation failed, or a product of sizes overflows         */
    ELBO_IO,        /* a file cannot be opened, read or written                      */
    ELBO_FORMAT,    /* a file was read but is not what its format asks for           */
    ELBO_STOPPED    /* the caller's watcher wanted no more, see tensor/watch.h       */
} elbo_status;

/* The message of the last failure on the calling thread; "" when nothing failed yet. Never NULL. */
ELBO_API const char *elbo_error(void);

#ifdef __cplusplus
}
#endif
#endif
