/* elbo export RUN: a run for programs that know nothing of elbo. */
#include "../nn/exports/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "on_run.h"
#include "progress.h"

static const char *const parts[] = {"decode", "encode", "both", NULL};

static const elbo_option table[] = {
    {.name = "c", .type = ELBO_TEXT, .metavar = "FILE", .help = "one C99 file that needs no library"},
    {.name = "onnx", .type = ELBO_TEXT, .metavar = "FILE", .help = "an ONNX model"},
    {.name = "role",
     .type = ELBO_CHOICE,
     .default_value = "decode",
     .choices = parts,
     .metavar = "NAME",
     .help = "which half of the model; of both, FILE.c stands for FILE-decode.c and FILE-encode.c"},
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

/* The formats that are a file for each half: an option of the same name says which file. */
static const struct {
    const char *name;
    elbo_status (*write)(elbo_run *run, elbo_part part, const char *path);
} formats[] = {
    {"c", elbo_export_c},
    {"onnx", elbo_export_onnx},
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

/* "model.c" as "model-decode.c" */
static char *with_part(const char *path, const char *part)
{
    char *name = NULL;
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (!dot || dot == path || (slash && dot <= slash + 1))
        dot = path + strlen(path);
    return asprintf(&name, "%.*s-%s%s", (int)(dot - path), path, part, dot) < 0 ? NULL : name;
}

static int write_part(const run_job *job, int format, elbo_part part, const char *path)
{
    if (formats[format].write(job->run, part, path) != ELBO_OK)
        return elbo__cli_fail();
    printf("%s %s %s\n", formats[format].name, parts[part], path);
    return EXIT_SUCCESS;
}

static int write_format(const run_job *job, int format, const char *path)
{
    const char *role = elbo_values_choice(job->values, "role");
    int status = EXIT_SUCCESS;
    if (strcmp(role, "both") != 0)
        return write_part(job, format, strcmp(role, parts[ELBO_ENCODER]) == 0 ? ELBO_ENCODER : ELBO_DECODER, path);
    for (elbo_part part = ELBO_DECODER; part <= ELBO_ENCODER && status == EXIT_SUCCESS; part++) {
        char *name = with_part(path, parts[part]);
        status = name ? write_part(job, format, part, name) : elbo__cli_out_of_memory();
        free(name);
    }
    return status;
}

/* Whether what was asked for can be meant. */
static bool is_sound(const run_job *job)
{
    int given = 0;
    for (int i = 0; i < FORMATS; i++) {
        const char *path = elbo_values_text(job->values, formats[i].name);
        if (!elbo_values_given(job->values, formats[i].name))
            continue;
        given++;
        if (!*path || path[strlen(path) - 1] == '/' || elbo__cli_is_part_of_run(path)) {
            elbo__cli_say("option \"%s\": \"%s\" is %s", formats[i].name, path,
                          elbo__cli_is_part_of_run(path) ? "the name of a part of a run" : "no name of a file");
            return false;
        }
    }
    if (given == 0)
        elbo__cli_say("no format is named; `%s export --help' lists them", elbo__cli.name);
    return given > 0;
}

static int export(const run_job *job)
{
    int status = is_sound(job) ? EXIT_SUCCESS : USAGE;
    for (int i = 0; i < FORMATS && status == EXIT_SUCCESS; i++)
        if (elbo_values_given(job->values, formats[i].name))
            status = write_format(job, i, elbo_values_text(job->values, formats[i].name));
    return status;
}

int elbo__cmd_export(int argc, char **argv)
{
    command_line line = {
        .name = "export",
        .doc =
            "Writes a trained model for programs that know nothing of elbo. Several formats may be asked for at once.",
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, export);
}
