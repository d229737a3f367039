/* Internal: what an operation is, and what a node of the graph is.
 *
 * One op, one place: an op is one constant of type elbo__op in one file of autograd/ops/, with its shape rule (the
 * public function that appends it), its plain forward loop, its fast kernel, its derivative and its test cases side by
 * side, and one line in ops/ops.def. Elementwise ops are rows of tensor/elementwise.def. docs/adding-an-op.md walks
 * through it.
 */
#ifndef ELBO_AUTOGRAD_OP_H
#define ELBO_AUTOGRAD_OP_H

#include "../tensor/lookup.h"
#include "../tensor/walk.h"
#include "ops.h"
#include "plan.h"

enum {
    ELBO__LEAF = 1,        /* its value comes from outside the graph                                     */
    ELBO__VIEW = 2,        /* movement: where strides allow it, no work at all                           */
    ELBO__ELEMENTWISE = 4, /* out[i] depends on in[...][i] alone: the planner fuses runs of these        */
    ELBO__ASSIGN = 8,      /* writes operand 0 in place                                                  */
    ELBO__ROWS_ONLY = 16,  /* its blocks may only be cut along axis 0                                    */
    ELBO__WHOLE_OP = 32,   /* cannot be cut: one block                                                   */
    ELBO__NO_CASES = 64    /* has no derivative to test                                                  */
};

/* What an operand's axis is to an axis of the output: a number says that the two walk together (equal fractions of one
 * belong to equal fractions of the other); ELBO__APART that any part of the output needs all of the operand. */
enum { ELBO__APART = -1 };

/* Everything that distinguishes two nodes of one op; unused entries are 0, so that attributes compare by bytes. */
typedef struct {
    double value;            /* constant; Bessel functions: the order                        */
    const double *values;    /* array: (size), owned by the graph                            */
    int64_t start, size;     /* slice: start; pad: before in start; scatter_add: rows in size;
                              * sphere: its dimensions in size                               */
    uint64_t stream;         /* random                                                       */
    int axes[ELBO_MAX_RANK]; /* permute: source of each axis; sum, max: 1 where it is reduced */
    int axis;                /* slice, pad, concat, argmax; random: the draw axis or -1      */
    int param, slab;         /* param: which tensor of which slab                            */
    int elementwise;         /* an elbo__elementwise row                                     */
    int stride, padding;     /* convolutions                                                 */
} elbo__attr;

/* One call of a kernel: a block of the output, cut along `axis`, from what it needs of the operands. */
typedef struct {
    const elbo__attr *attr;
    elbo_tensor out;
    const elbo_tensor *in;
    int n_in;
    int64_t first; /* the block's first entry along the axis it is cut along */
    int64_t grain; /* entries in a full block: kernels whose bits depend on where they are cut stick to it */
    int axis;      /* the axis that blocks are cut along, -1: one block */
    const elbo_at *at;
    void *scratch; /* as many bytes as the op's `scratch` says, aligned to 64; NULL for `interpret` */
} elbo__call;

/* A test case: small operands to differentiate the op at. The list of an op ends with build = NULL. */
typedef struct {
    const char *title;
    elbo_var *(*build)(elbo_var **in);
    int n_in;
    elbo_shape in[3];
    double low, high;    /* the operands' values                                        */
    int64_t index_below; /* the last operand is an i32 index in 0..index_below-1, if > 0 */
} elbo__case;

typedef struct elbo__op {
    const char *name;
    unsigned flags;
    /* The oracle: plain loops over whole row-major tensors, in double. */
    void (*interpret)(const elbo__call *call);
    /* The fast twin on a block of strided tensors; NULL: `interpret` serves. */
    void (*kernel)(const elbo__call *call);
    /* The order in which a plan lays out the axes of y, which is then the shape that `kernel` (there is one), `walks`,
     * `nanoseconds`, `flops` and `scratch` know it by; NULL: as they are. Axis 0 stays where it is. */
    const int *order;
    /* The order in which the kernel would have the axes of its operands that are images (of four axes); NULL: it does
     * not matter. */
    const int *reads;
    /* dx[i] = the derivative's part for operand i given dy, or left NULL where there is none. */
    void (*derive)(elbo_var *y, elbo_var *dy, elbo_var **dx);
    /* A vector or number whose sum no entry of y exceeds in absolute value, made of the operands, where that takes
     * no look at y itself; it may return NULL. NULL: only the entries themselves tell. */
    elbo_var *(*magnitude)(elbo_var *y);
    /* The axis of operand `i` that walks with axis `axis` of y, or ELBO__APART. */
    int (*walks)(const elbo_shape *y, const elbo_shape *operand, const elbo__attr *attr, int i, int axis);
    /* ELBO__VIEW: the output's layout over the operand's memory; false where it takes a copy. */
    bool (*view)(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view);
    /* What the whole node takes, roughly, where that is much more than a look at its elements; NULL: it is not. a: the
     * first operand's shape */
    double (*nanoseconds)(const elbo_shape *y, const elbo_shape *a);
    /* For operands of the shapes a and b (of one operand, both are its own). Floating-point operations of the whole
     * node, where they say what it costs; NULL: its elements do. Bytes that a call of `kernel` needs to work in; NULL:
     * none. */
    double (*flops)(const elbo_shape *y, const elbo_shape *a, const elbo_shape *b);
    size_t (*scratch)(elbo_dtype dtype, const elbo_shape *y, const elbo_shape *a, const elbo_shape *b,
                      const elbo__attr *attr);
    const elbo__case *cases;
} elbo__op;

