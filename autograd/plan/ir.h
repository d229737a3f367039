/* Internal: what a plan is made of, and the passes that make it.
 *
 *     simplify   graph in, live nodes out: no dead ones, no node twice, constants folded, axes in a good order
 *                (alike.c: what is done to each of several matrices alike is one node; put.c, order.c: how nodes
 *                are put in)
 *     stage      which axes walk together (domains), where each node is cut, and behind how many barriers it stands
 *                (sink.c: which of them move to the stages of their readers)
 *     group      loops over blocks; in each, an order of its nodes in which runs of elementwise ones fuse (sums.c: and
 *                sums of what they compute)
 *     emit       buffers, and instructions over them: kernels and the steps of fused groups
 *     place      where in memory every buffer lies, and for how long
 *     steps      the steps of a fused group, made fewer (called by emit)
 *     run        the executor, steps_run that of groups;  check  the shadow check
 *     print      the description, with account and page
 *
 * A node's `axis` is the axis of its output that blocks are cut along. Equal fractions of the axes of one domain belong
 * together: a domain has a number of `units`, and an axis of size n covers n / units entries a unit. Nodes of one stage
 * and one domain form a loop; its blocks are `grain` units long, whatever the number of threads, and run in any order.
 */
#ifndef ELBO_AUTOGRAD_PLAN_IR_H
#define ELBO_AUTOGRAD_PLAN_IR_H

#include "../../tensor/elementwise.h"
#include "../op.h"

enum {
    ELBO__UNCUT = -1,  /* the node is one block                                                     */
    ELBO__ACROSS = -2, /* a view whose blocks are not blocks of its own shape: to be read a stage on */
    ELBO__NONE = -1    /* no buffer, no node, no loop                                               */
};

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const elbo__op *op;
    elbo__attr attr;
    elbo_dtype dtype;
    elbo_shape shape;
    int n_in, *in;
    char *name;         /* of an input, a parameter, a random stream; NULL: none */
    bool output;
    unsigned apart;     /* axes, as bits, that walk with none of an operand's: the parts of a sum */
    int assignment;     /* of a parameter: the last assignment to it; of one: that before it; NONE: none */
    /* stage: */
    bool is_view;       /* no work: `layout` over the buffer of `base`               */
    int base;           /* the node that holds the value: itself unless it is a view */
    elbo_layout layout; /* of the value in the base's buffer                         */
    int stage, axis, domain;
    int64_t units;
    bool stripes;       /* row-major though its last axis is cut: blocks are columns */
    /* group and place: */
    int loop;           /* index into plan->loops */
    int instr;          /* its instruction within the loop */
    int buffer;         /* of a base that lies in memory; NONE: it lives in a register of its group */
} elbo__node;

/* ---- buffers, operands, instructions ----------------------------------------------------------------------------- */

typedef enum {
    ELBO__PARAM,    /* a tensor of the parameter set: slab and layout say where */
    ELBO__INPUT,    /* the caller's                                             */
    ELBO__CONSTANT, /* the plan's, written once                                 */
    ELBO__SHARED,   /* in the arena, whole                                      */
    ELBO__LOCAL     /* in each thread's part of the arena, one run of blocks    */
} elbo__class;

typedef struct {
    elbo__class class;
    elbo_dtype dtype;
    int64_t size;    /* elements: the whole, or one unit's worth for a local one                  */
    int slab, input; /* ELBO__PARAM, ELBO__INPUT                                                  */
    int loop;        /* ELBO__LOCAL                                                               */
    int first, last; /* lifetime, inclusive: stages, or instructions of the loop for a local one  */
    size_t at;       /* bytes from the start of its part of memory                                */
} elbo__buffer;

typedef struct {
    int buffer;
    elbo_layout layout; /* of the whole tensor */
    int axis;           /* moves with the block along this axis; UNCUT: all of it */
    int64_t per_unit;   /* entries a unit on that axis                            */
} elbo__operand;

/* One step of a fused group, on a chunk of elements. */
typedef enum { ELBO__LOAD, ELBO__COMPUTE, ELBO__STORE, ELBO__SUM } elbo__step_kind;
typedef struct {
    elbo__step_kind kind;
    int elementwise; /* COMPUTE: which row; SUM: abs where absolute values are added up, else copy    */
    int to;          /* register; SUM: what there is of a row's sum; STORE: none                      */
    int from[3];     /* COMPUTE: registers; STORE, SUM: from[0]                                       */
    int operand;     /* LOAD, STORE; COMPUTE: memory to write to instead of a register's chunk, or NONE;
                      * SUM: memory with a number for each row                                        */
    bool direct;     /* LOAD: in place, the register is the memory itself                             */
    bool once;       /* LOAD: a single number, filled in once a block                                  */
} elbo__step;

typedef struct {
    elbo_shape shape; /* of its nodes as lanes */
    int row_axes;     /* the last so many axes make a row: no chunk goes beyond one, which may be all there is */
    elbo__step *steps;
    size_t n_steps, steps_capacity;
    int registers;
    int condition; /* the operand, a number, that must not be 0 for the group to work; NONE: it always does */
} elbo__group;

