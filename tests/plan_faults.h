/* Faults for the fuzz to find: each breaks a compiled plan in one place, as a mistake in a pass of the planner
 * would. */
#ifndef ELBO_TESTS_PLAN_FAULTS_H
#define ELBO_TESTS_PLAN_FAULTS_H

#include "../autograd/plan/ir.h"

extern const int plan_faults_count;
const char *plan_fault_name(int fault);

/* Plants it somewhere, where the seed says; false: this plan has no place for it. */
bool plan_fault_plant(elbo_plan *plan, int fault, uint64_t seed);

#endif
