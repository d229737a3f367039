/* What `elbo evaluate` has found out, in words or as JSON. */
#include "evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../nn/parts/likelihood_private.h"
#include "../io/sprites.h"
#include "../nn/runs/spread.h"
#include "command.h"
#include "figures.h"
#include "progress.h"
#include "result.h"

enum { SHOWN_DIMENSIONS = 64, USUAL_COLUMNS = 80 };

/* ---- figures ----------------------------------------------------------------------------------------------------- */

/* How a metric is called and what it is measured in, NULL: as the likelihood is; what is not here is shown under its
 * own name. */
static const struct {
    const char *metric, *label, *unit;
} known[] = {
    {"elbo", "ELBO", NULL},
    {"recon", "recon", NULL},
    {"kl", "KL", "nats per image"},
    {"log_likelihood", "log p(x)", "nats per image"},
    {"squared_error", "squared error", "per image"},
    {"corrupted_error", "squared error of the corrupted images", "per image"},
    {"activity", "mean activation of sparse units", ""},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static bool is_known(const char *metric)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(known[i].metric, metric) == 0)
            return true;
    return false;
}

/* The standard error of a mean over images, where it is known of each; NaN elsewhere. */
static double error_of(const findings *f, const char *metric)
{
    for (int i = 0; i < ELBO_IMAGE_LOG_LIKELIHOOD; i++) /* what follows has other means than the model's metrics */
        if (f->each.at[i] && strcmp(elbo_image_figure_names[i], metric) == 0)
            return elbo_summary_of(f->each.at[i], f->each.images).error;
    return NAN;
}

static void add_metric(const findings *f, const char *metric, const char *label, int digits, const char *unit,
                       figures *out)
{
    elbo__cli_add_figure(
        out, (figure){metric, label, elbo_figures_get(&f->means, metric), error_of(f, metric), .digits = digits}, "%s",
        unit);
}

static void add_metrics(const elbo_run *run, const findings *f, figures *out)
{
    for (int i = 0; i < KNOWN; i++) {
        const char *unit = known[i].unit ? known[i].unit : elbo_run_unit(run);
        if (elbo_figures_has(&f->means, known[i].metric))
            add_metric(f, known[i].metric, known[i].label, unit[0] ? 2 : 4, unit, out);
    }
    for (int i = 0; i < f->means.count; i++) {
        const char *name = f->means.at[i].name;
        const bool bound = strncmp(name, "iwae-", 5) == 0;
        if (!is_known(name) && (strcmp(name, "loss") != 0 || !elbo_figures_has(&f->means, "recon")))
            add_metric(f, name, NULL, bound ? 2 : 4, bound ? elbo_run_unit(run) : "", out);
    }
}

static void add_log_likelihood(const elbo_run *run, const findings *f, figures *out)
{
    const int64_t n = f->each.images;
    if (f->how.samples == 0)
        return;
    const elbo_summary nats = elbo_summary_of(f->each.at[ELBO_IMAGE_LOG_LIKELIHOOD], n),
                       ess = elbo_summary_of(f->each.at[ELBO_IMAGE_ESS], n);
    elbo__cli_add_figure(
        out,
        (figure){"log_likelihood_estimate", elbo_run_classes(run) ? "log p(x|y) at least" : "log p(x) at least",
                 nats.mean, nats.error, .digits = 2},
        "nats per image%s%s", f->sampler ? ", p(z) of sampler " : "", f->sampler ? elbo_sampler_name(f->sampler) : "");
    elbo__cli_add_figure(out, (figure){"nll", "NLL at most", -nats.mean, nats.error, .digits = 2}, "nats per image");
    if (f->how.samples > 1) {
        const double error = elbo_error_of_mean(f->each.at[ELBO_IMAGE_ERROR], n);
        elbo__cli_add_figure(
            out, (figure){"monte_carlo_error", "Monte Carlo error", error, NAN, .digits = 4, .no_error = true},
            "nats, that of the samples alone");
    }
    if (f->each.rounds > 1) {
        const double deviation = elbo_spread_of(f->each.of_rounds, f->each.rounds).deviation;
        elbo__cli_add_figure(
            out, (figure){"deviation_of_rounds", "over rounds", deviation, NAN, .digits = 4, .no_error = true},
            "nats, the deviation of %d means", f->each.rounds);
    }
    elbo__cli_add_figure(out, (figure){"ess", "effective samples", ess.mean, ess.error, .digits = 1},
                         "of %" PRId64 "; the least %.1f, 1 %% below %.1f", f->how.samples, ess.least,
                         elbo_quantile_of(f->each.at[ELBO_IMAGE_ESS], n, 0.01));
}

