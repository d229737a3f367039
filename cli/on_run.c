#include "on_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../autograd/plan.h"
#include "../io/file.h"
#include "../nn/parts/likelihood_private.h"
#include "../nn/pictures/picture.h"
#include "../tensor/text.h"
#include "command.h"
#include "data.h"
#include "preview.h"
#include "progress.h"
#include "result.h"
#include "slow.h"

bool elbo__cli_always(const run_job *job)
{
    (void)job;
    return true;
}

/* What was asked for; without a word on it, the test part where there is one. */
static const char *choose_part(const run_job *job, const data_source *source)
{
    const char *part = elbo_values_choice(job->values, "part");
    if (elbo_values_given(job->values, "part") || strcmp(part, "test") != 0 || elbo__cli_has_test_part(source))
        return part;
    elbo__cli_note("%s has no test part: its training part is taken", source->folder);
    return "train";
}

/* What OPTION_FIRST leaves of the images, for a command that sees no others. */
static elbo_images first_asked_for(const run_job *job, const elbo_images *images)
{
    const elbo_value *count = elbo_values_get(job->values, "count", ELBO_INTEGER);
    const bool some = job->first_only && count && count->integer > 0;
    return elbo_images_first(images, some ? count->integer : images->count);
}

static int work_on_images(run_job *job, bool labels, int (*work)(const run_job *job))
{
    const data_source source = elbo__cli_choose_data(job->values, job->run, job->path);
    elbo_images images;
    int status = FAILED;
    job->part = choose_part(job, &source);
    if (elbo__cli_read_part_for(job->run, &source, job->part, labels, &images)) {
        elbo__cli_tell_data(&source, &images);
        elbo_images first = first_asked_for(job, &images);
        job->images = &first;
        job->folder = source.folder;
        status = work(job);
        elbo_images_free(&images);
    }
    free(source.folder);
    return status;
}

bool elbo__cli_is_part_of_run(const char *path)
{
    static const char *const parts[] = {"model.safetensors", "resume.safetensors", "config.ini", "metrics.csv",
                                        "timing.csv"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(name, parts[i]) == 0)
            return true;
    return false;
}

bool elbo__cli_has_end(const char *option, const char *path, const char *end)
{
    struct stat info;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const size_t length = strlen(name), least = strlen(end);
    if (length > least && strcasecmp(name + length - least, end) == 0)
        return true;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return true;
    elbo__cli_say("option \"%s\": \"%s\" does not end in %s", option, path, end);
    return false;
}

/* ".png" of "a/b.png"; "" of a name without an end. */
static const char *end_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return dot && dot > name ? dot : "";
}

/* Whether the list ".svg, .png" has this end, in letters of either case. */
static bool is_listed(const char *list, const char *end)
{
    for (; *list; list += strcspn(list, " ,"), list += strspn(list, " ,")) {
        char one[16];
        snprintf(one, sizeof one, "%.*s", (int)strcspn(list, " ,"), list);
        if (elbo__same_letters(one, end))
            return true;
    }
    return false;
}

/* Whether a file that an option names, where a command has it, can be meant: a name, and not that of what a run is made
 * of. */
static void check_file(const command_line *line, const elbo_values *values, const char *option)
{
    const elbo_value *file = elbo_values_get(values, option, ELBO_TEXT);
    if (!file || (!file->text[0] && !elbo_values_given(values, option)))
        return;
    const char *slash = strrchr(file->text, '/'), *name = slash ? slash + 1 : file->text;
    if (!*name)
        elbo__cli_wrong_usage(line, "option \"%s\": \"%s\" is no name of a file", option, file->text);
    if (strcmp(file->text, "-") == 0)
        elbo__cli_wrong_usage(line, "option \"%s\": \"-\" is no name of a file; /dev/stdout is", option);
    if (elbo__cli_is_part_of_run(file->text))
        elbo__cli_wrong_usage(line, "option \"%s\": \"%s\" is the name of a part of a run", option, file->text);
}

/* Whether the file of OPTION_OUTPUT is of a kind that the command writes, and one that --preview can show. */
static void check_output(const command_line *line, const elbo_values *values)
{
    const elbo_value *file = elbo_values_get(values, "output", ELBO_TEXT),
                     *preview = elbo_values_get(values, "preview", ELBO_FLAG);
    const char *end = file ? end_of(file->text) : "";
    if (!*end)
        return;
    if (line->ends && !is_listed(line->ends, end))
        elbo__cli_wrong_usage(line, "option \"output\": \"%s\": expected a name that ends in one of %s", file->text,
                              line->ends);
    if (preview && preview->flag && !elbo__same_letters(end, ".png"))
        elbo__cli_wrong_usage(line, "option \"preview\": \"%s\" is no picture that can be shown; a .png file is",
                              file->text);
}

