/* .npz, the format of NumPy's savez: a zip file whose members are .npy files. (internal)
 *
 * No more is inflated than the shape of an array asks for, and a member that claims more than its compressed bytes can
 * hold is refused before memory is taken for it.
 */
#ifndef ELBO_IO_NPZ_H
#define ELBO_IO_NPZ_H

#include <stdbool.h>

#include "../tensor/tensor.h"

typedef struct elbo__npz elbo__npz;

/* ELBO_IO when the file cannot be read, ELBO_FORMAT for one that is no zip file or holds no .npy file. */
elbo_status elbo__npz_open(const char *path, elbo__npz **out) ELBO_MUST_CHECK;
void elbo__npz_close(elbo__npz *npz); /* accepts NULL */

int elbo__npz_count(const elbo__npz *npz);
int elbo__npz_largest(const elbo__npz *npz); /* of the arrays, by its bytes */
const char *elbo__npz_name(const elbo__npz *npz, int i); /* of an array: its member's without ".npy" */
bool elbo__npz_has(const elbo__npz *npz, const char *name);

/* *out = an array that is there, as elbo__npy_read_from would read it; messages begin with "PATH/NAME.npy: ". */
elbo_status elbo__npz_read(elbo__npz *npz, const char *name, bool levels, elbo_tensor *out) ELBO_MUST_CHECK;

#endif
