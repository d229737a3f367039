/* elbo anomaly RUN: how odd images are to a trained model. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/evaluation/anomaly.h"
#include "../tensor/text.h"
#include "command.h"
#include "data.h"
#include "figures.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

enum { SHOWN = 5, USUAL = 1000 };

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_FIRST,
    {.name = "odd",
     .type = ELBO_TEXT,
     .metavar = "CLASS,CLASS",
     .help = "images of these classes are known to be odd: how well does each score tell?"},
    {.name = "samples",
     .type = ELBO_INTEGER,
     .default_value = "100",
     .least = 1,
     .greatest = 1e6,
     .metavar = "K",
     .help = "samples of z for log p(x) of each image"},
    {.name = "usual",
     .type = ELBO_INTEGER,
     .default_value = "1000",
     .least = 0,
     .greatest = 1e9,
     .metavar = "N",
     .help = "so many images of the training say what log p(x) is usual; 0: none, and no typicality"},
    {.name = "per-image",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "write the scores of each image to FILE.csv or FILE.npy"},
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* How a score is called, and what it is measured in. */
static const struct {
    const char *label, *unit;
} known[ELBO_ODD_SCORES] = {
    [ELBO_ODD_NLL] = {"-log p(x)", "nats"},
    [ELBO_ODD_TYPICALITY] = {"typicality", "nats from the usual"},
    [ELBO_ODD_COMPLEXITY] = {"complexity", "bits more than a PNG file has"},
    [ELBO_ODD_ERROR] = {"squared error", ""},
    [ELBO_ODD_KL] = {"KL", "nats"},
};

/* ---- which are known to be odd ----------------------------------------------------------------------------------- */

/* The class of the data that a text means: by its name, else by its number; -1: there is none. */
static int class_of(const elbo_images *images, const char *text, size_t length)
{
    char name[256];
    if (length >= sizeof name)
        return -1;
    memcpy(name, text, length);
    name[length] = '\0';
    for (int c = 0; images->class_names && c < images->classes; c++)
        if (images->class_names[c] && strcmp(images->class_names[c], name) == 0)
            return c;
    char *end;
    const long long number = elbo__read_integer(name, &end);
    return *name && !*end && number >= 0 && number < images->classes ? (int)number : -1;
}

/* odd [classes]: those of a list; says on stderr what is wrong. */
static bool read_classes(const run_job *job, const char *list, bool *odd)
{
    const elbo_images *images = job->images;
    if (!images->labels.data) {
        elbo__cli_say("%s: has no labels, by which option \"odd\" could tell", job->folder);
        return false;
    }
    for (const char *c = list; *c; c += *c == ',') {
        const size_t length = strcspn(c, ",");
        const int class = class_of(images, c, length);
        if (class < 0) {
            elbo__cli_say("option \"odd\": \"%.*s\" is no class of %s", (int)length, c, job->folder);
            return false;
        }
        odd[class] = true;
        c += length;
    }
    return true;
}

/* Whether some of n images are odd and some are not, without which nothing is to be told apart; says which are
 * missing. */
static bool has_both(const run_job *job, const bool *odd, int64_t n)
{
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++)
        found += odd[i];
    const char *list = elbo_values_text(job->values, "odd");
    if (found == 0)
        elbo__cli_say("option \"odd\": no odd images: none of the %" PRId64 " of %s is of class %s", n, job->folder,
                      list);
    else if (found == n)
        elbo__cli_say("option \"odd\": no usual images: all %" PRId64 " of %s are of class %s", n, job->folder, list);
    return found > 0 && found < n;
}