static void add_annealed(const elbo_run *run, const findings *f, figures *out)
{
    const elbo_annealed *a = &f->annealed;
    if (a->images == 0)
        return;
    const elbo_summary nats = elbo_summary_of(a->log_likelihood, a->images);
    elbo__cli_add_figure(out,
                         (figure){"ais_log_likelihood", elbo_run_classes(run) ? "log p(x|y) by AIS" : "log p(x) by AIS",
                                  nats.mean, nats.error, .digits = 2},
                         "nats per image, at least; of %" PRId64 " images", a->images);
    if (f->annealing.chains > 1)
        elbo__cli_add_figure(out,
                             (figure){"ais_monte_carlo_error", "its error by chains",
                                      elbo_error_of_mean(a->error, a->images), NAN, .digits = 4, .no_error = true},
                             "nats, that of the %d chains alone", f->annealing.chains);
    if (a->simulated > 0)
        elbo__cli_add_figure(out, (figure){"ais_gap", "gap of the bounds", a->gap.mean, a->gap.error, .digits = 2},
                             "nats; of %" PRId64 " images that the model drew", a->simulated);
}

static void add_latent(const findings *f, figures *out)
{
    const elbo_information *told = &f->information;
    if (f->use.latent == 0)
        return;
    elbo__cli_add_figure(out, (figure){"active_units", "active units", (double)f->use.active, NAN, .no_error = true},
                         "of %" PRId64, f->use.latent);
    if (told->images > 0)
        elbo__cli_add_figure(
            out,
            (figure){"mutual_information", "mutual information", told->mutual_information, told->error, .digits = 2},
            "nats; from %" PRId64 " images at most %.2f", told->images, told->limit);
    if (told->images > 0 && !isnan(told->marginal_kl))
        elbo__cli_add_figure(
            out, (figure){"marginal_kl", "KL(q(z) || p(z))", told->marginal_kl, NAN, .digits = 2, .no_error = true},
            "nats");
}

