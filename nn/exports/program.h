/* Internal: what a run computes in a role, as a list of steps for a batch of any size.
 *
 *     elbo__program program;
 *     elbo_status status = elbo__program_of(run, ELBO__DECODE, &program);   // z (and labels) -> x
 *     for (int i = 0; i < program.count; i++)
 *         ... program.steps[i] ...                                          // operands are steps before it
 *     elbo__program_free(&program);
 *
 * In nn/exports: a trained run as something that needs elbo no more (steps as JSON, a C file, ONNX, PyTorch), and the
 * way back. Each format is one file that goes through the steps of a program; a step that it has no words for is an
 * error that names both. Nothing here trains, draws or measures.
 *
 * A program is made of the graph of the role, in the mode that evaluates: no dropout, batch norm by the running
 * statistics. Only what the outputs need is in it. The encoder's x is what the encoder sees: with option binarise its
 * pixels are 0 or 1 already. A random number is refused. Nodes that a layer is made of are one step where the formats
 * have a word for it ("linear"), and an operand of an elementwise step may be smaller than its result and is then
 * repeated as in NumPy.
 *
 * The graph is built twice, for two sizes of batch: a size that is the same in both is fixed, one that grows with the
 * batch is a multiple of it, and a model with any other is refused.
 */
#ifndef ELBO_NN_PROGRAM_H
#define ELBO_NN_PROGRAM_H

#include "../../autograd/op.h"
#include "../model/role.h"
#include "../runs/run.h"

/* Every kind of step: STEP(ID, "name"). Operands stand in brackets, and what else says how it is done. The shapes of
 * linear, convolutions and batch_norm are those of PyTorch.
 *
 *     input            name: x (B, D), z (B, Z) f32, or labels (B) i32
 *     weight           name, values: a tensor of the run
 *     constant         value: one number ()
 *     array            values: fixed numbers that are no weight
 *     linear           [x (N, I), w (O, I), b (O) or none]  x w^T + b
 *     matmul           [a (..., M, K), b (..., K, N)]
 *     conv2d           [x (B, C, H, W), w (O, C, kh, kw), b (O) or none]  stride, padding
 *     conv_transpose2d [x (B, C, H, W), w (C, O, kh, kw), b (O) or none]  stride, padding, output_padding[2]
 *     batch_norm       [x (B, C) or (B, C, H, W), mean, variance, w, b (C)]  (x - mean) / sqrt(variance + value) w + b
 *     one_hot          [labels i32 (B)]  (B, n): 1 where the label is the column's number, else 0
 *     gather           [table (N, ...), index i32 (B)]  rows by number; 0 where there is no such row
 *     cast             [i32]  as f32
 *     elementwise      [a, b, c as many as the row has]  row: of tensor/elementwise.def; less and its like give 0 or 1
 *     leaky_relu       [x]  x where it is above 0, else value x
 *     elu              [x]  x where it is above 0, else value (e^x - 1)
 *     gelu             [x]  x/2 (1 + erf(x / sqrt 2))
 *     silu             [x]  x sigmoid(x)
 *     sum, max         [x]  over the axes with axes[i] = 1, which stay with size 1
 *     reshape          [x]  row-major
 *     permute          [x]  axis i of the result is axis axes[i] of x
 *     expand           [x]  axes of size 1, and those that are missing in front, repeated
 *     slice            [x]  along axis, from start on
 *     pad              [x]  along axis, with start zeros before, the rest behind
 *     concat           [a, b, ...]  along axis
 */
#define ELBO__STEP_OPS(STEP)                                                                                           \
    STEP(INPUT, "input")                                                                                               \
    STEP(WEIGHT, "weight")                                                                                             \
    STEP(CONSTANT, "constant")                                                                                         \
    STEP(ARRAY, "array")                                                                                               \
    STEP(LINEAR, "linear")                                                                                             \
    STEP(MATMUL, "matmul")                                                                                             \
    STEP(CONV2D, "conv2d")                                                                                             \
    STEP(CONV_TRANSPOSE2D, "conv_transpose2d")                                                                         \
    STEP(BATCH_NORM, "batch_norm")                                                                                     \
    STEP(ONE_HOT, "one_hot")                                                                                           \
    STEP(GATHER, "gather")                                                                                             \
    STEP(CAST, "cast")                                                                                                 \
    STEP(ELEMENTWISE, "elementwise")                                                                                   \
    STEP(LEAKY_RELU, "leaky_relu")                                                                                     \
    STEP(ELU, "elu")                                                                                                   \
    STEP(GELU, "gelu")                                                                                                 \
    STEP(SILU, "silu")                                                                                                 \
    STEP(SUM, "sum")                                                                                                   \
    STEP(MAX, "max")                                                                                                   \
    STEP(RESHAPE, "reshape")                                                                                           \
    STEP(PERMUTE, "permute")                                                                                           \
    STEP(EXPAND, "expand")                                                                                             \
    STEP(SLICE, "slice")                                                                                               \
    STEP(PAD, "pad")                                                                                                   \
    STEP(CONCAT, "concat")