/* *out = [N] which images are odd, NULL where nobody knows; freed with free. Whether all is well. */
static bool find_odd(const run_job *job, int64_t n, bool **out)
{
    const char *list = elbo_values_text(job->values, "odd");
    *out = NULL;
    if (!list[0])
        return true;
    bool *classes = calloc((size_t)job->images->classes + 1, sizeof *classes);
    *out = calloc((size_t)n + 1, sizeof **out);
    const bool room = classes && *out;
    if (!room)
        elbo__cli_out_of_memory();
    bool good = room && read_classes(job, list, classes);
    for (int64_t i = 0; i < n && good; i++)
        (*out)[i] = classes[(int)elbo_tensor_get(&job->images->labels, &i)];
    good = good && has_both(job, *out, n);
    free(classes);
    if (!good) {
        free(*out);
        *out = NULL;
    }
    return good;
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static void add_scores(const elbo_oddness *o, figures *out)
{
    for (int i = 0; i < ELBO_ODD_SCORES; i++)
        if (o->at[i]) {
            const elbo_summary s = elbo_summary_of(o->at[i], o->images);
            elbo__cli_add_figure(out, (figure){elbo_odd_score_names[i], known[i].label, s.mean, s.error, .digits = 2},
                                 "%s", known[i].unit);
        }
}

static elbo_status add_areas(const elbo_oddness *o, const bool *odd, figures *out)
{
    static char keys[ELBO_ODD_SCORES][40], labels[ELBO_ODD_SCORES][40]; /* figures keep them as they are */
    elbo_status status = ELBO_OK;
    for (int i = 0; i < ELBO_ODD_SCORES && odd && status == ELBO_OK; i++) {
        elbo_auroc a;
        if (!o->at[i])
            continue;
        status = elbo_auroc_of(o->at[i], odd, o->images, &a);
        snprintf(keys[i], sizeof keys[i], "auroc_%s", elbo_odd_score_names[i]);
        snprintf(labels[i], sizeof labels[i], "AUROC of %s", known[i].label);
        if (status == ELBO_OK)
            elbo__cli_add_figure(out, (figure){keys[i], labels[i], a.area, a.error, .digits = 4},
                                 "of 1; by chance 0.5; %" PRId64 " odd, %" PRId64 " others", a.odd, a.others);
    }
    return status;
}

/* The oddest images by a score: place (SHOWN), returns how many there are. */
static int find_oddest(const double *score, int64_t n, int64_t *place)
{
    int found = 0;
    for (int64_t i = 0; i < n; i++) {
        int at = found;
        while (at > 0 && score[i] > score[place[at - 1]])
            at--;
        if (at == SHOWN)
            continue;
        found += found < SHOWN;
        for (int k = found - 1; k > at; k--)
            place[k] = place[k - 1];
        place[at] = i;
    }
    return found;
}

static void give_oddest(result *r, const run_job *job, const elbo_oddness *o, elbo_odd_score by)
{
    int64_t place[SHOWN];
    const int n = find_oddest(o->at[by], o->images, place);
    const elbo_images *images = job->images;
    elbo__cli_line(r, "the oddest by %s", known[by].label);
    elbo__cli_open_list(r, "oddest");
    for (int k = 0; k < n; k++) {
        const char *file = images->file_names ? images->file_names[place[k]] : NULL;
        elbo__cli_line(r, "%8.2f  image %" PRId64 "%s%s", o->at[by][place[k]], place[k], file ? "  " : "",
                       file ? file : "");
        elbo__cli_open_object(r, NULL);
        elbo__cli_put_integer(r, "image", place[k]);
        elbo__cli_put_number(r, "score", o->at[by][place[k]]);
        if (file)
            elbo__cli_put_text(r, "file", file);
        elbo__cli_close(r);
    }
    elbo__cli_close(r);
}

static bool write_scores(result *r, const run_job *job, const elbo_oddness *o, const bool *odd)
{
    const char *path = elbo_values_text(job->values, "per-image");
    if (!path[0])
        return true;
    if (elbo_oddness_write(o, job->images, odd, path) != ELBO_OK) {
        elbo__cli_fail();
        return false;
    }
    elbo__cli_give_text(r, "per_image", "scores of each image", path);
    return true;
}

static int show(const run_job *job, const elbo_oddness *o, const bool *odd)
{
    result r = elbo__cli_result(job->values);
    figures all = {.count = 0};
    const bool density = o->at[ELBO_ODD_NLL];
    add_scores(o, &all);
    const elbo_status status = add_areas(o, odd, &all);
    elbo__cli_give_figures(&r, &all);
    give_oddest(&r, job, o, density ? ELBO_ODD_NLL : ELBO_ODD_ERROR);
    if (density)
        elbo__cli_put_number(&r, "usual_log_likelihood", o->usual);
    elbo__cli_line(&r, "images %" PRId64 ", part %s of %s", o->images, job->part, job->folder);
    elbo__cli_put_integer(&r, "images", o->images);
    elbo__cli_put_text(&r, "part", job->part);
    elbo__cli_put_text(&r, "data", job->folder);
    const bool written = write_scores(&r, job, o, odd);
    const int shown = elbo__cli_result_end(&r, status == ELBO_OK ? EXIT_SUCCESS : elbo__cli_out_of_memory());
    return elbo__cli_are_finite(&all) && written ? shown : FAILED;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Reads images of the training, where they are wanted and known; whether all is well. */
static bool read_usual(const run_job *job, elbo_images *out)
{
    *out = (elbo_images){.count = 0};
    if (elbo_values_integer(job->values, "usual") == 0 || !elbo_run_has_prior(job->run))
        return true;
    const data_source source = elbo__cli_training_data(job->run, job->path);
    bool good = true;
    if (source.unknown)
        elbo__cli_note("%s: nobody knows where its training images are, so there is no typicality", job->path);
    else
        good = elbo__cli_read_part_for(job->run, &source, "train", false, out);
    free(source.folder);
    return good;
}

static int score(const run_job *job, const bool *odd)
{
    const elbo_values *v = job->values;
    elbo_images usual;
    elbo_oddness o;
    if (!read_usual(job, &usual))
        return FAILED;
    const elbo_odd_search how = {.count = elbo_values_integer(v, "count"),
                                 .samples = elbo_values_integer(v, "samples"),
                                 .usual = usual.count > 0 ? &usual : NULL,
                                 .usual_count = elbo_values_integer(v, "usual"),
                                 .seed = elbo_values_integer(v, "seed")};
    const elbo_status status = elbo_run_oddness(job->run, job->images, &how, &o);
    int shown = FAILED;
    if (status == ELBO_OK)
        shown = show(job, &o, odd);
    else
        elbo__cli_fail();
    elbo_oddness_free(&o);
    elbo_images_free(&usual);
    return shown;
}

static int anomaly(const run_job *job)
{
    const int64_t asked = elbo_values_integer(job->values, "count"), all = job->images->count;
    int status = elbo__cli_check_per_image(job);
    bool *odd;
    if (status != EXIT_SUCCESS)
        return status;
    if (!find_odd(job, asked > 0 && asked < all ? asked : all, &odd))
        return FAILED;
    status = score(job, odd);
    free(odd);
    return status;
}

int elbo__cmd_anomaly(int argc, char **argv)
{
    command_line line = {
        .name = "anomaly",
        .doc = "Scores how odd images are to a trained model: -log p(x), how far log p(x) is from what is usual in the "
               "training (likelier is odd, too), -log2 p(x) less the bits of a PNG file, the squared error of the "
               "reconstruction, the KL. Where --odd names the classes that are odd, it says how well each score tells "
               "them (the area under the curve). Beware: a model may find images of another kind likelier than its "
               "own, so trust a score only where it has told odd images that are known.",
        .exits = "1 also where a score is not finite.",
        .examples = {{"anomaly runs/digits --data pictures --per-image odd.csv", "the scores of each picture"},
                     {"anomaly runs/digits --odd 1,3", "how well they would tell two of the classes"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, elbo__cli_always, anomaly);
}