static void add_disentangling(const findings *f, figures *out)
{
    const elbo_disentangling *d = &f->disentangling;
    const struct {
        const char *key, *label;
        double value;
        bool by_chance; /* what a code of noise has is 1 / factors, not 0 */
    } rows[] = {{"mig", "MIG", d->mig, false},
                {"sap", "SAP", d->sap, false},
                {"disentanglement", "DCI disentanglement", d->disentanglement, false},
                {"completeness", "DCI completeness", d->completeness, false},
                {"informativeness", "DCI informativeness", d->informativeness, false},
                {"factor_score", "FactorVAE score", d->factor_score, true},
                {"beta_score", "beta-VAE score", d->beta_score, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && d->images > 0; i++)
        elbo__cli_add_figure(out,
                             (figure){rows[i].key, rows[i].label, rows[i].value, NAN, .digits = 3, .no_error = true},
                             "of 1; by chance %.3f", rows[i].by_chance ? 1 / (double)d->factors : 0);
}

/* ---- dimensions -------------------------------------------------------------------------------------------------- */

static const double *sorting_by; /* of by_kl, which qsort gives no argument for */

static int by_kl(const void *a, const void *b)
{
    const int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    const double x = sorting_by[i], y = sorting_by[j];
    return x > y ? -1 : x < y ? 1 : i < j ? -1 : 1;
}

/* How many dimensions stand in a row, each of 15 columns but for the blank behind the last. */
static int dimensions_in_a_row(void)
{
    enum { WIDTH = 15 };
    const int columns = elbo__cli_columns(STDOUT_FILENO), n = ((columns ? columns : USUAL_COLUMNS) + 1) / WIDTH;
    return n > 0 ? n : 1;
}

/* The largest first. */
static void print_dimensions(const elbo_latent_use *use, int64_t *order)
{
    const int64_t shown = use->latent < SHOWN_DIMENSIONS ? use->latent : SHOWN_DIMENSIONS;
    const int in_a_row = dimensions_in_a_row();
    for (int64_t j = 0; j < use->latent; j++)
        order[j] = j;
    sorting_by = use->kl;
    qsort(order, (size_t)use->latent, sizeof *order, by_kl);
    printf("KL of each dimension, nats per image, * active%s\n", shown < use->latent ? "; the largest 64" : "");
    for (int64_t j = 0; j < shown; j++) {
        const bool last = j + 1 == shown || (j + 1) % in_a_row == 0;
        const double kl = use->kl[order[j]];
        const char *mark = use->variance[order[j]] > ELBO_ACTIVE_VARIANCE ? "*" : last ? "" : " ";
        printf("%*s%" PRId64 ": %6.3f%s%s",
               order[j] + 1 < 10    ? 4
               : order[j] + 1 < 100 ? 3
                                    : 2,
               "z", order[j] + 1, isnan(kl) ? NAN : kl, mark, last ? "\n" : " ");
    }
}

static elbo_status give_dimensions(result *r, const elbo_latent_use *use)
{
    if (use->latent == 0)
        return ELBO_OK;
    elbo__cli_put_numbers(r, "variance_of_means", use->variance, use->latent);
    if (use->kl)
        elbo__cli_put_numbers(r, "kl_of_dimensions", use->kl, use->latent);
    else
        elbo__cli_put_text(r, "kl_of_dimensions", NULL);
    if (!use->kl)
        elbo__cli_line(r, "KL of each dimension: not known, since q(z|x) or p(z) is no normal distribution");
    if (!use->kl || elbo__cli_is_json(r))
        return ELBO_OK;
    int64_t *order = calloc((size_t)use->latent, sizeof *order);
    if (order)
        print_dimensions(use, order);
    free(order);
    return order ? ELBO_OK : ELBO_NO_MEMORY;
}

static void put_annealed(result *r, const findings *f)
{
    const elbo_annealed *a = &f->annealed;
    elbo__cli_put_integer(r, "ais_images", a->images);
    elbo__cli_put_integer(r, "ais_drawn", a->simulated);
    if (a->simulated > 0) {
        elbo__cli_put_number(r, "ais_drawn_below", elbo_summary_of(a->below, a->simulated).mean);
        elbo__cli_put_number(r, "ais_drawn_above", elbo_summary_of(a->above, a->simulated).mean);
    }
    elbo__cli_put_integer(r, "chains", f->annealing.chains);
    elbo__cli_put_integer(r, "temperatures", f->annealing.temperatures);
    elbo__cli_put_integer(r, "leapfrog", f->annealing.leapfrog);
    elbo__cli_put_number(r, "ais_acceptance", a->acceptance);
    elbo__cli_put_number(r, "ais_first_step", a->first_step);
    elbo__cli_put_number(r, "ais_last_step", a->last_step);
}

/* Which codes tell most of each factor, and how much of what there is to know. */
static void give_factors(result *r, const elbo_disentangling *d)
{
    for (int64_t f = 0; f < d->factors; f++) {
        const double *information = d->information + f * d->latent;
        int64_t first = 0, second = d->latent > 1 ? 1 : 0;
        for (int64_t j = 1; j < d->latent; j++)
            if (information[j] > information[first]) {
                second = first;
                first = j;
            } else if (second == first || information[j] > information[second]) {
                second = j;
            }
        elbo__cli_line(r, "factor %s: %.2f nats, of which z%" PRId64 " tells %.2f, z%" PRId64 " %.2f",
                       elbo_sprite_factors[f].name, d->entropy[f], first + 1, information[first], second + 1,
                       information[second]);
    }
    if (d->factors == 0)
        return;
    elbo__cli_open_object(r, "factors");
    for (int64_t f = 0; f < d->factors; f++) {
        elbo__cli_open_object(r, elbo_sprite_factors[f].name);
        elbo__cli_put_number(r, "entropy", d->entropy[f]);
        elbo__cli_put_numbers(r, "information", d->information + f * d->latent, d->latent);
        elbo__cli_put_numbers(r, "importance", d->importance + f * d->latent, d->latent);
        elbo__cli_close(r);
    }
    elbo__cli_close(r);
}

/* What stands behind the figures in the table, as members of their own. */
static void put_limits(result *r, const findings *f)
{
    const elbo_information *told = &f->information;
    if (f->how.samples > 0) {
        const double *ess = f->each.at[ELBO_IMAGE_ESS];
        elbo__cli_put_number(r, "ess_least", elbo_summary_of(ess, f->each.images).least);
        elbo__cli_put_number(r, "ess_percentile_1", elbo_quantile_of(ess, f->each.images, 0.01));
        elbo__cli_put_numbers(r, "log_likelihood_of_rounds", f->each.of_rounds, f->each.rounds);
        if (f->sampler)
            elbo__cli_give_sampler(r, f->sampler);
        else
            elbo__cli_put_text(r, "sampler", "prior");
    }
    if (f->annealed.images > 0)
        put_annealed(r, f);
    if (f->use.latent > 0)
        elbo__cli_put_integer(r, "latent_dimensions", f->use.latent);
    if (told->images > 0) {
        elbo__cli_put_integer(r, "mutual_information_images", told->images);
        elbo__cli_put_number(r, "mutual_information_limit", told->limit);
        elbo__cli_put_number(r, "mutual_information_kl", told->kl);
    }
}

/* ---- what they are figures of ------------------------------------------------------------------------------------ */

/* They do not compare otherwise. */
static const char *treatment(const run_job *job, int rounds)
{
    const elbo_run *run = job->run;
    const elbo_images *images = job->images;
    const elbo_value *binarised = elbo_values_get(elbo_run_options(run), "binarise", ELBO_FLAG);
    const elbo_value *once = elbo_values_get(elbo_run_options(run), "binarise-once", ELBO_FLAG);
    const bool grey = elbo_values_flag(job->values, "grey");
    if (!grey && binarised && binarised->flag)
        return rounds > 1 ? "binarised, drawn with this seed, anew in each round" : "binarised, drawn with this seed";
    if (!grey && once && once->flag)
        return "binarised, drawn once for these data";
    if (elbo__likelihood_values(elbo_run_options(run)) == ELBO__COUNTS)
        return "counts, as given";
    return images->images.dtype == ELBO_U8 ? "grey levels / 255, not binarised" : "as given";
}

/* Whether the model has the option, and its likelihood reads it. */
static bool is_of_use(const elbo_values *options, const char *name, elbo_option_type type)
{
    return elbo_values_get(options, name, type) && elbo_values_check_one(options, name) == ELBO_OK;
}

/* Which density or loss recon and the ELBO are of. */
static void give_likelihood(result *r, const elbo_run *run)
{
    const elbo_values *options = elbo_run_options(run);
    const elbo_value *likelihood = elbo_values_get(options, "likelihood", ELBO_CHOICE);
    if (!likelihood)
        return;
    const elbo_value *learned = elbo_values_get(options, "learn-variance", ELBO_CHOICE);
    const bool varies = is_of_use(options, "variance", ELBO_NUMBER),
               learns = varies && learned && strcmp(learned->text, "no") != 0,
               stepped = is_of_use(options, "levels", ELBO_INTEGER);
    const int64_t levels = stepped ? elbo_values_integer(options, "levels") : 0;
    elbo__cli_put_text(r, "likelihood", likelihood->text);
    if (varies && !learns)
        elbo__cli_put_number(r, "variance", elbo_values_number(options, "variance"));
    if (stepped)
        elbo__cli_put_integer(r, "levels", levels);
    if (learns)
        elbo__cli_line(r, "likelihood %s, variance learned: %s", likelihood->text, learned->text);
    else if (varies)
        elbo__cli_line(r, "likelihood %s, variance %g", likelihood->text, elbo_values_number(options, "variance"));
    else if (stepped)
        elbo__cli_line(r, "likelihood %s, %" PRId64 " levels", likelihood->text, levels);
    else
        elbo__cli_line(r, "likelihood %s", likelihood->text);
}

static void give_subject(result *r, const run_job *job, const findings *f)
{
    const int64_t n = f->each.images, all = job->images->count;
    give_likelihood(r, job->run);
    if (n < all)
        elbo__cli_line(r, "images %" PRId64 ", the first of %" PRId64 ", part %s of %s", n, all, job->part,
                       job->folder);
    else
        elbo__cli_line(r, "images %" PRId64 ", part %s of %s", n, job->part, job->folder);
    elbo__cli_put_integer(r, "images", n);
    elbo__cli_put_text(r, "part", job->part);
    elbo__cli_put_text(r, "data", job->folder);
    elbo__cli_put_integer(r, "samples", f->how.samples);
    elbo__cli_put_integer(r, "seed", f->how.seed);
    elbo__cli_give_text(r, "pixels", NULL, treatment(job, f->each.rounds));
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* Writes the figures of each image where that was asked for; whether there was nothing amiss. */
static bool write_figures(result *r, const run_job *job, const findings *f)
{
    const char *path = elbo_values_text(job->values, "per-image");
    if (!path[0])
        return true;
    if (elbo_image_figures_write(&f->each, job->images, path) != ELBO_OK) {
        elbo__cli_fail();
        return false;
    }
    elbo__cli_give_text(r, "per_image", "figures of each image", path);
    return true;
}

int elbo__cli_show_findings(const run_job *job, const findings *f)
{
    result r = elbo__cli_result(job->values);
    figures all = {.count = 0};
    add_metrics(job->run, f, &all);
    add_log_likelihood(job->run, f, &all);
    add_annealed(job->run, f, &all);
    add_latent(f, &all);
    add_disentangling(f, &all);
    elbo__cli_give_figures(&r, &all);
    put_limits(&r, f);
    const elbo_status status = give_dimensions(&r, &f->use);
    give_factors(&r, &f->disentangling);
    give_subject(&r, job, f);
    const bool written = write_figures(&r, job, f);
    const int shown = elbo__cli_result_end(&r, status == ELBO_OK ? EXIT_SUCCESS : elbo__cli_out_of_memory());
    return elbo__cli_are_finite(&all) && written ? shown : FAILED;
}
