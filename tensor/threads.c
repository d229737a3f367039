#include "config.h" /* for sched_getaffinity */

#include "threads.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "text.h"

/* The number, 1 to 4096, that a variable of the environment is or, of a list, begins with; 0: none. */
static int number_in(const char *variable)
{
    const char *text = getenv(variable);
    const long long n = text ? elbo__read_integer(text, NULL) : 0;
    return n > 0 && n <= 4096 ? (int)n : 0;
}

int elbo__pretended_processors(void)
{
    return number_in("ELBO_PROCESSORS");
}

int elbo__threads_of_environment(void)
{
    return number_in("OMP_NUM_THREADS"); /* a list: a number for each level of nesting */
}

int elbo__processors(void)
{
    if (elbo__pretended_processors())
        return elbo__pretended_processors();
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? n : 1;
}
