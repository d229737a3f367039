/* Internal: a word of warning where the machine could do better. */
#ifndef ELBO_CLI_SLOW_H
#define ELBO_CLI_SLOW_H

/* Before work: says on stderr, once, that products run on BLIS's plain C kernels and what to do about it, if they do
 * and the library has no kernel of its own for f32, which is what the program computes in. */
void elbo__cli_warn_of_slow_products(void);

#endif
