/* Derivatives of ops and layers against central differences, in f64, by interpreter and plan.
 *
 * A case of an op (elbo__case in autograd/op.h) says what to call, on which shapes and in which range. Its operands
 * arrive in every way an operand can: as they are, transposed, out of the middle of a larger tensor, repeated along an
 * axis, with all sizes 1, and empty. The result is contracted with fixed random numbers, so that every entry counts:
 *
 *     first order:   L = sum(c y)                  dL/dx by elbo_grad and by differences of L
 *     second order:  S = sum_i sum(d_i dL/dx_i)    dS/dx by elbo_grad and by differences of S
 *
 * Operands are numbers (m + 1/2) / 64, no two of them the same: at least 1/128 from every integer and 1/64 from each
 * other, so that no step (at most 1/1024) meets a kink of |x|, floor, max, ... An op whose kinks lie elsewhere needs a
 * case whose range avoids them.
 *
 * A layer is a case that names parameters: they count as operands. They and its state get random numbers, those of
 * state positive.
 */
#ifndef ELBO_TESTS_DERIVATIVES_H
#define ELBO_TESTS_DERIVATIVES_H

#include "../autograd/op.h"

/* The worst |a - n| / max(1, |a|, |n|) of a derivative a and its difference n so far, and where. */
typedef struct {
    double worst;
    char where[160];
    long entries;
} derivative_report;

/* Fails the test at the first derivative whose error is above 1e-9, at an op that refuses one of the shapes, and at one
 * that takes no empty operands at all. `op` is for messages; `order` is 1 or 2; `cases` ends with build = NULL. */
void check_derivatives(const char *op, const elbo__case *cases, elbo_mode mode, int order, derivative_report *report);

#endif
