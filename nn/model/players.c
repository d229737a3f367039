/* Losses as players: each moves parameters of its own, by an optimiser and in turns of its own. */
#include <string.h>

#include "../../tensor/memory.h"
#include "model_private.h"

/* Whether `name` begins with one of the words of `prefixes`, which are separated by spaces. */
static bool matches(const char *prefixes, const char *name)
{
    for (const char *at = prefixes; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length && strncmp(at, name, length) == 0)
            return true;
        at += length;
    }
    return false;
}

/* A loss, the parameters that it moves and their gradients: (n) each, in one block that begins at `params`. */
typedef struct {
    elbo_loss loss;
    elbo_var **params, **grads;
    int n;
} player;

/* False when memory is short or the loss moves nothing: the graph is then in error. */
static bool choose(player *p, elbo_graph *g)
{
    int all = elbo_graph_params(g, NULL);
    p->params = elbo__calloc((size_t)all, 2 * sizeof *p->params);
    if (!p->params) {
        elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
        return false;
    }
    p->grads = p->params + all;
    elbo_graph_params(g, p->params);
    for (int i = 0; i < all; i++)
        if (!p->loss.params || matches(p->loss.params, elbo_name_of(p->params[i])))
            p->params[p->n++] = p->params[i];
    if (p->n == 0)
        elbo_graph_fail(g, ELBO_INVALID, "loss \"%s\": there is no parameter to move", p->loss.name);
    return p->n > 0;
}

/* 1 in the steps t of the player's turn, (t - 1) mod every = phase, 0 otherwise; NULL where that is each. A quotient of whole
 * numbers below 2^24 is a whole number only if it is one in f32. */
static elbo_var *turn(elbo_graph *g, const elbo_loss *loss)
{
    if (loss->every <= 1)
        return NULL;
    elbo_var *since = elbo_shift(elbo_scalar(g, "step"), -(double)loss->phase - 1);
    elbo_var *turns = elbo_div(since, elbo_constant(g, loss->every));
    return elbo_equal(turns, elbo_floor(turns));
}

/* The learning rate (); NULL: that of the training as it is. */
static elbo_var *rate(elbo_graph *g, const elbo_loss *loss)
{
    const double scale = loss->lr_scale > 0 ? loss->lr_scale : 1;
    if (loss->lr > 0)
        return elbo_constant(g, loss->lr * scale);
    return scale == 1 ? NULL : elbo_scale(elbo_scalar(g, "lr"), scale);
}

/* Whether two players move a tensor in common. */
static bool meet(const player *a, const player *b)
{
    for (int i = 0; i < a->n; i++)
        for (int j = 0; j < b->n; j++)
            if (a->params[i] == b->params[j])
                return true;
    return false;
}

/* Where a tensor has several movers, each has moments of its own. */
static bool shares(const player *players, int n, int which)
{
    for (int i = 0; i < n; i++)
        if (i != which && meet(&players[i], &players[which]))
            return true;
    return false;
}

static elbo_optim optimiser(elbo_graph *g, const elbo_loss *loss, bool alone, const elbo_optim *usual)
{
    elbo_optim own = loss->optim.name ? loss->optim : *usual;
    elbo_var *in_turn = turn(g, loss);
    own.lr = rate(g, loss);
    own.when = in_turn && loss->when ? elbo_mul(in_turn, loss->when) : in_turn ? in_turn : loss->when;
    own.slab = alone ? NULL : loss->name;
    return own;
}

static void update(elbo_in *in, player *players, int n, const elbo_optim *optim)
{
    elbo_var *skipped = NULL;
    for (int i = 0; i < n; i++) {
        const elbo_optim own = optimiser(in->g, &players[i].loss, !shares(players, n, i), optim);
        const elbo_optim_report report = elbo_apply_gradients(in->g, players[i].params, players[i].grads, players[i].n,
                                                              &own);
        if (n == 1 && report.norm)
            elbo__report(in, "grad_norm", report.norm);
        if (report.skipped)
            skipped = skipped ? elbo_maximum(skipped, report.skipped) : report.skipped;
    }
    if (skipped)
        elbo__report(in, "skipped", skipped);
}

void elbo__model_play(elbo_in *in, const elbo_loss *losses, int n, const elbo_optim *optim)
{
    player players[ELBO_MAX_LOSSES] = {{.n = 0}};
    bool whole = true;
    for (int i = 0; i < n && whole; i++) {
        players[i].loss = losses[i];
        whole = choose(&players[i], in->g);
    }
    for (int i = 0; i < n && whole; i++)
        elbo_grad(losses[i].value, players[i].params, players[i].n, players[i].grads);
    if (whole)
        update(in, players, n, optim);
    for (int i = 0; i < n; i++)
        elbo__free(players[i].params);
}
