#include "config.h" /* for sched_getaffinity */

#include "threads.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "text.h"

int elbo__pretended_processors(void)
{
    const char *text = getenv("ELBO_PROCESSORS");
    const long long n = text ? elbo__read_integer(text, NULL) : 0;
    return n > 0 && n <= 4096 ? (int)n : 0;
}

int elbo__processors(void)
{
    if (elbo__pretended_processors())
        return elbo__pretended_processors();
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? n : 1;
}
