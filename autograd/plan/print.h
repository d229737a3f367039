/* Internal: what the files print*.c share. */
#ifndef ELBO_AUTOGRAD_PLAN_PRINT_H
#define ELBO_AUTOGRAD_PLAN_PRINT_H

#include "ir.h"
#include "page.h"

/* A parameter's name ("adam.m:decoder.hidden.weight" in another slab than that of the values), an input's name, the
 * number itself of a constant that is one, or class and number: "shared4". */
void elbo__put_name(elbo__page *page, const elbo_plan *plan, int buffer);

/* The steps of a fused group as assignments, a line each: "shared8 = relu(add(local7, spread(hidden.bias)))". Loads and
 * stores that are more than reading or writing neighbours are shown as calls. A value without a name that is read more
 * than once, or whose formula is long, gets one: t1, t2, ... */
void elbo__put_steps(elbo__page *page, const elbo_plan *plan, const elbo__instr *instr, size_t indent);

/* ---- what an instruction costs in a run ------------------------------------------------------------------------ */

/* A product as its op says. In a group every step counts one an element, a fused multiply-add two; a sum or maximum one
 * an element that it reads. What only moves numbers: 0. */
double elbo__instr_flops(const elbo__instr *instr);

/* Read and written, each operand once: its distinct elements, however many blocks read them. */
double elbo__instr_bytes(const elbo_plan *plan, const elbo__instr *instr);

/* ---- where the time of a watched plan's runs went, in seconds ---------------------------------------------------- */

enum {
    ELBO__IN_PRODUCTS,
    ELBO__IN_GROUPS,
    ELBO__IN_KERNELS,
    ELBO__WAITING,
    ELBO__STARTING,
    ELBO__ELSEWHERE,
    ELBO__SPENDINGS
};

/* Of the runs that as many threads took part in as in the last one, the quicker half counts: the others may have been
 * disturbed. */
typedef struct {
    const elbo_plan *plan;
    double *notes;  /* as of one run: the mean */
    double seconds; /* of a run                */
    int runs, counted, team;
} elbo__account;
elbo_status elbo__account_make(elbo__account *account, const elbo_plan *plan) ELBO_MUST_CHECK;
void elbo__account_free(elbo__account *account);

/* Of an instruction, and of all: the mean over the threads. Of all, the sum is what a run takes. */
double elbo__instr_seconds(const elbo__account *account, const elbo__instr *instr);
void elbo__run_spendings(const elbo__account *account, double by[ELBO__SPENDINGS]);

/* Of one thread in a stage, with its waiting before it; stage n_stages is the waiting at the end. */
void elbo__stage_seconds(const elbo__account *account, int stage, int thread, double by[ELBO__SPENDINGS]);

/* What the longest of so many threads would have to do, stage by stage, if blocks took as long as they did. */
elbo_status elbo__seconds_on(const elbo__account *account, int threads, double *seconds) ELBO_MUST_CHECK;

#endif
