#include "graph.h"

#include <stdarg.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "beside.h"
#include "op.h"
#include "params_private.h"

/* ---- a graph and its first error --------------------------------------------------------------------------------- */

/* What elbo_graph_new returns when memory is short: a graph that is in error from the start and owns nothing. */
static elbo_graph out_of_memory;
static const elbo__op no_op = {.name = "nothing", .flags = ELBO__LEAF};

elbo_graph *elbo_graph_new(elbo_params *params, elbo_mode mode)
{
    elbo_graph *g = elbo__calloc(1, sizeof *g);
    if (!g) {
        g = &out_of_memory;
        g->status = ELBO_NO_MEMORY;
    }
    g->harmless = (elbo_var){.graph = g, .op = &no_op, .id = -1, .assigned = -1};
    if (g == &out_of_memory)
        return g;
    g->params = params;
    g->dtype = params ? elbo_params_dtype(params) : ELBO_F32;
    g->harmless.dtype = g->dtype;
    g->mode = mode;
    g->known = params ? elbo_params_count(params) : 0;
    g->slabs[0] = "";
    g->n_slabs = 1;
    g->columns = (elbo__column_rule){.rows = 40, .columns = 128, .entries = 200000, .terms = 4};
    return g;
}

void elbo_graph_free(elbo_graph *g)
{
    if (!g || g == &out_of_memory)
        return;
    for (size_t i = 0; i < g->n_owned; i++)
        elbo__free(g->owned[i]);
    elbo__free(g->owned);
    elbo__free(g->nodes);
    elbo__lookup_free(&g->leaves);
    elbo__free(g->wanted);
    elbo__lookup_free(&g->wanted_names);
    elbo__free(g->message);
    elbo__free(g);
}

elbo_mode elbo_graph_mode(const elbo_graph *g)
{
    return g->mode;
}

elbo_dtype elbo_graph_dtype(const elbo_graph *g)
{
    return g->dtype;
}

elbo_status elbo_graph_status(const elbo_graph *g)
{
    return g->status == ELBO_OK ? ELBO_OK : elbo__fail(g->status, "%s", g->message ? g->message : "out of memory");
}

bool elbo__graph_ok(const elbo_graph *g)
{
    return g->status == ELBO_OK;
}

void elbo_graph_subject(elbo_graph *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (g->status == ELBO_OK) /* what an error is about stays what it was */
        elbo__print_list(g->subject, sizeof g->subject, format, args);
    va_end(args);
}

/* The layer of the parameter that was met last: its name without the last word. NULL: there is none. */
static const char *last_layer(const elbo_graph *g, int *length)
{
    for (size_t i = g->n_nodes; i > 0; i--) {
        const char *name = g->nodes[i - 1]->name, *dot = name ? strrchr(name, '.') : NULL;
        if (dot && g->nodes[i - 1]->op == &elbo__op_param) {
            *length = (int)(dot - name);
            return name;
        }
    }
    return NULL;
}

/* The message in its context, which an error has whose graph says what it is of. No layer is to blame for an option. */
static char *in_context(const elbo_graph *g, const char *text)
{
    int length = 0;
    const bool of_option = strncmp(text, "option ", 7) == 0 || strncmp(text, "no option ", 10) == 0;
    const char *layer = g->subject[0] && !of_option ? last_layer(g, &length) : NULL;
    if (!g->subject[0])
        return elbo__strdup(text);
    if (!layer)
        return elbo__format("%s: %s", g->subject, text);
    return elbo__format("%s: %s, after \"%.*s\"", g->subject, text, length, layer);
}

elbo_var *elbo_graph_fail(elbo_graph *g, elbo_status status, const char *format, ...)
{
    if (g->status == ELBO_OK) {
        char text[900];
        va_list args;
        va_start(args, format);
        elbo__print_list(text, sizeof text, format, args);
        va_end(args);
        g->status = status;
        g->message = in_context(g, text);
    }
    return &g->harmless;
}