typedef enum {
#define ELBO__STEP_NUMBER(id, name) ELBO__STEP_##id,
    ELBO__STEP_OPS(ELBO__STEP_NUMBER)
#undef ELBO__STEP_NUMBER
    ELBO__STEP_KINDS
} elbo__step_op;

typedef struct {
    elbo__step_op op;
    int row;                    /* elementwise: ELBO__exp, ...                           */
    elbo_dtype dtype;           /* f32, or i32                                           */
    elbo_shape shape;           /* of the result, for a batch of one ...                 */
    bool batch[ELBO_MAX_RANK];  /* ... and for B of them axis i is shape.dim[i] B here   */
    int n_in;
    int *in;                    /* [n_in] the steps that it takes                        */
    const char *name;           /* of an input or weight                                 */
    elbo_tensor values;         /* f32, of a weight (the run's) or an array (the program's) */
    double value;
    int64_t start;
    int axis, stride, padding, output_padding[2];
    int axes[ELBO_MAX_RANK];
} elbo__step;

enum { ELBO__MOST_OUTPUTS = 2 };

typedef struct {
    const elbo_run *run; /* borrowed: weights are read from it */
    elbo__role role;
    elbo__step *steps;   /* [count], operands first */
    int count;
    int outputs[ELBO__MOST_OUTPUTS], n_outputs;
    const char *output_names[ELBO__MOST_OUTPUTS]; /* decode: x; encode: mean, logvar, or code where q is no normal */
} elbo__program;

/* Of role ELBO__DECODE or ELBO__ENCODE. Frees nothing of the run, whose weights must outlive it. On failure *out is
 * empty, and the message names the model and what could not be written down. */
elbo_status elbo__program_of(elbo_run *run, elbo__role role, elbo__program *out) ELBO_MUST_CHECK;
void elbo__program_free(elbo__program *program);

/* "linear", "exp": the step's name, of an elementwise one that of its row */
const char *elbo__step_name(const elbo__step *step);

/* ELBO_INVALID: `format` has no words for the step */
elbo_status elbo__no_words(const char *format, const elbo__program *program, const elbo__step *step);

/* How many steps, and outputs, take the result of step i. */
int elbo__program_uses(const elbo__program *program, int i);

/* ---- as JSON ----------------------------------------------------------------------------------------------------- */

/* The program as one line of JSON, a new string freed with elbo_release; NULL on failure. It is ASCII, without "<",
 * so that it can stand in a page's script element.
 *
 *     {"format": "elbo-program", "version": 1, "model": "vae", "role": "decode",
 *      "image": [28, 28], "latent": 20, "classes": 0,
 *      "steps": [{"op": "input", "name": "z", "shape": [1, 20], "batch": [0]},
 *                {"op": "weight", "name": "decoder.hidden.weight", "shape": [400, 20], "data": "..."},
 *                {"op": "weight", "name": "decoder.hidden.bias", "shape": [400], "data": "..."},
 *                {"op": "linear", "in": [0, 1, 2], "shape": [1, 400], "batch": [0]},
 *                {"op": "relu", "in": [3], "shape": [1, 400], "batch": [0]}, ...],
 *      "outputs": [{"name": "x", "step": 8}]}
 *
 * Step i computes value i, row-major, from values before it. "shape" is for a batch of one; of B, the axes listed in
 * "batch" (left out: none) are B times as long. "dtype" is "f32" and left out, or "i32" (labels; "gather"'s index).
 * "data" of a weight or array: its numbers as little-endian f32, row-major, in base64. "op" is a name of
 * ELBO__STEP_OPS, or for an elementwise step that of its row in tensor/elementwise.def ("relu", "add", "where", ...;
 * the formula stands there), whose operands may be shorter or smaller than "shape": they are repeated as in NumPy.
 * What else a step has, where its op uses it:
 *
 *     constant, leaky_relu, elu, batch_norm   "value": a number, or "nan", "inf", "-inf"
 *     conv2d                                  "stride", "padding": one number for both axes
 *     conv_transpose2d                        the same (the size of the result is that of "shape")
 *     sum, max                                "axes": [the axes that are reduced], which stay with size 1
 *     permute                                 "axes": [source of each axis]
 *     slice, pad                              "axis", "start"
 *     concat                                  "axis"
 */
char *elbo__program_json(const elbo__program *program);

#endif
