#include "rig.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/plan/ir.h"
#include "fuzz_graph.h"

rig rig_new(elbo_dtype dtype, elbo_mode mode)
{
    rig r = {.params = elbo_params_new(dtype, 1), .at = {.seed = 1}};
    ck_assert_ptr_nonnull(r.params);
    r.g = elbo_graph_new(r.params, mode);
    return r;
}

static void forget_inputs(rig *r)
{
    for (int i = 0; i < r->n_feeds; i++)
        elbo_tensor_free(&r->feeds[i].data);
    r->n_feeds = 0;
}

void rig_next_graph(rig *r, elbo_mode mode)
{
    forget_inputs(r);
    elbo_graph_free(r->g);
    r->g = elbo_graph_new(r->params, mode);
}

void rig_free(rig *r)
{
    forget_inputs(r);
    elbo_graph_free(r->g);
    elbo_params_free(r->params);
}

static void copy_in(const elbo_tensor *to, const double *values)
{
    elbo_tensor from = elbo_tensor_of(ELBO_F64, to->layout.shape, values);
    elbo_tensor_copy(to, &from);
}

static void copy_out(const elbo_tensor *from, double *values)
{
    elbo_tensor to = elbo_tensor_of(ELBO_F64, from->layout.shape, values);
    elbo_tensor_copy(&to, from);
}

void rig_feed(rig *r, const char *name, elbo_shape shape, const double *values)
{
    int i = 0;
    while (i < r->n_feeds && strcmp(r->feeds[i].name, name) != 0)
        i++;
    if (i == r->n_feeds) {
        ck_assert_int_lt(i, RIG_MAX_FEEDS);
        r->feeds[r->n_feeds++] = (elbo_feed){name, elbo_tensor_new(elbo_params_dtype(r->params), shape)};
    }
    ck_assert(elbo_shape_equal(&r->feeds[i].data.layout.shape, &shape));
    copy_in(&r->feeds[i].data, values);
}

elbo_var *rig_input(rig *r, const char *name, elbo_shape shape, const double *values)
{
    rig_feed(r, name, shape, values);
    return elbo_input(r->g, name, elbo_graph_dtype(r->g), shape);
}

void rig_scalar(rig *r, const char *name, double value)
{
    rig_feed(r, name, ELBO_SCALAR, &value);
}

static void run_plan(rig *r, elbo_var *const *outputs, int n, double *const *out)
{
    elbo_plan *plan = elbo_compile(r->g, outputs, n);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    for (int i = 0; i < r->n_feeds; i++)
        ck_assert_msg(elbo_plan_bind(plan, r->feeds[i].name, r->feeds[i].data) == ELBO_OK, "%s", elbo_error());
    ck_assert_msg(elbo_plan_run(plan, r->params, r->at) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < n; i++) {
        elbo_tensor value = elbo_plan_output(plan, i);
        copy_out(&value, out[i]);
    }
    elbo_plan_free(plan);
}

void rig_run(rig *r, elbo_var *const *outputs, int n, double *const *out)
{
    ck_assert_msg(elbo_graph_status(r->g) == ELBO_OK, "%s", elbo_error());
    if (r->planned) {
        run_plan(r, outputs, n, out);
        return;
    }
    elbo_tensor values[32];
    ck_assert_int_le(n, 32);
    ck_assert_msg(elbo_interpret(r->g, r->params, r->at, r->feeds, r->n_feeds, outputs, n, values) == ELBO_OK, "%s",
                  elbo_error());
    for (int i = 0; i < n; i++) {
        copy_out(&values[i], out[i]);
        elbo_tensor_free(&values[i]);
    }
}

void rig_value(rig *r, elbo_var *y, double *out)
{
    rig_run(r, &y, 1, &out);
}

double rig_number(rig *r, elbo_var *y)
{
    ck_assert_int_eq(elbo_ndim(y), 0);
    double value;
    rig_value(r, y, &value);
    return value;
}

static elbo_tensor param(const rig *r, const char *name)
{
    int index = elbo_params_find(r->params, name);
    ck_assert_msg(index >= 0, "no parameter \"%s\"", name);
    return elbo_params_tensor(r->params, index);
}

void rig_param(const rig *r, const char *name, double *out)
{
    elbo_tensor tensor = param(r, name);
    copy_out(&tensor, out);
}

void rig_set_param(rig *r, const char *name, const double *values)
{
    elbo_tensor tensor = param(r, name);
    copy_in(&tensor, values);
    elbo_params_touch(r->params);
}

void rig_fill(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    uint64_t i = fuzz_hash(seed, strlen(name));
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(t, w.index, args[0] * ((double)(fuzz_hash(7, i++) % 2001) / 1000 - 1));
}

elbo_plan *rig_compiled(elbo_graph *g, elbo_var *const *outputs, int n)
{
    elbo_plan *plan = elbo_compile(g, outputs, n);
    ck_assert_msg(plan && elbo__plan_check(plan) == ELBO_OK, "%s", elbo_error());
    return plan;
}

void rig_assert_error(const rig *r, const char *message)
{
    ck_assert_int_ne(elbo_graph_status(r->g), ELBO_OK);
    ck_assert_str_eq(elbo_error(), message);
}

void assert_close(double a, double b, double tolerance)
{
    double scale = fmax(1, fmax(fabs(a), fabs(b)));
    ck_assert_msg(fabs(a - b) <= tolerance * scale, "%.17g and %.17g differ by more than %g", a, b, tolerance * scale);
}
