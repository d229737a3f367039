/* Internal: how many threads to use. The public functions are in autograd/plan.h. */
#ifndef ELBO_TENSOR_THREADS_H
#define ELBO_TENSOR_THREADS_H

/* The processors that this process may run on: more threads than these would wait for each other. */
int elbo__processors(void);

/* Environment variable ELBO_PROCESSORS: so many processors are made believe, and threads are woken for the smallest
 * plan. 0: it is not set. Results are the same, which is what it is for: to see that. */
int elbo__pretended_processors(void);

/* How many threads OpenMP's variable OMP_NUM_THREADS asks for. 0: it is not set. */
int elbo__threads_of_environment(void);

#endif
