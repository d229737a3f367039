#include "model_check.h"
#include "model_private.h"

#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/text.h"

/* A size that may be anything. */
enum { ANY = -1 };

/* "(4, 3, Z)" of expected sizes, `any` for those that may be anything */
static elbo_shape_text expected_text(const int64_t *dim, int n, const char *any)
{
    elbo_shape_text t;
    size_t used = (size_t)elbo__print(t.text, sizeof t.text, "(");
    for (int i = 0; i < n; i++) {
        const char *comma = i ? ", " : "";
        if (dim[i] == ANY)
            used += (size_t)elbo__print(t.text + used, sizeof t.text - used, "%s%s", comma, any);
        else
            used += (size_t)elbo__print(t.text + used, sizeof t.text - used, "%s%lld", comma, (long long)dim[i]);
    }
    elbo__print(t.text + used, sizeof t.text - used, ")");
    return t;
}

/* Whether `shape` has these sizes. */
static bool fits(const elbo_shape *shape, const int64_t *dim, int n)
{
    bool same = shape->ndim == n;
    for (int i = 0; i < n && same; i++)
        same = dim[i] == ANY || shape->dim[i] == dim[i];
    return same;
}

/* Puts the graph in error unless the field is there and of the shape that `what`, such as "(B, K, Z)", stands for. */
static void check_var(elbo_in *in, const char *field, const elbo_var *x, const char *what, const int64_t *dim, int n)
{
    if (!x) {
        elbo_graph_fail(in->g, ELBO_INVALID, "%s: there is none; expected %s = %s", field, what,
                        expected_text(dim, n, "Z").text);
        return;
    }
    const elbo_shape shape = elbo_shape_of(x);
    if (elbo_graph_of(x) != in->g)
        elbo_graph_fail(in->g, ELBO_INVALID, "%s: belongs to another graph", field);
    else if (!fits(&shape, dim, n))
        elbo_graph_fail(in->g, ELBO_INVALID, "%s: is of shape %s; expected %s = %s", field,
                        elbo_shape_format(&shape).text, what, expected_text(dim, n, "Z").text);
}

static bool check_dist(elbo_in *in, const char *function, const elbo_dist *d, const char *what, const int64_t *dim,
                       int n)
{
    if (!d->kind)
        elbo_graph_fail(in->g, ELBO_INVALID, "%s: returned no distribution; expected one of %s = %s", function, what,
                        expected_text(dim, n, "Z").text);
    else if (!fits(&d->shape, dim, n))
        elbo_graph_fail(in->g, ELBO_INVALID, "%s: returned a distribution of shape %s; expected %s = %s", function,
                        elbo_shape_format(&d->shape).text, what, expected_text(dim, n, "Z").text);
    return elbo_graph_status(in->g) == ELBO_OK;
}

elbo_var *elbo__model_cannot(elbo_in *in)
{
    return elbo_graph_fail(in->g, ELBO_INVALID, "cannot be built");
}

/* ---- infer ------------------------------------------------------------------------------------------------------- */

static void check_inference(elbo_in *in, const elbo_inference *i)
{
    const bool density = i->q.kind || i->log_q;
    const int64_t images = elbo_size(in->x, 0), draws = density ? in->draws : 1;
    if (density)
        elbo__option_read(in, "draws"); /* as in->draws */
    check_var(in, "infer: z", i->z, "(B, K, Z)", (int64_t[]){images, draws, ANY}, 3);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return;
    const int64_t dims = elbo_size(i->z, 2);
    check_var(in, "infer: code", i->code, "(B, Z)", (int64_t[]){images, dims}, 2);
    if (i->log_q)
        check_var(in, "infer: log_q", i->log_q, "(B, K)", (int64_t[]){images, draws}, 2);
    if (i->q.kind)
        check_dist(in, "infer: q", &i->q, "(B, Z)", (int64_t[]){images, dims}, 2);
    if (i->index)
        check_var(in, "infer: index", i->index, "(B, H, W, L)", (int64_t[]){images, ANY, ANY, ANY}, 4);
    if (i->index && (elbo_dtype_of(i->index) != ELBO_I32 || i->codes < 1))
        elbo_graph_fail(in->g, ELBO_INVALID, "infer: index: is of %s in 0 ... %lld; expected i32 and at least 1 code",
                        elbo_dtype_name(elbo_dtype_of(i->index)), (long long)i->codes - 1);
    if (i->penalty && elbo_ndim(i->penalty) > 0)
        check_var(in, "infer: penalty", i->penalty, "(B) or ()", (int64_t[]){images}, 1);
}

elbo_inference elbo__model_infer(elbo_in *in)
{
    elbo_inference i = in->model->infer(in);
    if (elbo_graph_status(in->g) == ELBO_OK)
        check_inference(in, &i);
    if (elbo_graph_status(in->g) != ELBO_OK) {
        elbo_var *harmless = elbo__model_cannot(in);
        i = (elbo_inference){.z = harmless, .code = harmless};
    }
    return i;
}

/* ---- prior and generate ------------------------------------------------------------------------------------------ */

