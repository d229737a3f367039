#include "slow.h"

#include <stdbool.h>
#include <string.h>

#include "../tensor/machine.h"
#include "progress.h"

void elbo__cli_warn_of_slow_products(void)
{
    static bool warned;
    const elbo_machine machine = elbo_machine_describe();
    if (warned || machine.own_f32 || strcmp(machine.blis, "generic") != 0)
        return;
    warned = true;
    elbo__cli_say(
        "warning: matrix products run on BLIS's generic kernels, which are several times slower than those for "
        "a processor; set BLIS_ARCH_TYPE to one that suits yours (haswell, zen3, ...), or install another "
        "libblis");
}
