#include "sampler.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../io/origin.h"
#include "../io/quote.h"
#include "../tensor/text.h"
#include "command.h"
#include "data.h"
#include "progress.h"

/* With what the fit came to. */
static void tell_fit(const elbo_sampler *s, const char *path)
{
    static const struct {
        const char *key, *label;
    } figures[] = {{"log-likelihood", "log-likelihood "}, {"elbo", "ELBO "}};
    const char *label = "", *figure = NULL;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0] && !figure; i++) {
        figure = elbo_sampler_noted(s, figures[i].key);
        label = figures[i].label;
    }
    elbo__cli_inform("sampler %s is fitted to the codes of %s images%s%s%s%s%s%s", elbo_sampler_name(s),
                     elbo_sampler_noted(s, "images"), figure ? ", " : "", figure ? label : "", figure ? figure : "",
                     figure ? " nats a code" : "", path ? "; kept in " : "", path ? path : "");
}

/* What cannot be kept is used all the same. */
static void keep(const elbo_sampler *s, const char *path)
{
    const bool kept = elbo_sampler_save(s, path) == ELBO_OK;
    if (!kept)
        elbo__cli_show_warning(NULL, elbo_error());
    tell_fit(s, kept ? path : NULL);
}

/* What it is fitted to, for commands that run elsewhere and later. */
static int note_data(elbo_sampler *s, const char *folder)
{
    char *from_anywhere = elbo__origin_from_anywhere(folder);
    const elbo_status status = from_anywhere ? elbo_sampler_note(s, "data", from_anywhere) : ELBO_NO_MEMORY;
    elbo_release(from_anywhere);
    return status == ELBO_OK ? EXIT_SUCCESS : elbo__cli_fail();
}

static int fit(const run_job *job, const char *path, elbo_sampler **out)
{
    const data_source source = elbo__cli_choose_data(job->values, job->run, job->path);
    elbo_images images;
    int status = FAILED;
    if (elbo__cli_read_part_for(job->run, &source, "train", false, &images)) {
        elbo__cli_tell_data(&source, &images);
        *out = elbo_sampler_fit(job->run, job->others, &images);
        elbo_images_free(&images);
        status = *out ? note_data(*out, source.folder) : elbo__cli_fail();
    }
    if (status == EXIT_SUCCESS)
        keep(*out, path);
    free(source.folder);
    return status;
}

/* One that is there, which must be as the options ask. */
static int load(const run_job *job, const char *path, elbo_sampler **out)
{
    if (!(*out = elbo_sampler_load(job->run, path)))
        elbo__cli_say("%s; --refit fits it anew", elbo_error());
    else if (elbo_sampler_check(*out, job->others) != ELBO_OK)
        elbo__cli_say("%s: %s; --refit fits it anew", path, elbo_error());
    else if (elbo_values_given(job->values, "data") && !job->images)
        elbo__cli_say("%s: is fitted already; --refit fits it to these data", path);
    else
        return EXIT_SUCCESS;
    return FAILED;
}

static int find_fitted(const run_job *job, const char *name, elbo_sampler **out)
{
    char *path = elbo_sampler_path(job->path, name);
    if (!path)
        return elbo__cli_out_of_memory();
    const bool refit = elbo_values_flag(job->values, "refit");
    const int status = !refit && access(path, F_OK) == 0 ? load(job, path, out) : fit(job, path, out);
    elbo_release(path);
    return status;
}

/* Options of a fit where there is none; a command with images of its own has another use for the others. */
static const char *useless_option(const run_job *job)
{
    static const char *const options[] = {"refit", "data", "missing"};
    for (size_t i = 0; i < (job->images ? 1 : sizeof options / sizeof options[0]); i++)
        if (elbo_values_given(job->values, options[i]))
            return options[i];
    return NULL;
}

/* The samplers that can be fitted, "gmm, maf, iaf" */
static void say_without_prior(const run_job *job)
{
    char names[200] = "";
    for (const char *const *name = elbo_sampler_names; *name; name++)
        if (elbo_sampler_is_fitted(*name) && strlen(names) + strlen(*name) + 3 < sizeof names) {
            strcat(names, names[0] ? ", " : "");
            strcat(names, *name);
        }
    elbo__cli_say("%s: model \"%s\" has no prior to draw from; --sampler NAME fits one to its codes: %s", job->path,
                  elbo_run_model(job->run)->name, names);
}

int elbo__cli_find_sampler(const run_job *job, elbo_sampler **out)
{
    const char *name = elbo_values_choice(job->others, "sampler");
    const char *useless = elbo_sampler_is_fitted(name) ? NULL : useless_option(job);
    *out = NULL;
    if (useless) {
        elbo__cli_say("option \"%s\": of no use with sampler %s, which is not fitted", useless, name);
        return USAGE;
    }
    if (!elbo_values_given(job->others, "sampler") && !elbo_run_has_prior(job->run)) {
        say_without_prior(job);
        return FAILED;
    }
    if (elbo_sampler_is_fitted(name))
        return find_fitted(job, name, out);
    *out = elbo_sampler_fit(job->run, job->others, NULL);
    return *out ? EXIT_SUCCESS : elbo__cli_fail();
}

int elbo__cli_find_density(const run_job *job, elbo_sampler **out)
{
    *out = NULL;
    if (strcmp(elbo_values_choice(job->others, "sampler"), "prior") == 0 && !elbo_values_flag(job->values, "refit"))
        return EXIT_SUCCESS;
    if (elbo_values_integer(job->values, "samples") == 0) {
        elbo__cli_say("option \"sampler\": of no use without samples of z; --samples 1000 takes some");
        return USAGE;
    }
    const int status = elbo__cli_find_sampler(job, out);
    if (status != EXIT_SUCCESS || elbo_sampler_has_density(*out))
        return status;
    elbo__cli_say("%s: the density of sampler %s cannot be told", job->path, elbo_sampler_name(*out));
    elbo_sampler_free(*out);
    *out = NULL;
    return FAILED;
}

void elbo__cli_give_sampler(result *r, const elbo_sampler *s)
{
    const char *name = elbo_sampler_name(s), *images = elbo_sampler_noted(s, "images"),
               *data = elbo_sampler_noted(s, "data");
    if (strcmp(name, "prior") == 0)
        return;
    elbo__cli_put_text(r, "sampler", name);
    if (!images) {
        elbo__cli_line(r, "sampler %s", name);
        return;
    }
    char *folder = data ? elbo__unquote(data) : NULL; /* a file that is older has none */
    elbo__cli_line(r, "sampler %s, fitted to %s images of %s", name, images, folder ? folder : "unknown data");
    elbo__cli_put_integer(r, "sampler_images", elbo__read_integer(images, NULL));
    elbo__cli_put_text(r, "sampler_data", folder);
    elbo_release(folder);
}
