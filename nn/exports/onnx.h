/* Internal: what an ONNX model is made of. The numbers of fields are those of onnx.proto. */
#ifndef ELBO_NN_ONNX_H
#define ELBO_NN_ONNX_H

#include "../../io/protobuf.h"
#include "export_private.h"

enum { ELBO__ONNX_FLOAT = 1, ELBO__ONNX_INT64 = 7, ELBO__ONNX_BOOL = 9 }; /* TensorProto.DataType */

/* A model under way. */
typedef struct {
    const elbo__program *program;
    elbo__message graph;
    int step;     /* that is being written                */
    int extras;   /* tensors of its own so far            */
    bool one_hot; /* labels are given as rows of 0 and 1  */
    elbo_status status;
} elbo__onnx;

/* The name of a tensor. */
typedef struct {
    char text[300];
} elbo__onnx_name;

/* Whether a step is no node of the graph, but an input or a tensor of the file. */
bool elbo__onnx_is_leaf(const elbo__step *step);

elbo__onnx_name elbo__onnx_name_of(const elbo__onnx *m, int i); /* of a step's value                            */
elbo__onnx_name elbo__onnx_new_name(elbo__onnx *m);             /* of what the step needs besides its operands  */

/* Tensors of the file: numbers of any strides, one number, n whole numbers (as shapes and axes are given). */
void elbo__onnx_put_numbers(elbo__onnx *m, const char *name, const elbo_tensor *tensor);
elbo__onnx_name elbo__onnx_put_number(elbo__onnx *m, double value);
elbo__onnx_name elbo__onnx_put_integers(elbo__onnx *m, const int64_t *values, int n);

/* An input (field 11) or output (12) of the model, whose axes that grow as the batch does are "batch". */
void elbo__onnx_put_value(elbo__onnx *m, int field, const char *name, int type, const elbo__step *step);

/* A node begins as zeros, takes its inputs in turn and its attributes, and is put into the graph, which clears it. */
void elbo__onnx_take_input(elbo__message *node, const char *name);
void elbo__onnx_give_integer(elbo__message *node, const char *name, int64_t value);
void elbo__onnx_give_float(elbo__message *node, const char *name, double value);
void elbo__onnx_give_integers(elbo__message *node, const char *name, const int64_t *values, int n);
void elbo__onnx_put_node(elbo__onnx *m, elbo__message *node, const char *op, const char *output);

/* Puts the nodes of step m->step; m->status is ELBO_INVALID where ONNX has no words for it. */
void elbo__onnx_put_step(elbo__onnx *m);

#endif
