/* Internal: a run at work on arrays: rows are taken in blocks, and each size of block has its plan. */
#ifndef ELBO_NN_RUN_JOB_H
#define ELBO_NN_RUN_JOB_H

#include "run_private.h"

enum { ELBO__BLOCK = 500 }; /* the most images of a piece */

/* One call on N images: what goes in, and what becomes of what comes out. */
typedef struct elbo__job {
    elbo_run *run;
    elbo__role role;
    const float *x, *z;             /* (N, D), (N, Z), or NULL                          */
    const int *labels;              /* (N), or NULL                                     */
    const elbo__table *table;       /* in place of x and labels, or NULL                */
    const int32_t *listed;          /* (N) rows of the table; NULL: the first ones      */
    int64_t n, draws, seed, round;  /* draws = 0: one                                   */
    int64_t before, in_all;         /* of a larger work on images; 0: this is all       */
    elbo_status (*take)(const struct elbo__job *job, const elbo__piece *piece); /* NULL: to `out` */
    float *out, *second;            /* (N, width); second output of the plan or NULL    */
    int64_t width;
    elbo__missing missing;          /* in x: found by elbo__run_job                     */
    double *sums;                   /* of take_mean: (batch)                            */
    elbo_figures *figures;          /* of take_figures                                  */
    const elbo__question *question; /* of take_answer                                   */
    bool whole;                     /* all draws of an image in one piece               */
} elbo__job;

/* The whole of a job: images in blocks, and their draws in portions where there are many; metrics are of all draws. */
elbo_status elbo__run_job(elbo__job job) ELBO_MUST_CHECK;

#endif
