/* elbo classify RUN: which label explains an image best. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "data.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

/* Classes in the table of what was taken for what: in lines, and in JSON. */
enum { MOST_SHOWN = 16, MOST_GIVEN = 1000 };

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "draws",
     .type = ELBO_INTEGER,
     .default_value = "25",
     .least = 1,
     .greatest = 1e6,
     .metavar = "K",
     .help = "draws of z for each image and label"},
    OPTION_FIRST,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int best(const float *row, int classes)
{
    int at = 0;
    for (int c = 1; c < classes; c++)
        if (row[c] > row[at])
            at = c;
    return at;
}

/* Of a row without a finite number, or with one that is none, no label is the best: the first one would be taken. */
static bool can_be_compared(const run_job *job, const float *log_prob, int64_t n, int classes)
{
    for (int64_t i = 0; i < n; i++) {
        const float *row = log_prob + i * classes;
        for (int c = 0; c < classes; c++)
            if (isnan(row[c])) {
                elbo__cli_say("%s: image %" PRId64 ": its ELBO with label %d is nan", job->path, i, c);
                return false;
            }
        if (!isfinite(row[best(row, classes)])) {
            elbo__cli_say("%s: image %" PRId64 ": its ELBO is not finite with any label", job->path, i);
            return false;
        }
    }
    return true;
}

/* In one line, whatever the name holds. */
static void print_name(const char *name)
{
    if (name)
        fputs("  ", stdout);
    for (; name && *name; name++)
        putchar((unsigned char)*name < ' ' || *name == '\x7f' ? '?' : *name);
}

static void print_table(const elbo_run *run, const int64_t *counts, int classes)
{
    printf("label, and what its images were taken for\n");
    for (int row = 0; row < classes; row++) {
        printf("%5d ", row);
        for (int c = 0; c < classes; c++)
            printf(" %5" PRId64, counts[row * classes + c]);
        print_name(elbo_run_class_name(run, row));
        putchar('\n');
    }
}

static void put_table(result *r, const elbo_run *run, const int64_t *counts, int classes)
{
    elbo__cli_open_list(r, "classes");
    for (int row = 0; row < classes; row++) {
        elbo__cli_open_object(r, NULL);
        elbo__cli_put_integer(r, "label", row);
        elbo__cli_put_text(r, "name", elbo_run_class_name(run, row));
        elbo__cli_put_integers(r, "taken_for", counts + row * classes, classes);
        elbo__cli_close(r);
    }
    elbo__cli_close(r);
}

/* counts (C, C): images of a label (rows) by the label that explains them best */
static int print_result(const run_job *job, const int64_t *counts, int64_t n, double seconds)
{
    const elbo_run *run = job->run;
    const int classes = elbo_run_classes(run);
    result r = elbo__cli_result(job->values);
    int64_t right = 0;
    for (int c = 0; c < classes; c++)
        right += counts[c * classes + c];
    const double accuracy = (double)right / (double)n;
    elbo__cli_line(&r, "accuracy %.2f %% of %" PRId64 " images", 100 * accuracy, n);
    elbo__cli_line(&r, "time %.1f s, %.0f images/s", seconds, (double)n / seconds);
    elbo__cli_put_number(&r, "accuracy", accuracy);
    elbo__cli_put_integer(&r, "images", n);
    elbo__cli_put_number(&r, "seconds", seconds);
    if (elbo__cli_is_json(&r) && classes <= MOST_GIVEN)
        put_table(&r, run, counts, classes);
    else if (!elbo__cli_is_json(&r) && classes <= MOST_SHOWN)
        print_table(run, counts, classes);
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}

static int classify(const run_job *job)
{
    const elbo_values *v = job->values;
    const int64_t asked = elbo_values_integer(v, "count"), all = job->images->count;
    const int64_t n = asked && asked < all ? asked : all;
    const int classes = elbo_run_classes(job->run);
    float *log_prob = calloc((size_t)n, ((size_t)classes + 1) * sizeof *log_prob);
    int *labels = calloc((size_t)n, sizeof *labels);
    int64_t *counts = calloc((size_t)classes + 1, ((size_t)classes + 1) * sizeof *counts);
    const double began = elbo__cli_now();
    const bool room = log_prob && labels && counts;
    elbo_status status = room ? elbo_run_rows(job->run, job->images, 0, n, NULL, labels) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_classify_images(job->run, job->images, n, (int)elbo_values_integer(v, "draws"),
                                          elbo_values_integer(v, "seed"), log_prob);
    const bool sound = status != ELBO_OK || can_be_compared(job, log_prob, n, classes);
    for (int64_t i = 0; i < n && status == ELBO_OK && sound; i++)
        counts[labels[i] * classes + best(log_prob + i * classes, classes)]++;
    int shown = FAILED;
    if (status == ELBO_OK && sound)
        shown = print_result(job, counts, n, elbo__cli_now() - began);
    free(log_prob);
    free(labels);
    free(counts);
    if (!room)
        return elbo__cli_out_of_memory();
    return status != ELBO_OK ? elbo__cli_fail() : shown;
}

int elbo__cmd_classify(int argc, char **argv)
{
    command_line line = {
        .name = "classify",
        .doc =
            "Asks a conditional model which label explains each image best: the one with the largest ELBO, a bound on "
            "log p(x|y), from so many draws. Labels count as equally frequent.",
        .examples = {{"classify runs/digits -n 20", "the first twenty test images"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, elbo__cli_always, classify);
}