typedef struct {
    const elbo__op *op; /* NULL: a group */
    elbo__attr attr;
    int axis; /* of the output */
    elbo__operand out, *in;
    int n_in; /* group: every operand of its steps is in `in` */
    elbo__group *group;
    double cost; /* nanoseconds a unit, roughly */
    size_t scratch; /* bytes that the kernel works in */
    int number;  /* among the plan's */
} elbo__instr;

typedef struct {
    int stage, domain;
    int *nodes; /* in the order of their instructions */
    size_t n_nodes, nodes_capacity;
    int64_t units, grain; /* blocks of `grain` units */
    int64_t run;          /* blocks that a thread may work off together */
    elbo__instr *instrs;
    size_t n_instrs, instrs_capacity;
    double cost;          /* a unit */
    size_t local;         /* bytes of local memory for a run of blocks */
} elbo__loop;

/* The blocks [first, end) of a loop. */
typedef struct {
    int loop;
    int64_t first, end;
} elbo__range;

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

typedef struct {
    char *name;
    elbo_dtype dtype;
    elbo_shape shape;
    const void *data; /* bound by the caller; NULL: not yet */
    union {
        float f32;
        double f64;
    } scalar;
} elbo__input_slot;

/* Where the time of the last so many runs went, in seconds. Notes of a run: for each thread its instructions, by
 * number, how long it waited before each stage, and after the last for the others; then how many threads there were,
 * and how long the run took. */
enum { ELBO__WATCHED = 200 };
typedef struct {
    double *notes; /* of run i at i modulo WATCHED; NULL: nobody watches */
    int64_t runs;
} elbo__watch;

/* In which order blocks run: tests show that it does not matter. */
typedef enum { ELBO__FORWARD, ELBO__REVERSED, ELBO__SHUFFLED } elbo__order;

struct elbo_plan {
    elbo_dtype dtype;
    int params_count;     /* of the set it was compiled for */
    int64_t params_size;
    uint64_t params_mark; /* how they lie */
    elbo__node *nodes;
    size_t n_nodes, nodes_capacity;
    int *outputs;
    int n_outputs;
    elbo__buffer *buffers;
    size_t n_buffers, buffers_capacity;
    elbo__loop *loops;    /* sorted by stage */
    size_t n_loops, loops_capacity;
    int n_stages;
    elbo__input_slot *inputs;
    size_t n_inputs, inputs_capacity;
    /* memory */
    char *constants, *arena;
    size_t shared_bytes, local_bytes, scratch_bytes; /* arena: shared, then for each thread local and scratch */
    char **pointers;      /* of each buffer; of a local one: unused */
    int threads;
    bool eager;           /* wakes them for any plan: ELBO_PROCESSORS is set */
    elbo__range *ranges;  /* n_loops for each thread, by thread, then loop */
    double product_flops, cost;
    bool assigns;
    size_t n_instrs;      /* of all loops */
    elbo__watch watch;
    /* for tests */
    elbo__order order;
    bool poison;          /* fills the arena with NaN before each run */
};

enum { ELBO__CHUNK = 256 }; /* the most elements that a group works on at a time */

/* ---- passes ------------------------------------------------------------------------------------------------------ */

elbo_status elbo__plan_simplify(elbo_plan *plan, elbo_graph *graph, elbo_var *const *outputs, int n);
elbo_status elbo__plan_stage(elbo_plan *plan, const elbo_graph *graph);
elbo_status elbo__plan_group(elbo_plan *plan);
elbo_status elbo__plan_emit(elbo_plan *plan);
elbo_status elbo__plan_place(elbo_plan *plan);

/* For tests: cuts every loop into blocks of `grain` units, `run` of them together (0: as they are), then places and
 * divides again. */
elbo_status elbo__plan_recut(elbo_plan *plan, int64_t grain, int64_t run);

/* The shadow check: which block of which stage wrote each element. ELBO_OK, or what is wrong in elbo_error(). */
elbo_status elbo__plan_check(const elbo_plan *plan);

/* Makes the steps of a new group fewer; so far they count one register for each of `values` values. */
elbo_status elbo__plan_refine(elbo__instr *instr, int values);

/* The executor of groups: a part of this shape, over the parts of its operands that belong to the blocks at hand (whose
 * layouts it changes), in steps_bytes of memory. `parts_bytes` is what a list of n parts takes, so that what follows is
 * aligned. */
void elbo__steps_run(const elbo__instr *instr, elbo_dtype dtype, elbo_tensor *parts, const elbo_shape *shape,
                     char *memory);
size_t elbo__steps_bytes(const elbo__instr *instr, elbo_dtype dtype);
size_t elbo__parts_bytes(int n);

/* How many notes there are of a thread, and of a run. */
static inline size_t elbo__notes(const elbo_plan *plan)
{
    return plan->n_instrs + (size_t)plan->n_stages + 1;
}

