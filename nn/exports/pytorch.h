/* Internal: a run as a PyTorch module, in parts: the modules that hold its weights, the statements of encode and
 * decode, and the file. */
#ifndef ELBO_NN_PYTORCH_H
#define ELBO_NN_PYTORCH_H

#include "export_private.h"

typedef struct {
    const elbo_run *run;
    const elbo__program *programs[2]; /* decode, encode */
    elbo__page *page;
    elbo_status status;
} elbo__pytorch;

/* A piece of Python. */
typedef struct {
    char text[1000];
} elbo__python;

/* ---- modules ----------------------------------------------------------------------------------------------------- */

/* The step that a module of PyTorch's own does, whose weights are PREFIX.weight and so on; NULL: the weights of that
 * name are parameters of a plain nn.Module. *program is where it stands. */
const elbo__step *elbo__pytorch_layer(const elbo__pytorch *s, const char *prefix, const elbo__program **program);

/* The prefix of the module that step i of a program is a call of, into `prefix`; false: it is none. */
bool elbo__pytorch_is_call(const elbo__pytorch *s, const elbo__program *program, int i, char *prefix, size_t size);

/* Whether a module of the class that the file itself declares is needed. */
bool elbo__pytorch_has_batch_norm(const elbo__pytorch *s);

/* The body of __init__: a line for each module and for each tensor that none of them holds. */
void elbo__pytorch_put_modules(elbo__pytorch *s);

/* ELBO_INVALID for a weight whose name PyTorch cannot have. */
elbo_status elbo__pytorch_check_names(const elbo_run *run) ELBO_MUST_CHECK;

/* ---- statements -------------------------------------------------------------------------------------------------- */

/* How a value is written where it is needed. */
typedef struct {
    bool inlined; /* as a part of the statement of its only reader */
    int depth;    /* of what is inlined                            */
    int at;       /* the step of the statement that computes it    */
    int last;     /* the last statement that reads it              */
    int number;   /* of its variable: h, h2, ...                   */
} elbo__pytorch_value;

/* encode or decode under way. */
typedef struct {
    elbo__pytorch *s;
    const elbo__program *p;
    elbo__pytorch_value *values; /* [steps]                         */
    const char *numbers;         /* the input that is numbers: z, x */
} elbo__pytorch_body;

/* Step i as Python; s->status is ELBO_INVALID where PyTorch has no words for it. */
elbo__python elbo__pytorch_words(const elbo__pytorch_body *b, int i);
void elbo__pytorch_no_words(const elbo__pytorch_body *b, int i);

/* Value i where it is read: the words of its step, or the variable of its statement. */
elbo__python elbo__pytorch_expression(const elbo__pytorch_body *b, int i);

/* The body of encode or decode. */
void elbo__pytorch_put_body(elbo__pytorch *s, const elbo__program *program);

#endif