/* Of a table OPTION_OUTPUT is a table too, unless another name is given. */
static void name_table(command_line *line, const elbo_run *run)
{
    elbo_values *values = line->groups[0].values;
    const elbo_value *file = elbo_values_get(values, "output", ELBO_TEXT);
    char *name = NULL;
    if (!file || elbo_values_given(values, "output") ||
        elbo__likelihood_values(elbo_run_options(run)) != ELBO__COLUMNS ||
        !elbo__same_letters(end_of(file->text), ".png"))
        return;
    if (elbo_values_get(values, "preview", ELBO_FLAG) && elbo_values_flag(values, "preview"))
        elbo__cli_wrong_usage(line, "option \"preview\": a row of a table is no picture that can be shown");
    if (asprintf(&name, "%.*s.csv", (int)(strlen(file->text) - 4), file->text) < 0 ||
        elbo_values_set(values, "output", name) != ELBO_OK)
        elbo__cli_out_of_memory();
    free(name);
}

/* DATA behind RUN is as good as --data DATA, and values may be missing in it. */
static void take_second(command_line *line)
{
    elbo_values *values = line->groups[0].values;
    elbo_status status = elbo_values_set(values, "missing", "yes");
    if (status == ELBO_OK && line->count > 1 && elbo_values_given(values, "data"))
        elbo__cli_wrong_usage(line, "the data are named twice, by --data and behind the run");
    if (status == ELBO_OK && line->count > 1)
        status = elbo_values_set(values, "data", line->arguments[1]);
    if (status != ELBO_OK)
        elbo__cli_wrong_usage(line, "%s", elbo_error());
}

static int run_command(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job), bool labels,
                       int (*work)(const run_job *job))
{
    if (!line->args) {
        line->args = "RUN";
        line->least = line->most = 1;
    }
    elbo__cli_parse(line, argc, argv);
    if (line->fills_in)
        take_second(line);
    run_job job = {.path = line->arguments[0],
                   .second = line->count > 1 ? line->arguments[1] : NULL,
                   .values = line->groups[0].values,
                   .others = line->groups[1].values,
                   .first_only = line->first_only};
    check_file(line, job.values, "output");
    check_file(line, job.values, "per-image");
    check_file(line, job.values, "npy");
    check_output(line, job.values);
    labels |= elbo_values_given(job.values, "per-image"); /* which shows them beside the figures of each image */
    elbo_set_threads((int)elbo_values_integer(job.values, "threads"));
    elbo__cli_warn_of_slow_products();
    elbo__cli_watch_work();
    job.run = elbo_run_load(job.path, elbo__cli.models);
    int status = FAILED;
    if (job.run)
        name_table(line, job.run);
    if (!job.run)
        status = elbo__cli_fail();
    else if (wants_images && wants_images(&job))
        status = work_on_images(&job, labels, work);
    else
        status = work(&job);
    elbo_run_free(job.run);
    elbo__cli_release(line);
    return status;
}

int elbo__cli_on_run(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job),
                     int (*work)(const run_job *job))
{
    return run_command(line, argc, argv, wants_images, false, work);
}

int elbo__cli_on_run_with_labels(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job),
                                 int (*work)(const run_job *job))
{
    return run_command(line, argc, argv, wants_images, true, work);
}

bool elbo__cli_find_label(const run_job *job, int *label)
{
    const char *text = elbo_values_text(job->values, "label");
    *label = ELBO_EACH_CLASS;
    if (!elbo_values_given(job->values, "label"))
        return true;
    *label = elbo_run_class(job->run, text);
    if (*label >= 0 || strcmp(text, "-1") == 0)
        return true;
    elbo__cli_say("%s: %s", job->path, elbo_error());
    return false;
}

int elbo__cli_check_per_image(const run_job *job)
{
    const char *path = elbo_values_text(job->values, "per-image"), *end = end_of(path);
    elbo__writer *writer;
    if (!path[0])
        return EXIT_SUCCESS;
    if (!elbo__same_letters(end, ".csv") && !elbo__same_letters(end, ".npy")) {
        elbo__cli_say("option \"per-image\": \"%s\" does not end in .csv or .npy", path);
        return USAGE;
    }
    if (elbo__writer_open(path, &writer) != ELBO_OK)
        return elbo__cli_fail();
    elbo__writer_abort(writer);
    return EXIT_SUCCESS;
}

int elbo__cli_wrote(const run_job *job, const char *what, elbo_status status)
{
    if (status != ELBO_OK)
        return elbo__cli_fail();
    result r = elbo__cli_result(job->values);
    elbo__cli_give_text(&r, what, NULL, elbo_values_text(job->values, "output"));
    const int shown = elbo__cli_result_end(&r, EXIT_SUCCESS);
    const int seen = elbo__cli_preview(job->values, elbo_values_text(job->values, "output"));
    return shown == EXIT_SUCCESS ? seen : shown;
}