static inline size_t elbo__run_notes(const elbo_plan *plan)
{
    return (size_t)plan->threads * elbo__notes(plan) + 2;
}

/* A product or a convolution. */
static inline bool elbo__multiplies(const elbo__instr *instr)
{
    return instr->op && instr->op->flops;
}

/* What passes share. */
static inline bool elbo__fills(const elbo__step *step) /* a register, for other steps */
{
    return step->kind == ELBO__LOAD || step->kind == ELBO__COMPUTE;
}

static inline bool elbo__works(const elbo__node *node)
{
    return !node->is_view && !(node->op->flags & ELBO__LEAF);
}

/* Whether a node is a sum along rows of what a fused group computes; then how many of the last axes of its operand's
 * lane make such a row. 0: it is none, or rows are short. */
int elbo__sums_rows(const elbo_plan *plan, int node);

/* How a node that reduces axes lies, as a layout of its operand's shape: the numbers along reduced axes are one. */
elbo_layout elbo__spread(const elbo_plan *plan, int node);

/* Makes such sums steps of the groups of a loop whose instructions are in order. */
elbo_status elbo__join_sums(elbo_plan *plan, elbo__loop *loop);

int elbo__reads_of(const elbo__step *step); /* how many of step->from it reads */
const char *elbo__class_name(elbo__class class); /* "param", "input", "constant", "shared", "local" */
bool elbo__layout_same(const elbo_layout *a, const elbo_layout *b);
int64_t elbo__loop_blocks(const elbo__loop *loop);

/* How a group sees a layout of the node's shape: the cut axis first (last for stripes), as units and what a unit has of
 * it, and no other axis of size 1. Nodes whose lanes have one shape fuse, so (B,K,D) with (BK,D) where images are
 * cut. */
elbo_layout elbo__lane(const elbo__node *node, const elbo_layout *layout);

/* Whether two nodes see the same numbers in the same order of a group's elements. */
bool elbo__same_lane(const elbo__node *a, const elbo_layout *a_layout, const elbo__node *b,
                     const elbo_layout *b_layout);

/* Whether a kernel can work on a lane in place: the numbers of a row are neighbours, wherever rows lie. */
bool elbo__lane_in_place(const elbo_layout *lane, int row_axes);

/* The elements of a row of a group's block of this shape; and of the chunks that a row of so many is cut into: even
 * ones, multiples of ELBO__SUM_LANES, but for the last. */
int64_t elbo__row(const elbo_shape *shape, int row_axes);
int64_t elbo__chunk(int64_t row);

/* The elements of the chunk that begins at element `column` of its row. */
static inline int64_t elbo__chunk_at(int64_t chunk, int64_t row, int64_t column)
{
    return chunk < row - column ? chunk : row - column;
}

/* The axis of operand k that walks with `axis` of the node; ELBO__APART when there is none or the node is uncut. */
int elbo__node_walks(const elbo_plan *plan, int node, int k, int axis);

/* ---- state (state.c) --------------------------------------------------------------------------------------------- */

/* Whether the node reads the memory of state leaf `leaf`, through views or not; writing it does not count. */
bool elbo__node_reads(const elbo_plan *plan, int node, int leaf);

/* The last assignment to state leaf `leaf` before node `before` in the order of the graph, or NONE. */
int elbo__last_assignment(const elbo_plan *plan, int leaf, int before);

/* The first one after node `after`, or NONE. */
int elbo__next_assignment(const elbo_plan *plan, int leaf, int after);

/* The nodes that read each state leaf, once for each operand, among those that have been added (bases are known by
 * then):
 *     for (int at = r.newest[leaf]; at != ELBO__NONE; at = r.links[at].older) ... r.links[at].node ... */
typedef struct {
    int node, older;
} elbo__reader;
typedef struct {
    int *newest; /* by node */
    elbo__reader *links;
    size_t n;
} elbo__readers;
elbo_status elbo__readers_start(elbo__readers *r, const elbo_plan *plan) ELBO_MUST_CHECK;
void elbo__readers_add(elbo__readers *r, const elbo_plan *plan, int id);
void elbo__readers_free(elbo__readers *r);

/* ---- blocks, memory ---------------------------------------------------------------------------------------------- */

/* The part of an operand that belongs to units [first, first + units). Of a local buffer the run starts at unit 0. */
elbo_layout elbo__operand_block(const elbo__operand *operand, bool local, int64_t first, int64_t units);

/* The arena, for the plan's number of threads. */
elbo_status elbo__plan_allocate(elbo_plan *plan);

/* Splits the blocks of every stage among the plan's threads, or as many as that: n_loops ranges for each, by thread,
 * then loop, to be freed; NULL without memory. Each loop is shared out evenly, in contiguous parts: its blocks are
 * alike, so this balances without an exact model of what they cost. What does not divide evenly goes to those who have
 * the least to do in the stage. */
elbo_status elbo__plan_divide(elbo_plan *plan);
elbo__range *elbo__plan_ranges(const elbo_plan *plan, int threads);

#endif
