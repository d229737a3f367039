/* Losses as players: each moves parameters of its own, by an optimiser and in turns of its own. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "model_private.h"

/* The word of a list, separated by spaces, that begins at `at` or after it; NULL at the end. */
static const char *next_word(const char *at, size_t *length)
{
    at += strspn(at, " ");
    *length = strcspn(at, " ");
    return *length ? at : NULL;
}

/* Whether `name` begins with one of the words of `prefixes`, or with none of those after a "!". */
static bool matches(const char *prefixes, const char *name)
{
    const bool but = prefixes[0] == '!';
    size_t length;
    for (const char *w = next_word(prefixes + but, &length); w; w = next_word(w + length, &length))
        if (strncmp(w, name, length) == 0)
            return !but;
    return but;
}

/* A loss, the parameters that it moves and their gradients: (n) each, in one block that begins at `params`. */
typedef struct {
    elbo_loss loss;
    elbo_var **params, **grads;
    int n;
} player;

/* The first of the words of `prefixes` that no parameter's name begins with; "" where each has one. */
static elbo_layer_name unmatched(const char *prefixes, elbo_var *const *params, int n)
{
    elbo_layer_name word = {""};
    size_t length;
    bool found = true;
    for (const char *w = next_word(prefixes, &length); w && found; w = next_word(w + length, &length)) {
        elbo__print(word.text, sizeof word.text, "%.*s", (int)length, w);
        found = false;
        for (int i = 0; i < n && !found; i++)
            found = strncmp(elbo_name_of(params[i]), w, length) == 0;
    }
    return found ? (elbo_layer_name){""} : word;
}

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
    const char *prefixes = p->loss.params ? p->loss.params : "";
    const elbo_layer_name typo = unmatched(prefixes + (prefixes[0] == '!'), p->params, all);
    if (typo.text[0]) {
        elbo_graph_fail(g, ELBO_INVALID, "loss \"%s\": no parameter's name begins with \"%s\"", p->loss.name,
                        typo.text);
        return false;
    }
    for (int i = 0; i < all; i++)
        if (!p->loss.params || matches(p->loss.params, elbo_name_of(p->params[i])))
            p->params[p->n++] = p->params[i];
    if (p->n == 0)
        elbo_graph_fail(g, ELBO_INVALID, "loss \"%s\": there is no parameter to move", p->loss.name);
    return p->n > 0;
}

/* In a graph for one step it is known who moves. */
enum { ONE_STEP = 1u << ELBO_MAX_LOSSES };

unsigned elbo_moving(const elbo_turns *turns, int64_t step)
{
    unsigned moving = ONE_STEP;
    for (int i = 0; i < turns->n; i++)
        if (turns->every[i] <= 1 || (step - 1) % turns->every[i] == turns->phase[i])
            moving |= 1u << i;
    return moving;
}

/* (t - 1 - phase) / every () for the number t of the step: how many turns are over, where it is a whole number. */
static elbo_var *turns_over(elbo_graph *g, const elbo_loss *loss)
{
    return elbo_div(elbo_shift(elbo_scalar(g, "step"), -(double)loss->phase - 1), elbo_constant(g, loss->every));
}

/* 1 in the steps of the player's turn, 0 otherwise; NULL where it is known. A quotient of whole numbers below 2^24 is a
 * whole number only if it is one in f32. */
static elbo_var *turn(elbo_in *in, const elbo_loss *loss)
{
    if (loss->every <= 1 || in->moving)
        return NULL;
    elbo_var *turns = turns_over(in->g, loss);
    return elbo_equal(turns, elbo_floor(turns));
}

/* The learning rate (); NULL: that of the training as it is. */
static elbo_var *rate(elbo_graph *g, const elbo_loss *loss)
{
    const double scale = loss->lr_scale > 0 ? loss->lr_scale : 1;
    if (loss->lr > 0)
        return elbo_scale(elbo_scalar(g, "lr-factor"), loss->lr * scale);
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

static elbo_optim optimiser(elbo_in *in, const elbo_loss *loss, bool alone, const elbo_optim *usual)
{
    elbo_optim own = loss->optim.name ? loss->optim : *usual;
    elbo_var *in_turn = turn(in, loss);
    own.lr = rate(in->g, loss);
    own.step = loss->every > 1 ? elbo_shift(turns_over(in->g, loss), 1) : NULL;
    own.when = in_turn && loss->when ? elbo_mul(in_turn, loss->when) : in_turn ? in_turn : loss->when;
    own.slab = alone ? NULL : loss->name;
    return own;
}

static bool moves(const elbo_in *in, int i)
{
    return !in->moving || (in->moving & 1u << i);
}

static void update(elbo_in *in, player *players, int n, const elbo_optim *optim)
{
    elbo_var *skipped = NULL;
    bool may_skip = false; /* any of them: a step has the same metrics, whoever moves */
    for (int i = 0; i < n; i++) {
        may_skip |= (players[i].loss.optim.name ? &players[i].loss.optim : optim)->skip_nonfinite;
        if (!moves(in, i))
            continue;
        elbo_accumulate_gradients(in->g, players[i].params, players[i].grads, players[i].n, in->accumulation);
        if (in->accumulation == ELBO_ACCUMULATE_MORE)
            continue;
        const elbo_optim own = optimiser(in, &players[i].loss, !shares(players, n, i), optim);
        const elbo_optim_report report = elbo_apply_gradients(in->g, players[i].params, players[i].grads, players[i].n,
                                                              &own);
        if (n == 1 && players[i].loss.every <= 1 && !in->accumulation && report.norm) /* in each step, or in none */
            elbo__report(in, "grad_norm", report.norm);
        if (report.skipped)
            skipped = skipped ? elbo_maximum(skipped, report.skipped) : report.skipped;
    }
    if (in->average > 0 && in->accumulation != ELBO_ACCUMULATE_MORE)
        elbo_average_weights(in->g, in->average, skipped ? elbo_sub(elbo_constant(in->g, 1), skipped) : NULL);
    if (may_skip)
        elbo__report(in, "skipped", skipped ? skipped : elbo_constant(in->g, 0));
}

/* The name of a parameter that the graph has met and that no player moves, such as a mistyped word of `params`
 * leaves. */
static const char *find_unmoved(elbo_graph *g, const player *players, int n)
{
    const int all = elbo_graph_params(g, NULL);
    elbo_var **params = elbo__calloc((size_t)all, sizeof *params);
    const char *name = NULL;
    if (params)
        elbo_graph_params(g, params);
    for (int i = 0; i < all && params && !name; i++) {
        const player one = {.params = &params[i], .n = 1};
        bool moved = false;
        for (int k = 0; k < n && !moved; k++)
            moved = !players[k].loss.params || meet(&one, &players[k]);
        name = moved ? NULL : elbo_name_of(params[i]);
    }
    elbo__free(params);
    return name;
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
        if (moves(in, i))
            elbo_grad(losses[i].value, players[i].params, players[i].n, players[i].grads);
    if (whole) {
        in->unmoved = find_unmoved(in->g, players, n);
        update(in, players, n, optim);
    }
    for (int i = 0; i < n; i++)
        elbo__free(players[i].params);
}