elbo_var *elbo__harmless(elbo_var *x)
{
    return &x->graph->harmless;
}

void *elbo__graph_own(elbo_graph *g, void *block)
{
    if (block && elbo__grow((void **)&g->owned, &g->owned_capacity, g->n_owned + 1, sizeof *g->owned) == ELBO_OK) {
        g->owned[g->n_owned++] = block;
        return block;
    }
    elbo__free(block);
    elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
    return NULL;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

char *elbo__scoped(elbo_graph *g, const char *name)
{
    if (!name) {
        elbo_graph_fail(g, ELBO_INVALID, "a layer, weight or random stream has no name");
        return NULL;
    }
    return elbo__graph_own(g, g->scope ? elbo__format("%s.%s", g->scope->path, name) : elbo__strdup(name));
}

void elbo_scope(elbo_graph *g, const char *name)
{
    if (g->status != ELBO_OK)
        return;
    struct elbo__scope *inner = elbo__graph_own(g, elbo__alloc(sizeof *inner));
    const char *path = elbo__scoped(g, name);
    if (inner && path) {
        *inner = (struct elbo__scope){.path = path, .outer = g->scope};
        g->scope = inner;
    }
}

void elbo_scope_end(elbo_graph *g)
{
    if (g->status == ELBO_OK && !g->scope)
        elbo_graph_fail(g, ELBO_INVALID, "elbo_scope_end without elbo_scope");
    else if (g->status == ELBO_OK)
        g->scope = g->scope->outer;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

elbo_graph *elbo__common_graph(const char *op, elbo_var *const *in, int n)
{
    elbo_graph *g = in[0]->graph;
    for (int i = 0; i < n; i++)
        if (in[i]->graph != g)
            elbo_graph_fail(g, ELBO_INVALID, "%s: operand %d belongs to another graph", op, i);
    return g->status == ELBO_OK ? g : NULL;
}

static elbo_var *append(elbo_graph *g, elbo_var node, elbo_var *const *in)
{
    if (elbo__grow((void **)&g->nodes, &g->nodes_capacity, g->n_nodes + 1, sizeof *g->nodes) != ELBO_OK)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
    elbo_var *x = elbo__graph_own(g, elbo__alloc(sizeof *x));
    if (!x)
        return &g->harmless;
    *x = node;
    if (x->n_in > 0) {
        x->in = elbo__graph_own(g, elbo__alloc((size_t)x->n_in * sizeof *x->in));
        if (!x->in)
            return &g->harmless;
        for (int i = 0; i < x->n_in; i++)
            x->in[i] = in[i];
    }
    x->id = (int)g->n_nodes;
    g->nodes[g->n_nodes++] = x;
    return x;
}

/* A view of state that is older than the state's last assignment is made again, so that whoever reads it now sees the
 * new value and whoever read it before keeps the old one. */
static elbo_var *refreshed(elbo_var *x)
{
    if (!x->root || x == x->root || x->id > x->root->assigned)
        return x;
    elbo_var *source = refreshed(x->in[0]);
    return elbo__append(x->graph, x->op, x->dtype, x->shape, &source, 1, &x->attr);
}

elbo_var *elbo__append(elbo_graph *g, const elbo__op *op, elbo_dtype dtype, elbo_shape shape, elbo_var *const *in,
                       int n_in, const elbo__attr *attr)
{
    if (g->status != ELBO_OK)
        return &g->harmless;
    if (elbo_shape_check(&shape) != ELBO_OK)
        return elbo_graph_fail(g, ELBO_INVALID, "%s: %s", op->name, elbo_error());
    elbo_var *few[4], **fresh = few;
    if (n_in > 4 && !(fresh = elbo__graph_own(g, elbo__alloc((size_t)n_in * sizeof *fresh))))
        return &g->harmless;
    for (int i = 0; i < n_in; i++)
        fresh[i] = refreshed(in[i]);
    elbo_var node = {.graph = g, .op = op, .dtype = dtype, .shape = shape, .n_in = n_in, .assigned = -1};
    if (attr)
        node.attr = *attr;
    if (op->flags & ELBO__VIEW)
        node.root = fresh[0]->root;
    return g->status == ELBO_OK ? append(g, node, fresh) : &g->harmless;
}

/* Of state its place in the set, of other leaves their names: a slab's leaf has its parameter's name. */
static uint64_t leaf_hash(const elbo__op *op, const char *name, int param, int slab)
{
    if (op == &elbo__op_param)
        return elbo__hash_more((uint64_t)slab, &param, sizeof param);
    return elbo__hash_more(0, name, strlen(name));
}

elbo_var *elbo__find_input(const elbo_graph *g, const char *name)
{
    const uint64_t hash = leaf_hash(&elbo__op_input, name, 0, 0);
    for (int e = elbo__lookup_first(&g->leaves, hash); e >= 0; e = elbo__lookup_next(&g->leaves, e)) {
        elbo_var *x = g->nodes[g->leaves.entries[e].value];
        if (x->op == &elbo__op_input && strcmp(x->name, name) == 0)
            return x;
    }
    return NULL;
}

elbo_var *elbo__find_state(const elbo_graph *g, int param, int slab)
{
    const uint64_t hash = leaf_hash(&elbo__op_param, NULL, param, slab);
    for (int e = elbo__lookup_first(&g->leaves, hash); e >= 0; e = elbo__lookup_next(&g->leaves, e)) {
        elbo_var *x = g->nodes[g->leaves.entries[e].value];
        if (x->op == &elbo__op_param && x->attr.param == param && x->attr.slab == slab)
            return x;
    }
    return NULL;
}

elbo_var *elbo__append_leaf(elbo_graph *g, const elbo__op *op, elbo_dtype dtype, elbo_shape shape, const char *name,
                            const elbo__attr *attr)
{
    if (g->status != ELBO_OK)
        return &g->harmless;
    if (elbo_shape_check(&shape) != ELBO_OK)
        return elbo_graph_fail(g, ELBO_INVALID, "%s \"%s\": %s", op->name, name ? name : "", elbo_error());
    elbo_var node = {.graph = g, .op = op, .dtype = dtype, .shape = shape, .name = name, .assigned = -1};
    if (attr)
        node.attr = *attr;
    if (name &&
        elbo__lookup_add(&g->leaves, leaf_hash(op, name, node.attr.param, node.attr.slab), (int)g->n_nodes) != ELBO_OK)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
    return append(g, node, NULL);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

elbo_graph *elbo_graph_of(const elbo_var *x)
{
    return x->graph;
}

elbo_shape elbo_shape_of(const elbo_var *x)
{
    return x ? x->shape : ELBO_SCALAR;
}

elbo_dtype elbo_dtype_of(const elbo_var *x)
{
    return x->dtype;
}

int elbo_ndim(const elbo_var *x)
{
    return x->shape.ndim;
}

int64_t elbo_size(const elbo_var *x, int axis)
{
    int at = axis < 0 ? axis + x->shape.ndim : axis;
    if (at < 0 || at >= x->shape.ndim) {
        elbo_graph_fail(x->graph, ELBO_INVALID, "axis %d of a tensor of shape %s", axis,
                        elbo_shape_format(&x->shape).text);
        return 1;
    }
    return x->shape.dim[at];
}

const char *elbo_name_of(const elbo_var *x)
{
    return x->name ? x->name : "";
}

int elbo_graph_params(elbo_graph *g, elbo_var **out)
{
    int n = 0;
    for (size_t i = 0; i < g->n_nodes; i++) {
        elbo_var *x = g->nodes[i];
        if (x->op != &elbo__op_param || x->attr.slab != 0)
            continue;
        int wanted = x->attr.param - g->known;
        if (wanted >= 0 ? g->wanted[wanted].trained : elbo_params_trained(g->params, x->attr.param)) {
            if (out)
                out[n] = x;
            n++;
        }
    }
    return n;
}

/* ---- what ops share ---------------------------------------------------------------------------------------------- */

int elbo__axis(const char *op, elbo_var *x, int axis)
{
    int at = axis < 0 ? axis + x->shape.ndim : axis;
    if (at >= 0 && at < x->shape.ndim)
        return at;
    elbo_graph_fail(x->graph, ELBO_INVALID, "%s: axis %d of a tensor of shape %s", op, axis,
                    elbo_shape_format(&x->shape).text);
    return -1;
}

bool elbo__broadcast(const char *op, elbo_var **in, int n)
{
    elbo_graph *g = elbo__common_graph(op, in, n);
    if (!g)
        return false;
    elbo_shape common = in[0]->shape;
    for (int i = 0; i < n; i++) {
        const elbo_shape *s = &in[i]->shape;
        if (in[i]->dtype != g->dtype) {
            elbo_graph_fail(g, ELBO_INVALID, "%s: operand %d is %s, expected %s (elbo_cast converts it)", op, i,
                            elbo_dtype_name(in[i]->dtype), elbo_dtype_name(g->dtype));
            return false;
        }
        elbo_shape merged = common.ndim > s->ndim ? common : *s;
        for (int back = 1; back <= merged.ndim; back++) {
            int64_t a = back <= common.ndim ? common.dim[common.ndim - back] : 1;
            int64_t b = back <= s->ndim ? s->dim[s->ndim - back] : 1;
            if (a != b && a != 1 && b != 1) {
                elbo_graph_fail(g, ELBO_INVALID, "%s: shapes %s and %s do not broadcast", op,
                                elbo_shape_format(&common).text, elbo_shape_format(s).text);
                return false;
            }
            merged.dim[merged.ndim - back] = a == 1 ? b : a;
        }
        common = merged;
    }
    for (int i = 0; i < n; i++)
        in[i] = elbo_expand(in[i], common);
    return elbo__graph_ok(g);
}

double elbo__get(const elbo_tensor *tensor, const elbo__walk *walk)
{
    return elbo_tensor_get(tensor, walk->index);
}

void elbo__put(const elbo_tensor *tensor, const elbo__walk *walk, double value)
{
    elbo_tensor_set(tensor, walk->index, value);
}

int elbo__walks_same(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int i, int axis)
{
    (void)y, (void)x, (void)attr, (void)i;
    return axis;
}

/* ---- the parameter set ------------------------------------------------------------------------------------------- */

elbo_status elbo__graph_settle(elbo_graph *g)
{
    if (elbo_graph_status(g) != ELBO_OK)
        return g->status;
    if (!g->params)
        return ELBO_OK;
    if (g->n_wanted && (elbo_params_closed(g->params) || elbo_params_count(g->params) != g->known))
        return elbo__fail(ELBO_INVALID, "parameter \"%s\": the set was changed while the graph was built",
                          g->wanted[0].name);
    for (size_t i = 0; i < g->n_wanted; i++) {
        elbo__wanted *w = &g->wanted[i];
        const int index = elbo_params_add(g->params, w->name, w->shape, w->trained, w->init);
        if (index < 0) {
            elbo__params_cut(g->params, g->known); /* all of them or none */
            return ELBO_NO_MEMORY;
        }
        if (w->by_rows)
            elbo__params_lay_by_rows(g->params, index);
    }
    g->known += (int)g->n_wanted;
    g->n_wanted = 0;
    elbo__lookup_free(&g->wanted_names);
    for (int i = 0; i < g->n_slabs; i++)
        if ((g->slab_index[i] = elbo__params_add_slab(g->params, g->slabs[i])) < 0)
            return ELBO_NO_MEMORY;
    const elbo_status status = elbo__lay_beside(g);
    return status == ELBO_OK ? elbo_params_close(g->params) : status;
}