elbo_dist elbo__model_prior(elbo_in *in)
{
    const int64_t images = elbo_size(in->x, 0);
    if (!in->model->prior)
        return elbo_standard_normal(in->g, ELBO_SHAPE(images, elbo_option_integer(in, "latent-dim")));
    const elbo_dist p = in->model->prior(in);
    const bool good = elbo_graph_status(in->g) == ELBO_OK &&
                      check_dist(in, "prior", &p, "(B, Z)", (int64_t[]){images, ANY}, 2);
    return good ? p : elbo_bernoulli(elbo__model_cannot(in));
}

/* Pixels are the last axis, but those of a kind that spreads one over several axes, such as a categorical's classes. */
elbo_dist elbo__model_generate(elbo_in *in, elbo_var *z)
{
    const elbo_shape from = elbo_shape_of(z);
    const elbo_dist p = in->model->generate(in, z);
    if (elbo_graph_status(in->g) == ELBO_OK) {
        int64_t dim[ELBO_MAX_RANK];
        const int n = p.kind && p.event_rank > 1 ? p.shape.ndim : from.ndim;
        for (int i = 0; i < n; i++)
            dim[i] = i < from.ndim - 1 ? from.dim[i] : i == from.ndim - 1 ? elbo_size(in->x, -1) : ANY;
        check_dist(in, "generate", &p, from.ndim == 3 ? "(B, K, D)" : "(B, D)", dim, n);
    }
    return elbo_graph_status(in->g) == ELBO_OK ? p : elbo_bernoulli(elbo__model_cannot(in));
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

/* How a loss moves its parameters, and when. */
static void check_player(elbo_in *in, const elbo_loss *l)
{
    const elbo_shape when = l->when ? elbo_shape_of(l->when) : ELBO_SCALAR;
    if (l->every < 0 || l->phase < 0 || (l->phase > 0 && l->phase >= l->every))
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "losses: loss \"%s\": every %d, phase %d; expected 0 <= phase < every, or 0 and 0", l->name,
                        l->every, l->phase);
    if (!(l->lr >= 0) || isinf(l->lr) || !(l->lr_scale >= 0) || isinf(l->lr_scale))
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\": lr %g, lr_scale %g; expected positive numbers, or 0",
                        l->name, l->lr, l->lr_scale);
    const elbo_optim *o = &l->optim;
    if (!o->name &&
        (o->momentum || o->beta1 || o->beta2 || o->eps || o->weight_decay || o->clip_norm || o->skip_nonfinite))
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\": optim: has no name", l->name);
    if (!(o->momentum >= 0 && o->momentum < 1 && o->beta1 < 1 && o->beta2 >= 0 && o->beta2 < 1 && o->eps >= 0 &&
          o->weight_decay >= 0 && o->clip_norm >= 0))
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "losses: loss \"%s\": optim: a number out of range; expected momentum and beta2 in [0, 1), "
                        "beta1 below 1 and the others at least 0",
                        l->name);
    if (l->optim.name && !elbo_optimiser_find(l->optim.name))
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\": no optimiser \"%s\"", l->name, l->optim.name);
    if (when.ndim != 0)
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\": when: is of shape %s; expected ()", l->name,
                        elbo_shape_format(&when).text);
}

static void check_loss(elbo_in *in, const elbo_loss *losses, int i)
{
    const elbo_shape shape = losses[i].value ? elbo_shape_of(losses[i].value) : ELBO_SCALAR;
    if (!losses[i].value)
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\" has no value; expected (), a mean over the batch",
                        losses[i].name);
    else if (shape.ndim != 0)
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: loss \"%s\" is of shape %s; expected (), a mean over the batch",
                        losses[i].name, elbo_shape_format(&shape).text);
    check_player(in, &losses[i]);
    for (int j = 0; j < i; j++)
        if (strcmp(losses[j].name, losses[i].name) == 0)
            elbo_graph_fail(in->g, ELBO_INVALID, "losses: two are named \"%s\"; each needs a name of its own",
                            losses[i].name);
}

/* A loss that reads x alone would take the zeros that stand for missing values for what was observed. */
static void check_mask(elbo_in *in, const elbo_loss *losses, int n)
{
    bool looked_at = !in->mask;
    for (int i = 0; i < n && !looked_at; i++)
        looked_at = elbo__depends(losses[i].value, in->mask, in->built.corrupted);
    if (!looked_at)
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: values are missing, but no loss depends on in->mask");
}

int elbo__model_losses(elbo_in *in, elbo_loss *out)
{
    const int n = in->model->losses ? in->model->losses(in, out) : elbo_default_losses(in, out);
    if (elbo_graph_status(in->g) == ELBO_OK && (n < 1 || n > ELBO_MAX_LOSSES))
        elbo_graph_fail(in->g, ELBO_INVALID, "losses: returned %d; expected 1 to %d losses", n, ELBO_MAX_LOSSES);
    for (int i = 0; i < n && elbo_graph_status(in->g) == ELBO_OK; i++) {
        if (!out[i].name)
            out[i].name = "loss";
        check_loss(in, out, i);
    }
    if (elbo_graph_status(in->g) == ELBO_OK)
        check_mask(in, out, n);
    return elbo_graph_status(in->g) == ELBO_OK ? n : 0;
}
