#include "kernel_sets.h"

#include <check.h>
#include <string.h>

#include "config.h"

#ifdef ELBO__HAVE_X86_64_LEVELS
extern const elbo__kernels elbo__kernels_avx2[2], elbo__kernels_avx512[2];
#endif

const kernel_set sets[] = {
    {"base", elbo__kernels_base},
#ifdef ELBO__HAVE_X86_64_LEVELS
    {"avx2", elbo__kernels_avx2},
    {"avx512", elbo__kernels_avx512},
#endif
};

int sets_here(void)
{
    int n = 1;
    while (strcmp(sets[n - 1].name, elbo__kernels_name()) != 0)
        ck_assert_int_lt(n++, (int)(sizeof sets / sizeof sets[0]));
    return n;
}
