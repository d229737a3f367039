/* The kernel sets of the library, each after the ones that run wherever it does; one of them is the machine's best. */
#ifndef ELBO_TESTS_KERNEL_SETS_H
#define ELBO_TESTS_KERNEL_SETS_H

#include "../tensor/elementwise.h"

typedef struct {
    const char *name;
    const elbo__kernels *kernels; /* f32, f64 */
} kernel_set;

extern const kernel_set sets[];
int sets_here(void); /* how many of them, from the first one on, run on this machine */

/* The first, against which the others are held. */
extern const elbo__kernels elbo__kernels_base[2];

#endif
