/* Random graphs that go wrong, made smaller step by step for as long as they do. */
#include "fuzz_graph.h"

static bool goes_wrong(const fuzz_program *p)
{
    char why[FUZZ_WHY];
    return fuzz_try(p, FUZZ_AS_IT_IS, NULL, why) == FUZZ_WRONG;
}

static bool take(fuzz_program *p, const fuzz_program *candidate)
{
    if (!goes_wrong(candidate))
        return false;
    *p = *candidate;
    return true;
}

/* Every use of line `old` reads line `new` instead. */
static void redirect(fuzz_program *p, int old, int new)
{
    for (int i = 0; i < p->n_lines; i++)
        for (int k = 0; k < 3; k++)
            if (p->lines[i].in[k] == old)
                p->lines[i].in[k] = new;
    for (int i = 0; i < p->n_outputs; i++)
        if (p->outputs[i] == old)
            p->outputs[i] = new;
}

static void remove_line(fuzz_program *p, int line)
{
    for (int i = line; i + 1 < p->n_lines; i++)
        p->lines[i] = p->lines[i + 1];
    p->n_lines--;
    for (int i = 0; i < p->n_lines; i++)
        for (int k = 0; k < 3; k++)
            p->lines[i].in[k] -= p->lines[i].in[k] > line;
    for (int i = 0; i < p->n_outputs; i++)
        p->outputs[i] -= p->outputs[i] > line;
}

static bool fewer_outputs(fuzz_program *p)
{
    bool any = false;
    for (int i = p->n_outputs - 1; i >= 0; i--) {
        fuzz_program candidate = *p;
        candidate.n_outputs--;
        for (int k = i; k < candidate.n_outputs; k++)
            candidate.outputs[k] = p->outputs[k + 1];
        any |= take(p, &candidate);
    }
    return any;
}

/* Drops a line; its readers read one of its operands, or another line, in its place. */
static bool fewer_lines(fuzz_program *p)
{
    bool any = false;
    for (int i = p->n_lines - 1; i >= 0; i--) {
        bool taken = false;
        const fuzz_line line = p->lines[i];
        for (int k = 0; k < fuzz_kinds[line.kind].operands && !taken; k++) {
            fuzz_program candidate = *p;
            redirect(&candidate, i, line.in[k]);
            remove_line(&candidate, i);
            taken = take(p, &candidate);
        }
        if (!taken && p->n_lines > 1) {
            fuzz_program candidate = *p;
            redirect(&candidate, i, i ? 0 : 1);
            remove_line(&candidate, i);
            taken = take(p, &candidate);
        }
        any |= taken;
    }
    return any;
}

/* A line becomes an input of the same shape. */
static bool more_inputs(fuzz_program *p)
{
    bool any = false;
    int input = fuzz_kind_named("input");
    for (int i = p->n_lines - 1; i >= 0; i--) {
        if (p->lines[i].kind == input)
            continue;
        fuzz_build b;
        fuzz_program candidate = *p;
        bool number = fuzz_build_all(&b, p) && b.value[i]->dtype == b.g->dtype;
        candidate.lines[i] = (fuzz_line){.kind = input, .shape = number ? b.value[i]->shape : ELBO_SCALAR};
        fuzz_build_free(&b);
        any |= number && take(p, &candidate);
    }
    return any;
}

/* A size becomes smaller wherever leaves have it. */
static bool smaller_sizes(fuzz_program *p)
{
    bool any = false;
    for (int64_t size = 256; size > 1; size--)
        for (int64_t to = 1; to < size; to = to < 3 ? to + 1 : to < size - 1 ? size - 1 : size) {
            fuzz_program candidate = *p;
            int changed = 0;
            for (int i = 0; i < p->n_lines; i++)
                for (int d = 0; d < p->lines[i].shape.ndim; d++)
                    if (p->lines[i].shape.dim[d] == size) {
                        candidate.lines[i].shape.dim[d] = to;
                        changed++;
                    }
            if (changed && take(p, &candidate)) {
                any = true;
                break;
            }
        }
    return any;
}

static bool simpler_run(fuzz_program *p)
{
    bool any = false;
    fuzz_program candidate = *p;
    if (p->steps > 1) {
        candidate.steps = 1;
        any |= take(p, &candidate);
        candidate = *p;
    }
    if (p->threads > 2 || p->order != ELBO__FORWARD) {
        candidate.threads = 2;
        candidate.order = ELBO__FORWARD;
        any |= take(p, &candidate);
        candidate = *p;
    }
    if (p->grain > 1 || p->run > 1) {
        candidate.grain = candidate.run = 1;
        any |= take(p, &candidate);
    }
    return any;
}

void fuzz_shrink(fuzz_program *p)
{
    static bool (*const ways[])(fuzz_program *) = {fewer_outputs, fewer_lines, more_inputs, smaller_sizes, simpler_run};
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
            any |= ways[i](p);
    }
}
