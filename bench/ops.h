/* Cases of bench/ops: something to be run many times, what it amounts to, and what limits it. */
#ifndef ELBO_BENCH_OPS_H
#define ELBO_BENCH_OPS_H

#include <stddef.h>

typedef enum {
    ARITHMETIC, /* `amount` is floating-point operations; the limit is the FMA peak                                   */
    MEMORY      /* `amount` is bytes read and written; the limit is a copy between as many bytes in all               */
} ops_limit;

typedef struct {
    const char *name, *shape;
    int threads;
    ops_limit limit;
    double amount;
    void (*run)(void *what);
    void (*other)(void *what); /* somebody else's way to do the same; NULL: there is none to compare with             */
    void *what;
} ops_case;

/* Times the case, its limit and the other way in turn, and prints a line. */
void ops_time(const ops_case *c);

/* The cases, in three files. Those of the first two run on the calling thread alone. */
void ops_products(void);
void ops_kernels(void);
void ops_graphs(int threads);

/* n numbers between 1/4 and 2, inside the domain of every function, aligned to a cache line; to be freed. */
float *ops_numbers(size_t n);

#endif