/* Every op, by the names in ops/ops.def: elbo__op_matmul, ...; elementwise ones share elbo__op_elementwise. */
#define OP(name) extern const elbo__op elbo__op_##name;
#include "ops/ops.def"
#undef OP
extern const elbo__op *const elbo__ops[]; /* all of them, NULL at the end */

struct elbo_var {
    elbo_graph *graph;
    const elbo__op *op;
    int id; /* its place in the graph */
    elbo_dtype dtype;
    elbo_shape shape;
    elbo__attr attr;
    int n_in;
    elbo_var **in;
    const char *name; /* of a leaf; NULL otherwise */
    elbo_var *root;   /* the state leaf of which this is a view by movement alone, or itself; NULL: not state */
    int assigned;     /* of a state leaf: the id of the last assignment to it so far, or -1 */
};

/* A tensor that the graph wants to add to an open set once it is compiled. */
typedef struct {
    char *name;
    elbo_shape shape;
    elbo_init init;
    bool trained, by_rows;
} elbo__wanted;

/* Whether a parameter lies in memory row by row (elbo_table). */
bool elbo__lies_by_rows(const elbo_var *param);

enum { ELBO__MAX_SLABS = 16 };

struct elbo__scope {
    const char *path; /* "encoder.block" */
    struct elbo__scope *outer;
};

/* A product of at most so many rows and at least so many columns, by a parameter of at least so many entries, is worth
 * a stage in which each thread reads a part of the parameter: what its rows have to do does not pay for reading the
 * whole, and the parameter is large enough to pay for a barrier. In parts of its sum, where the parameter
 * is updated and there are so many terms for each row of each part (simplify); else by columns (stage). */
typedef struct {
    int64_t rows, columns, entries, terms;
} elbo__column_rule;

/* What a graph has of one of the options of a model, by its row. */
enum { ELBO__MOST_OPTIONS = 128 };
typedef struct {
    bool read;        /* the graph was built by it                                                */
    elbo_var *effect; /* where that is all that it is for: a node on which a loss must depend     */
} elbo__option_use;

struct elbo_graph {
    elbo_params *params;
    elbo_dtype dtype;
    elbo_mode mode;
    elbo_var **nodes;
    size_t n_nodes, nodes_capacity;
    elbo__lookup leaves; /* the nodes of inputs by their names, of state by parameter and slab */
    elbo__wanted *wanted; /* indices count on from elbo_params_count(params) at the graph's creation */
    size_t n_wanted, wanted_capacity;
    elbo__lookup wanted_names;
    int known; /* tensors in the set when the graph was made */
    elbo__option_use option_use[ELBO__MOST_OPTIONS]; /* of nn/model alone */
    const char *slabs[ELBO__MAX_SLABS]; /* the slabs that its nodes name, by attr.slab; 0: the values */
    int slab_index[ELBO__MAX_SLABS]; /* their places in the set, once settled */
    int n_slabs;
    struct elbo__scope *scope; /* the innermost */
    bool feed_noise;
    elbo__column_rule columns;
    bool frozen;        /* for layers: those with running statistics leave them alone */
    bool spectral;      /* for layers: weights are divided by their spectral norm     */
    char subject[120];  /* what error messages begin with, or "" */
    elbo_status status; /* the first error, kept with its message */
    char *message;
    elbo_var harmless;  /* what is returned after an error */
    void **owned;       /* every block that dies with the graph */
    size_t n_owned, owned_capacity;
};

