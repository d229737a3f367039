#include "config.h" /* for sched_getaffinity */

#include "threads.h"

#include <sched.h>
#include <unistd.h>

int elbo__pretended_processors;

int elbo__processors(void)
{
    if (elbo__pretended_processors)
        return elbo__pretended_processors;
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? n : 1;
}
