/* Internal: memory that holds, in place of numbers, who wrote them. What the shadow check (check.c) walks a plan with.
 *
 * Runs of blocks of one stage may be worked off in any order and side by side. So none of them may read or write what
 * another one of its stage writes; and whatever is read must have been written before, in this run of the plan, and not
 * been overwritten since.
 */
#ifndef ELBO_AUTOGRAD_PLAN_SHADOW_H
#define ELBO_AUTOGRAD_PLAN_SHADOW_H

#include "ir.h"

/* Stands for a piece of memory of the size of the plan's smallest elements. */
typedef struct {
    int tag;           /* in the arena: 1 + the buffer; in the parameters: 1 + the assignment; 0: as before the run */
    int writer;        /* the last run of blocks that wrote here, counted from 1; 0: none */
    int reader, other; /* the last two that read here */
    int64_t when;      /* the step of the walk that wrote here */
} elbo__cell;

typedef struct {
    elbo__cell *cells;
    int begin;    /* what runs of blocks before this one left here does not count */
    int parallel; /* this run of blocks and those after it are worked off side by side */
} elbo__shadow_memory;

typedef struct {
    const elbo_plan *plan;
    size_t cell_bytes;
    elbo__shadow_memory shared, local, *slabs;
    int n_slabs;
    int *leaf; /* by buffer: the node of a parameter's buffer */
    /* where the walk is: */
    const elbo__loop *loop; /* NULL: behind the last stage */
    const elbo__instr *instr;
    int64_t first, units;   /* those of the run of blocks */
    int block;              /* number of the run of blocks, from 1, in all walks */
    int64_t now, wrote;     /* counts steps; the last one that wrote */
} elbo__shadow;

elbo_status elbo__shadow_new(elbo__shadow *shadow, const elbo_plan *plan);
void elbo__shadow_free(elbo__shadow *shadow);

/* The walk begins anew: the arena holds nothing, the parameters what they hold before a run. */
void elbo__shadow_restart(elbo__shadow *shadow);
void elbo__shadow_next_stage(elbo__shadow *shadow);
void elbo__shadow_next_blocks(elbo__shadow *shadow, int64_t first, int64_t units);

/* Elements [first, first + n) in row-major order of a part of a buffer. Read: `tag` must be found there, written not
 * after step `since`. Write: `tag` is left there. */
elbo_status elbo__shadow_read(elbo__shadow *shadow, int buffer, const elbo_layout *part, int64_t first, int64_t n,
                              int tag, int64_t since);
elbo_status elbo__shadow_write(elbo__shadow *shadow, int buffer, const elbo_layout *part, int64_t first, int64_t n,
                               int tag);

/* Fails with a message that names the stage, loop, units, instruction, buffer and element. */
elbo_status elbo__shadow_wrong(const elbo__shadow *shadow, int buffer, int64_t element, const char *format, ...)
    ELBO_PRINTF(4, 5);

#endif
