/* Internal: codes that come from a file, to be decoded. */
#ifndef ELBO_CLI_CODES_H
#define ELBO_CLI_CODES_H

#include "../nn/runs/run.h"

typedef struct {
    float *z;    /* (n, Z), all finite                        */
    int *labels; /* (n), as the run knows the classes; NULL: the file has none, or the run takes none */
    int64_t n;   /* at least 1                                */
} codes;

/* Reads FILE.csv or a .npy file of any other name:
 *
 *     .npy    f32 or f64 (N, Z), or whole numbers (N, H, W, L) of a run whose codes are such
 *     .csv    columns z1 ... zZ, as `elbo encode` writes them among others; where there is no z1, all columns but file
 *             and label, in their order. Labels are names or numbers of classes.
 *
 * What cannot be decoded by the run is ELBO_FORMAT, with its place in the file. Free with elbo__cli_free_codes; empty
 * on failure. */
elbo_status elbo__cli_read_codes(elbo_run *run, const char *path, codes *out) ELBO_MUST_CHECK;

/* Labels from a .npy file of whole numbers (N), in place of those that the codes have. */
elbo_status elbo__cli_read_labels(const elbo_run *run, const char *path, codes *out) ELBO_MUST_CHECK;

/* The same one for all. */
elbo_status elbo__cli_one_label(int label, codes *out) ELBO_MUST_CHECK;

void elbo__cli_free_codes(codes *c);

#endif
