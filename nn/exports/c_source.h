/* Internal: a program as C, in parts: where its values lie, loops over them, and the file. */
#ifndef ELBO_NN_C_SOURCE_H
#define ELBO_NN_C_SOURCE_H

#include "export_private.h"

/* ---- where values lie -------------------------------------------------------------------------------------------- */

/* Values that lie in the same place one after the other: a reshape, or what is computed in place. */
typedef struct {
    int64_t size;     /* numbers                                                              */
    int last;         /* the step that reads it last                                          */
    int output;       /* number of the output that it is, or -1                               */
    bool fixed;       /* an input, a weight or an array: nothing is written to it             */
    int buffer;       /* of the scratch memory, or -1                                         */
} elbo__c_place;

enum { ELBO__MOST_BUFFERS = 64 };

typedef struct {
    elbo__c_place *places; /* [count of steps], those up to n_places are used */
    int *of;               /* [count of steps] the place of each value        */
    int n_places;
    int64_t sizes[ELBO__MOST_BUFFERS]; /* of the buffers */
    int n_buffers;
} elbo__c_storage;

elbo_status elbo__c_store(const elbo__program *program, elbo__c_storage *out) ELBO_MUST_CHECK;
void elbo__c_storage_free(elbo__c_storage *storage);

/* ---- loops ------------------------------------------------------------------------------------------------------- */

enum { ELBO__C_REFERENCES = 4 };

/* Loops over a shape, and numbers in memory that are met on the way: entry (i, j, ...) of each reference lies at offset
 * + i strides[0] + j strides[1] + ... */
typedef struct {
    elbo_shape shape;
    int n;
    int64_t strides[ELBO__C_REFERENCES][ELBO_MAX_RANK], offset[ELBO__C_REFERENCES];
} elbo__c_loops;

/* Loops over a shape, with the result as reference 0: row-major, and of that shape. */
elbo__c_loops elbo__c_loops_over(const elbo_shape *shape);

/* Adds a row-major operand; axes of size 1 and those that it lacks are repeated. */
void elbo__c_loops_add(elbo__c_loops *loops, const elbo_shape *operand);

/* Makes loops fewer where neighbours can be one. */
void elbo__c_loops_join(elbo__c_loops *loops);

/* for (int i = 0; i < 400; i++) ... */
void elbo__c_put_loops(elbo__page *page, const elbo__c_loops *loops);

/* A piece of C. */
typedef struct {
    char text[300];
} elbo__c_text;

/* "20 * i + j": where reference r is, within the loops */
elbo__c_text elbo__c_index_of(const elbo__c_loops *loops, int r);

/* ---- the file ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const elbo__program *program;
    elbo__page *page;
    elbo__c_storage storage;
    char *name;  /* "vae_decode"                                       */
    char *macro; /* "VAE_DECODE"                                       */
    char **of;   /* [steps] the names of weights and arrays; else NULL */
    elbo_status status;
} elbo__c_source;

/* A float as C has it: 0.5f, (-2.0f), INFINITY. The same float is read from it. */
elbo__c_text elbo__c_literal_of(double value);

elbo__c_text elbo__c_reference_to(const elbo__c_source *s, int i); /* where value i lies, as a pointer */

/* Entry of value i where reference k of the loops is: "h1[i]", or a number. */
elbo__c_text elbo__c_entry_of(const elbo__c_source *s, int i, const elbo__c_loops *loops, int k);

/* Writes step i; without words for it, leaves the message and sets the status. */
void elbo__c_put_step(elbo__c_source *s, int i);

/* The text of the function that a step calls; NULL: it calls none. */
const char *elbo__c_function_of(const elbo__step *step);
extern const char elbo__c_linear[], elbo__c_matmul[], elbo__c_conv2d[], elbo__c_conv_transpose2d[],
    elbo__c_batch_norm[];

#endif
