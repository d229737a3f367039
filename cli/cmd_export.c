/* elbo export RUN: a run for programs that know nothing of elbo. */
#include "../nn/exports/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const char *const parts[] = {"decode", "encode", "both", NULL};

static const elbo_option table[] = {
    {.name = "c", .type = ELBO_TEXT, .metavar = "FILE", .help = "one C99 file that needs no library"},
    {.name = "onnx", .type = ELBO_TEXT, .metavar = "FILE", .help = "an ONNX model"},
    {.name = "pytorch",
     .type = ELBO_TEXT,
     .metavar = "DIR",
     .help = "a folder with model.py, a module of PyTorch's with both halves, and model.safetensors, its weights"},
    {.name = "force", .type = ELBO_FLAG, .help = "replace files of DIR that are not what would be written"},
    {.name = "role",
     .type = ELBO_CHOICE,
     .default_value = "decode",
     .choices = parts,
     .metavar = "NAME",
     .help = "which half of the model; of both, FILE.c stands for FILE-decode.c and FILE-encode.c"},
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* The formats that are a file for each half: an option of the same name says which file. */
static const struct {
    const char *name, *end; /* of the option, and of the file's name */
    elbo_status (*write)(elbo_run *run, elbo_part part, const char *path);
} formats[] = {
    {"c", ".c", elbo_export_c},
    {"onnx", ".onnx", elbo_export_onnx},
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

/* "model.c" as "model-decode.c" */
static char *with_part(const char *path, const char *part)
{
    char *name = NULL;
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    if (!dot) /* a pipe or a device */
        dot = path + strlen(path);
    return asprintf(&name, "%.*s-%s%s", (int)(dot - path), path, part, dot) < 0 ? NULL : name;
}

static int write_part(const run_job *job, result *r, int format, elbo_part part, const char *path)
{
    char label[40];
    if (formats[format].write(job->run, part, path) != ELBO_OK)
        return elbo__cli_fail();
    snprintf(label, sizeof label, "%s %s", formats[format].name, parts[part]);
    elbo__cli_give_text(r, label, label, path);
    return EXIT_SUCCESS;
}

static int write_format(const run_job *job, result *r, int format, const char *path)
{
    const char *role = elbo_values_choice(job->values, "role");
    int status = EXIT_SUCCESS;
    if (strcmp(role, "both") != 0)
        return write_part(job, r, format, strcmp(role, parts[ELBO_ENCODER]) == 0 ? ELBO_ENCODER : ELBO_DECODER, path);
    for (elbo_part part = ELBO_DECODER; part <= ELBO_ENCODER && status == EXIT_SUCCESS; part++) {
        char *name = with_part(path, parts[part]);
        status = name ? write_part(job, r, format, part, name) : elbo__cli_out_of_memory();
        free(name);
    }
    return status;
}

static int write_pytorch(const run_job *job, result *r, const char *folder)
{
    char *module = NULL;
    if (elbo_export_pytorch(job->run, folder, elbo_values_flag(job->values, "force")) != ELBO_OK)
        return elbo__cli_fail();
    if (asprintf(&module, "%s/model.py", folder) < 0)
        return elbo__cli_out_of_memory();
    elbo__cli_give_text(r, "pytorch", NULL, module);
    free(module);
    return EXIT_SUCCESS;
}

/* Whether a format was asked for; *sound becomes false where its file, of a name with that end (NULL: a folder), cannot
 * be meant. */
static bool is_wanted(const run_job *job, const char *format, const char *end, bool *sound)
{
    const char *path = elbo_values_text(job->values, format), *why = NULL;
    if (!elbo_values_given(job->values, format))
        return false;
    if (!*path || (end && path[strlen(path) - 1] == '/'))
        why = end ? "no name of a file" : "no name of a folder";
    else if (end && elbo__cli_is_part_of_run(path))
        why = "the name of a part of a run";
    if (why && *sound)
        elbo__cli_say("option \"%s\": \"%s\" is %s", format, path, why);
    *sound = *sound && !why && (!end || elbo__cli_has_end(format, path, end));
    return true;
}

/* Whether there is something to write, and every option is for it; says on stderr if not. */
static bool has_use(const run_job *job, bool halves, bool pytorch)
{
    const bool role = elbo_values_given(job->values, "role"), force = elbo_values_given(job->values, "force");
    if (!halves && !pytorch)
        elbo__cli_say("no format is named; `%s export --help' lists them", elbo__cli.name);
    else if (!halves && role)
        elbo__cli_say("option \"role\": a module of PyTorch's has both halves");
    else if (!pytorch && force)
        elbo__cli_say("option \"force\" is for --pytorch; other files are replaced as they are");
    return (halves || pytorch) && (halves || !role) && (pytorch || !force);
}

static int export(const run_job *job)
{
    bool sound = true, wanted[FORMATS], any = false;
    for (int i = 0; i < FORMATS; i++)
        any |= wanted[i] = is_wanted(job, formats[i].name, formats[i].end, &sound);
    const bool pytorch = is_wanted(job, "pytorch", NULL, &sound);
    if (sound)
        sound = has_use(job, any, pytorch);
    if (!sound)
        return USAGE;
    int status = EXIT_SUCCESS;
    result r = elbo__cli_result(job->values);
    for (int i = 0; i < FORMATS && status == EXIT_SUCCESS; i++)
        if (wanted[i])
            status = write_format(job, &r, i, elbo_values_text(job->values, formats[i].name));
    if (pytorch && status == EXIT_SUCCESS)
        status = write_pytorch(job, &r, elbo_values_text(job->values, "pytorch"));
    return elbo__cli_result_end(&r, status);
}

int elbo__cmd_export(int argc, char **argv)
{
    command_line line = {
        .name = "export",
        .doc =
            "Writes a trained model for programs that know nothing of elbo. Several formats may be asked for at once.",
        .examples = {{"export runs/digits --pytorch digits", "model.py and its weights, for torch"},
                     {"export runs/digits --onnx digits.onnx --role both", "digits-decode.onnx, digits-encode.onnx"},
                     {"export runs/digits --c digits.c", "the decoder as a function in C"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, export);
}
