#include "../op.h"

const elbo__op *const elbo__ops[] = {
#define OP(name) &elbo__op_##name,
#include "ops.def"
#undef OP
    NULL,
};