/* Appends a node. Operands older than the last assignment to the state that they are views of are viewed afresh.
 * Returns the harmless node after an error. */
elbo_var *elbo__append(elbo_graph *graph, const elbo__op *op, elbo_dtype dtype, elbo_shape shape, elbo_var *const *in,
                       int n_in, const elbo__attr *attr);
elbo_var *elbo__append_leaf(elbo_graph *graph, const elbo__op *op, elbo_dtype dtype, elbo_shape shape, const char *name,
                            const elbo__attr *attr);

/* The leaf of an input, or of a tensor of the set in one of the graph's slabs; NULL: the graph has none. */
elbo_var *elbo__find_input(const elbo_graph *graph, const char *name);
elbo_var *elbo__find_state(const elbo_graph *graph, int param, int slab);

/* The graph of the operands, or NULL when one of them is in error (then return elbo__harmless(x)). `op` is for the
 * message when they belong to different graphs. */
elbo_graph *elbo__common_graph(const char *op, elbo_var *const *in, int n);
elbo_var *elbo__harmless(elbo_var *x);
void *elbo__graph_own(elbo_graph *graph, void *block); /* frees it with the graph; NULL puts the graph in error */
bool elbo__graph_ok(const elbo_graph *graph);
char *elbo__scoped(elbo_graph *graph, const char *name); /* "scope.name", owned by the graph */

/* axis counted from the front; puts the graph in error and returns -1 when x has no such axis */
int elbo__axis(const char *op, elbo_var *x, int axis);

/* Both operands expanded to their common shape; false puts the graph in error. */
bool elbo__broadcast(const char *op, elbo_var **in, int n);

/* Rows of elementwise.def that the planner makes of others: a b - c and a - b c, rounded once; a + (b^2 - a) c;
 * sqrt(a) + b; a / (sqrt(b) + c). */
elbo_var *elbo__mul_sub(elbo_var *a, elbo_var *b, elbo_var *c);
elbo_var *elbo__sub_mul(elbo_var *a, elbo_var *b, elbo_var *c);
elbo_var *elbo__lerp_square(elbo_var *a, elbo_var *b, elbo_var *c);
elbo_var *elbo__root_add(elbo_var *a, elbo_var *b);
elbo_var *elbo__over_root(elbo_var *a, elbo_var *b, elbo_var *c);

/* How the cosine 1 - u of a von Mises-Fisher draw's angle on the unit sphere of R^dims moves: du/dkappa at a fixed
 * value of the distribution function. u in [0, 2], kappa > 0; broadcast. Closed under differentiation, with the ratio
 * of Bessel functions. */
elbo_var *elbo__sphere_slope(elbo_var *u, elbo_var *kappa, int64_t dims);

/* Plain access for oracles: call->in[i] at a row-major walk's index, as double. */
double elbo__get(const elbo_tensor *tensor, const elbo__walk *walk);
void elbo__put(const elbo_tensor *tensor, const elbo__walk *walk, double value);

/* Such a vector or number for any node: its op's magnitude (NULL: there is none), else its entries' absolute sums along
 * all axes but the first that is longer than 1. What a node's entries sum to is no larger than what theirs do. */
elbo_var *elbo__magnitude(elbo_var *x);
elbo_var *elbo__magnitude_by_op(elbo_var *x);
elbo_var *elbo__magnitude_by_entries(elbo_var *x);
elbo_var *elbo__absolute_sum(elbo_var *x, int axis); /* the sum of |x| along an axis */
elbo_var *elbo__sum_abs(elbo_var *x, int axis);      /* the same as one operation */

/* Walks for common cases. */
int elbo__walks_same(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int i, int axis);

/* Adds the graph's wanted tensors to its open set and closes it; checks that slabs and tensors exist otherwise. */
elbo_status elbo__graph_settle(elbo_graph *graph);

/* Whether x is y or among what y is made of; both are of one graph that is not in error. */
bool elbo__depends(const elbo_var *y, elbo_var *x, const elbo_var *but);

/* What the outputs are made of besides draws and `input`: the nodes that depend on no random number with a draw axis,
 * and not on the input of that name, and are read by ones that do. Leaves are not among them, nor what is made of
 * parameters without a product. [*count], the graph's; NULL puts it in error. */
elbo_var **elbo__fixed_nodes(elbo_graph *graph, elbo_var *const *outputs, int n, const char *input, int *count);

/* Makes a node the input "fixed#NUMBER": what it was made of is no longer looked at. A plan of the fixed nodes,
 * compiled before, gives its values. */
void elbo__make_input(elbo_var *x, int number);

#endif
