/* Random graphs: making the lines from a seed, building the graph from the lines, and printing them. */
#include "fuzz_graph.h"

#include <string.h>

#include "../tensor/memory.h"

uint64_t fuzz_hash(uint64_t seed, uint64_t what)
{
    uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + what * 0xd1b54a32d192ed03u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

static bool start(fuzz_build *b, const fuzz_program *p)
{
    *b = (fuzz_build){.program = p};
    b->params = elbo_params_new(p->dtype, p->seed);
    b->g = elbo_graph_new(b->params, p->seed % 2 ? ELBO_TRAIN : ELBO_EVALUATE);
    b->ranges = elbo__calloc(FUZZ_NODES, sizeof *b->ranges);
    return b->params && b->ranges;
}

void fuzz_build_free(fuzz_build *b)
{
    elbo_graph_free(b->g);
    elbo_params_free(b->params);
    elbo__free(b->ranges);
}

bool fuzz_build_line(fuzz_build *b, const fuzz_line *line)
{
    const fuzz_kind *kind = &fuzz_kinds[line->kind];
    elbo_var *in[3] = {NULL};
    b->note[0] = '\0';
    for (int i = 0; i < kind->operands; i++) {
        if (line->in[i] >= b->line)
            return false;
        in[i] = b->value[line->in[i]];
    }
    elbo_var *y = kind->apply(b, line, in);
    if (!fuzz_range_follow(b) || !y || elbo_graph_status(b->g) != ELBO_OK)
        return false;
    b->value[b->line++] = y;
    return true;
}

bool fuzz_build_all(fuzz_build *b, const fuzz_program *p)
{
    bool ok = start(b, p);
    for (int i = 0; i < p->n_lines && ok; i++)
        ok = fuzz_build_line(b, &p->lines[i]);
    return ok;
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

void fuzz_print(const fuzz_program *p, FILE *file)
{
    static const char *const orders[] = {"forward", "reversed", "shuffled"};
    fuzz_build b;
    fprintf(file, "seed %llu, %s %s, %d steps; blocks of %lld, %lld together (0: as planned); then %d threads, %s\n",
            (unsigned long long)p->seed, p->exact ? "exact" : "smooth", elbo_dtype_name(p->dtype), p->steps,
            (long long)p->grain, (long long)p->run, p->threads, orders[p->order]);
    bool ok = start(&b, p);
    for (int i = 0; i < p->n_lines && ok; i++) {
        const fuzz_line *line = &p->lines[i];
        ok = fuzz_build_line(&b, line);
        fprintf(file, "  v%d", i);
        if (ok)
            fprintf(file, " %s%s", b.value[i]->dtype == b.g->dtype ? "" : elbo_dtype_name(b.value[i]->dtype),
                    elbo_shape_format(&b.value[i]->shape).text);
        fprintf(file, " = %s", fuzz_kinds[line->kind].name);
        for (int k = 0; k < fuzz_kinds[line->kind].operands; k++)
            fprintf(file, " v%d", line->in[k]);
        fprintf(file, "  %s\n", ok ? b.note : "does not fit");
    }
    fprintf(file, "  outputs:");
    for (int i = 0; i < p->n_outputs; i++)
        fprintf(file, " v%d", p->outputs[i]);
    fprintf(file, "\n");
    elbo_var *outputs[FUZZ_OUTPUTS];
    for (int i = 0; i < p->n_outputs && ok; i++)
        outputs[i] = b.value[p->outputs[i]];
    elbo_plan *plan = ok ? elbo_compile(b.g, outputs, p->n_outputs) : NULL;
    char *words = plan && elbo__plan_recut(plan, p->grain, p->run) == ELBO_OK ? elbo_plan_describe(plan) : NULL;
    fprintf(file, "%s\n", words ? words : elbo_error());
    fflush(file);
    elbo_release(words);
    elbo_plan_free(plan);
    fuzz_build_free(&b);
}

/* ---- generating -------------------------------------------------------------------------------------------------- */

typedef struct {
    fuzz_program *p;
    fuzz_build b;
    uint64_t drawn; /* numbers so far */
    int64_t batch, sizes[4];
    int most_lines;
} maker;

static uint32_t below(maker *m, uint32_t n)
{
    return (uint32_t)(fuzz_hash(m->p->seed, ++m->drawn) >> 20) % n;
}

/* Adds a line if it fits; returns its number or -1. */
static int add(maker *m, fuzz_line line)
{
    if (m->p->n_lines == FUZZ_LINES)
        return -1;
    for (int i = 0; i < 3; i++)
        line.n[i] = line.n[i] ? line.n[i] : below(m, 1 << 30);
    if (!fuzz_build_line(&m->b, &line))
        return -1;
    m->p->lines[m->p->n_lines] = line;
    return m->p->n_lines++;
}

static int add_named(maker *m, const char *name, int a, int c)
{
    return a < 0 || c < 0 ? -1 : add(m, (fuzz_line){.kind = fuzz_kind_named(name), .in = {a, c}});
}

static int add_leaf(maker *m, const char *name, elbo_shape shape)
{
    return elbo_shape_size(&shape) > m->p->most ? -1
                                                : add(m, (fuzz_line){.kind = fuzz_kind_named(name), .shape = shape});
}

/* A line to read: rather a late one. */
static int some_line(maker *m)
{
    uint32_t n = (uint32_t)m->p->n_lines, a = below(m, n), c = below(m, n);
    return (int)(a > c ? a : c);
}

static int64_t some_size(maker *m)
{
    return m->sizes[below(m, 4)];
}

static elbo_shape some_shape(maker *m)
{
    int64_t batch = m->batch, a = some_size(m), c = some_size(m), d = below(m, 2) ? 1 : some_size(m);
    switch (below(m, 16)) {
    case 0: return ELBO_SCALAR;
    case 1: return ELBO_SHAPE(a);
    case 2: return below(m, 2) ? ELBO_SHAPE(a, c) : ELBO_SHAPE(a, a);
    case 3: return ELBO_SHAPE(1, a);
    case 4:
    case 5: return ELBO_SHAPE(batch);
    case 6: return ELBO_SHAPE(batch, 1);
    case 7: return ELBO_SHAPE(batch, a, a);
    case 8: return ELBO_SHAPE(batch, d, a);
    case 9: return ELBO_SHAPE(batch, 1 + below(m, 3), c, a);
    case 10: return ELBO_SHAPE(a, batch);
    default: return ELBO_SHAPE(batch, a);
    }
}

/* The shape of what can be broadcast against a tensor: leading axes dropped, others of size 1. */
static elbo_shape some_part(maker *m, const elbo_shape *like)
{
    int drop = like->ndim ? (int)below(m, (uint32_t)like->ndim + 1) : 0;
    elbo_shape s = {.ndim = like->ndim - drop};
    for (int i = 0; i < s.ndim; i++)
        s.dim[i] = below(m, 4) ? like->dim[i + drop] : 1;
    return s;
}

static int any_leaf(maker *m)
{
    static const char *const names[] = {"input", "input",  "input",    "param", "param",  "state",  "bytes",
                                        "index", "scalar", "constant", "array", "normal", "uniform"};
    const char *name = names[below(m, sizeof names / sizeof names[0])];
    elbo_shape shape = strcmp(name, "index") == 0 ? ELBO_SHAPE(below(m, 2) ? m->batch : some_size(m)) : some_shape(m);
    return add_leaf(m, name, shape);
}

static int any_line(maker *m)
{
    int total = 0, kind = 0;
    for (int i = 0; i < fuzz_kinds_count; i++)
        total += fuzz_kinds[i].leaf ? 0 : fuzz_kinds[i].weight;
    for (int left = (int)below(m, (uint32_t)total);; kind++) {
        left -= fuzz_kinds[kind].leaf ? 0 : fuzz_kinds[kind].weight;
        if (left < 0)
            break;
    }
    return add(m, (fuzz_line){.kind = kind, .in = {some_line(m), some_line(m), some_line(m)}});
}

/* relu(x w' + b), as in a model */
static int dense_layer(maker *m)
{
    int x = some_line(m);
    const elbo_shape *s = &m->b.value[x]->shape;
    if (s->ndim < 2 || m->b.value[x]->dtype != m->b.g->dtype)
        return -1;
    int64_t out = some_size(m);
    int y = add_named(m, "matmul", x, add_leaf(m, "param", ELBO_SHAPE(out, s->dim[s->ndim - 1])));
    if (y >= 0 && below(m, 2))
        y = add_named(m, "add", y, add_leaf(m, "param", ELBO_SHAPE(out)));
    return y >= 0 && below(m, 2) ? add_named(m, "relu", y, y) : y;
}

/* Images: a line of four axes, or else of three, or else a new one; -1 where that does not fit. */
static int some_images(maker *m)
{
    int x = some_line(m);
    for (int tries = 0; tries < 20 && m->b.value[x]->shape.ndim != 4; tries++)
        x = some_line(m);
    if (m->b.value[x]->shape.ndim < 3 || m->b.value[x]->dtype != m->b.g->dtype)
        x = add_leaf(m, "input", ELBO_SHAPE(m->batch, 1 + below(m, 3), some_size(m), some_size(m)));
    return x;
}

/* A convolution of them, or a transposed one, by a parameter with a small kernel, and perhaps a bias. */
static int convolve(maker *m, int x)
{
    const elbo_shape *s = &m->b.value[x]->shape;
    bool back = below(m, 2);
    int64_t in = s->dim[1], out = 1 + below(m, 12), high = 1 + below(m, 3), wide = 1 + below(m, 3);
    elbo_shape w = back ? ELBO_SHAPE(in, out, high, wide) : ELBO_SHAPE(out, in, high, wide);
    int y = add_named(m, back ? "conv_transpose2d" : "conv2d", x, add_leaf(m, "param", w));
    return y >= 0 && below(m, 2) ? add_named(m, "add", y, add_leaf(m, "param", ELBO_SHAPE(out, 1, 1))) : y;
}

static int convolution(maker *m)
{
    int x = some_images(m);
    return x < 0 ? -1 : convolve(m, x);
}

/* Convolutions of what is computed, and of that together with what a convolution gave, whose channels lie last. */
static int convolutions(maker *m)
{
    int images = some_images(m), x = images < 0 ? -1 : add_named(m, "relu", images, images);
    if (x < 0 || m->b.value[x]->shape.ndim != 4)
        return -1;
    int64_t channels = m->b.value[x]->shape.dim[1];
    int weight = add_leaf(m, "param", ELBO_SHAPE(channels, channels, 1, 1));
    if (weight < 0)
        return -1;
    int same = add(m, (fuzz_line){.kind = fuzz_kind_named("conv2d"), .in = {x, weight}}); /* of the same shape */
    int both = same < 0 ? -1 : add_named(m, below(m, 2) ? "mul" : "add", same, x);
    int y = both < 0 ? same : convolve(m, both);
    return below(m, 2) ? convolve(m, x) : y;
}

/* One of two operands is a new leaf. */
static int with_leaf(maker *m)
{
    static const char *const names[] = {"add",     "add",     "sub",  "mul",   "mul",
                                        "maximum", "minimum", "less", "where", "div"};
    static const char *const leaves[] = {"input", "param", "state", "input", "constant", "constant"};
    int x = some_line(m), leaf = add_leaf(m, leaves[below(m, 6)], some_part(m, &m->b.value[x]->shape));
    const char *name = names[below(m, sizeof names / sizeof names[0])];
    return leaf < 0 ? -1 : add(m, (fuzz_line){.kind = fuzz_kind_named(name), .in = {leaf, x, some_line(m)}});
}

/* Another view of a line, of the same shape if that can be. */
static int turned(maker *m, int x)
{
    static const char *const names[] = {"permute", "permute", "reshape", "slice"};
    fuzz_line line = {.kind = fuzz_kind_named(names[below(m, 4)]), .in = {x}};
    if (below(m, 4) == 0)
        line = (fuzz_line){.kind = fuzz_kind_named("reshape"), .in = {x}, .n = {1}}; /* splits an axis */
    int y = x < 0 ? -1 : add(m, line);
    return y >= 0 && below(m, 3) == 0 ? turned(m, y) : y;
}

/* Two views of one thing meet. */
static int against_itself(maker *m)
{
    static const char *const names[] = {"add", "mul", "sub", "matmul", "concat", "maximum"};
    int x = some_line(m), y = turned(m, x), z = below(m, 2) ? x : turned(m, x);
    return add_named(m, names[below(m, 6)], y, z);
}

/* Something against its own sums or maxima: where these go over the axis that is cut, a barrier stands between. */
static int against_reduced(maker *m)
{
    static const char *const reductions[] = {"sum", "max", "max", "sum"}, *const names[] = {"sub", "mul", "less",
                                                                                            "add"};
    int x = some_line(m);
    int r = add(m, (fuzz_line){.kind = fuzz_kind_named(reductions[below(m, 4)]), .in = {x}, .n = {below(m, 8), 0, 1}});
    return add_named(m, names[below(m, 4)], x, r);
}

/* A state, a reader of it, perhaps through another view, an assignment to it, and a reader of the new value. */
static int update(maker *m)
{
    int x = some_line(m);
    if (m->b.value[x]->dtype != m->b.g->dtype)
        return -1;
    int state = add_leaf(m, "state", m->b.value[x]->shape), seen = state;
    for (uint32_t i = below(m, 3); i > 0; i--) {
        int view = turned(m, state);
        seen = view < 0 ? state : view;
        (void)add_named(m, below(m, 3) ? "add" : "matmul", seen, below(m, 2) ? seen : below(m, 2) ? x : state);
    }
    int done = add_named(m, below(m, 4) ? "assign" : "assign_if", state, below(m, 4) ? x : seen);
    int after = below(m, 2) ? done : turned(m, done);
    return below(m, 2) ? add_named(m, "sub", after, below(m, 2) ? done : some_line(m)) : done;
}

/* Arithmetic on constants alone, then with something. */
static int arithmetic(maker *m)
{
    static const char *const names[] = {"div", "add", "sqrt", "mul", "reciprocal", "exp", "sub", "expand"};
    int x = add_leaf(m, "constant", ELBO_SCALAR);
    for (int i = 0; i < 3 && x >= 0; i++)
        x = add_named(m, names[below(m, 8)], x, add_leaf(m, "constant", ELBO_SCALAR));
    return add_named(m, below(m, 2) ? "mul" : "add", x, some_line(m));
}

/* Descends along the gradient of the sum of something. */
static int descent(maker *m)
{
    int y = add_named(m, "sum_all", some_line(m), 0);
    int param = fuzz_kind_named("param"), n = m->p->n_lines, last = y;
    for (int i = 0; i < n && y >= 0; i++) {
        if (m->p->lines[i].kind != param || below(m, 3) == 0)
            continue;
        int dx = add_named(m, "grad", y, i), moved = add_named(m, "sub", i, dx);
        last = add_named(m, "assign", i, moved);
    }
    return last;
}

/* Linear layers on one x, as heads of a network are, often behind another layer, and for the most part a step down
 * along the gradient of something made of them all. */
static int heads(maker *m)
{
    const int first = m->p->n_lines, param = fuzz_kind_named("param"), n = 2 + (int)below(m, 2);
    const int x = below(m, 3) ? dense_layer(m) : some_line(m);
    const int64_t same = some_size(m);
    int sum = -1, last = -1;
    if (x < 0 || m->b.value[x]->shape.ndim < 2 || m->b.value[x]->dtype != m->b.g->dtype)
        return -1;
    const elbo_shape shape = m->b.value[x]->shape;
    for (int i = 0; i < n; i++) {
        const int64_t out = below(m, 2) ? same : some_size(m);
        const int other = some_line(m);
        if (i > 0 && below(m, 4) == 0) /* what the next one reads may change before it does */
            (void)add_named(m, "assign", other, add_named(m, "add", other, other));
        last = add_named(m, "matmul", x, add_leaf(m, "param", ELBO_SHAPE(out, shape.dim[shape.ndim - 1])));
        if (last >= 0 && below(m, 2))
            last = add_named(m, "add", last, add_leaf(m, "param", ELBO_SHAPE(out)));
        if (last >= 0 && below(m, 3))
            last = add_named(m, "relu", last, last);
        if (last < 0)
            return -1;
        const int all = add_named(m, "sum_all", last, 0);
        sum = sum < 0 ? all : add_named(m, "add", sum, all);
    }
    const bool skips = below(m, 4) == 0, twice = below(m, 4) == 0, noisy = !m->p->exact && below(m, 4) == 0;
    const int noise = noisy ? add_leaf(m, "normal", ELBO_SHAPE(same, shape.dim[shape.ndim - 1])) : -1;
    for (int i = first, end = m->p->n_lines; i < end && sum >= 0 && below(m, 16); i++) {
        if (m->p->lines[i].kind != param || (skips && below(m, 3) == 0))
            continue;
        const int dx = add_named(m, "grad", sum, i);
        const int step = noisy ? add_named(m, "add", dx, noise) : dx, moved = add_named(m, "sub", i, step);
        last = add_named(m, "assign", i, moved);
        if (twice)
            last = add_named(m, "assign", i, add_named(m, "add", i, moved));
    }
    return last;
}

/* Lines that nobody reads, and some others. */
static void choose_outputs(maker *m)
{
    fuzz_program *p = m->p;
    bool used[FUZZ_LINES] = {false};
    for (int i = 0; i < p->n_lines; i++)
        for (int k = 0; k < fuzz_kinds[p->lines[i].kind].operands; k++)
            used[p->lines[i].in[k]] = true;
    for (int i = p->n_lines - 1; i >= 0 && p->n_outputs < FUZZ_OUTPUTS; i--) {
        const elbo_var *x = m->b.value[i];
        bool foreign = x->dtype != m->b.g->dtype && x->op->flags & (ELBO__LEAF | ELBO__VIEW);
        if (!foreign && (used[i] ? below(m, 12) == 0 : below(m, 8) != 0))
            p->outputs[p->n_outputs++] = i;
    }
    if (p->n_outputs && p->n_outputs < FUZZ_OUTPUTS && below(m, 8) == 0)
        p->outputs[p->n_outputs++] = p->outputs[0];
}

fuzz_program fuzz_generate(uint64_t seed)
{
    static const int64_t batches[] = {7, 7, 16, 16, 17, 17, 33, 33, 12, 36, 100, 256, 1, 2, 3, 0};
    static const int64_t sizes[] = {1, 2, 3, 5, 7, 7, 7, 16, 17, 33, 1, 2,  3,  5,  7, 4, 4, 8, 0,
                                    1, 2, 3, 5, 7, 7, 7, 16, 17, 33, 6, 12, 36, 30, 7, 4, 4, 8};
    static const int threads[] = {2, 3, 4, 7, 16};
    static const int64_t most[] = {500, 500, 1000, 1000, 2000, 4000, 4000, 20000};
    static int (*const ways[])(maker *) = {any_line,        any_line,     any_line,   any_line,       any_line,
                                           any_line,        any_line,     any_line,   any_line,       any_line,
                                           with_leaf,       with_leaf,    any_leaf,   dense_layer,    update,
                                           update,          descent,      descent,    against_itself, against_reduced,
                                           against_reduced, dense_layer,  arithmetic, dense_layer,    convolution,
                                           convolution,     convolutions, heads,      heads};
    fuzz_program p = {.seed = seed};
    maker m = {.p = &p};
    p.exact = below(&m, 5) < 3;
    p.dtype = p.exact || below(&m, 2) ? ELBO_F32 : ELBO_F64;
    p.most = most[below(&m, 8)];
    p.steps = 2 + (int)below(&m, 2);
    p.threads = threads[below(&m, 5)];
    p.order = (elbo__order)below(&m, 3);
    if (below(&m, 4)) {
        static const int64_t grains[] = {1, 1, 1, 2, 3, 5, 16};
        p.grain = grains[below(&m, 7)];
        p.run = 1 + below(&m, 4);
    }
    m.batch = batches[below(&m, 16)];
    for (int i = 0; i < 4; i++)
        m.sizes[i] = sizes[below(&m, sizeof sizes / sizeof sizes[0])];
    uint32_t wanted = 6 + below(&m, 75);
    if (start(&m.b, &p)) {
        (void)add_leaf(&m, "input", ELBO_SHAPE(m.batch));
        (void)add_leaf(&m, "input", ELBO_SHAPE(m.batch, m.sizes[0]));
        for (int tries = 0; p.n_lines < (int)wanted && tries < 600; tries++)
            (void)ways[below(&m, sizeof ways / sizeof ways[0])](&m);
        choose_outputs(&m);
    }
    fuzz_build_free(&m.b);
    return p;
}
