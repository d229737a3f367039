/* The program: finds the command in the table below and hands over to it. */
#include "program.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/error_private.h"
#include "../tensor/text.h"
#include "../tensor/version.h"
#include "../tensor/words.h"
#include "command.h"
#include "help.h"
#include "progress.h"

const command elbo__cli_commands[] = {
    {"train", "train a model on images and write a run folder", elbo__cmd_train, false},
    {"sample", "draw pictures from a trained model", elbo__cmd_sample, false},
    {"reconstruct", "draw images beside what a trained model makes of them", elbo__cmd_reconstruct, false},
    {"interpolate", "draw what lies between images, or between random points", elbo__cmd_interpolate, false},
    {"traverse", "draw what each dimension of the latent space does", elbo__cmd_traverse, false},
    {"manifold", "draw all of a latent space of two dimensions", elbo__cmd_manifold, false},
    {"scatter", "draw codes of images as points, coloured by label", elbo__cmd_scatter, false},
    {"features", "draw what the units of the first layer look for", elbo__cmd_features, false},
    {"encode", "write codes of images as .npy or .csv files", elbo__cmd_encode, false},
    {"decode", "draw what the decoder makes of codes from a file", elbo__cmd_decode, false},
    {"angles", "compare what two linear decoders can draw", elbo__cmd_angles, false},
    {"classify", "ask a conditional model which label explains each image best", elbo__cmd_classify, false},
    {"evaluate", "the ELBO of a trained model, and its parts", elbo__cmd_evaluate, false},
    {"anomaly", "how odd images are to a trained model", elbo__cmd_anomaly, false},
    {"frechet", "how far samples are from images, in what a classifier sees", elbo__cmd_frechet, false},
    {"compare", "runs side by side: options, figures, curves", elbo__cmd_compare, false},
    {"export", "write a trained model as C, ONNX or PyTorch", elbo__cmd_export, false},
    {"impute", "fill in what is missing in a table or in images", elbo__cmd_impute, false},
    {"import", "make a run of weights that were changed elsewhere", elbo__cmd_import, false},
    {"report", "write a run as one page for a browser", elbo__cmd_report, false},
    {"info", "about this program, or about a run", elbo__cmd_info, false},
    {"plan", "what becomes of a training step, and where its time goes", elbo__cmd_plan, false},
    {"models", "the models that can be trained; the options of one", elbo__cmd_models, false},
    {"manual", "print the manual page of the program or of a command", elbo__cmd_manual, true},
    {"completion", "print the script that completes what is typed in bash", elbo__cmd_completion, true},
    {NULL, NULL, NULL, false},
};

const char elbo__cli_help_summary[] = "this list, or all about a command";

program elbo__cli;

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    if (strcmp(elbo__cli.name, "elbo") == 0)
        fprintf(out, "elbo %s\n", elbo_version());
    else
        fprintf(out, "%s (elbo %s)\n", elbo__cli.name, elbo_version());
}

int elbo__cli_fail(void)
{
    elbo__cli_say("%s", elbo_error()[0] ? elbo_error() : "out of memory");
    return FAILED;
}

int elbo__cli_out_of_memory(void)
{
    elbo__cli_say("out of memory");
    return FAILED;
}

static error_t handle(int key, char *text, struct argp_state *state)
{
    int *first = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        (void)text;
        *first = state->next - 1;
        state->next = state->argc; /* the rest is for the command */
        return 0;
    case 'q': elbo__cli_be_quiet(); return 0;
    case ARGP_KEY_NO_ARGS:
        elbo__cli_say("a command is missing");
        argp_state_help(state, state->err_stream, ARGP_HELP_POST_DOC | ARGP_HELP_EXIT_ERR);
        return 0;
    default: elbo__cli_help_on(key, state); return ARGP_ERR_UNKNOWN;
    }
}

/* The help below the options: a line for each command. */
static char *list_commands(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *list = NULL;
    size_t size;
    FILE *out = open_memstream(&list, &size);
    if (!out)
        return NULL;
    fprintf(out, "Commands:\n");
    for (const command *c = elbo__cli_commands; c->name; c++)
        if (!c->aside)
            fprintf(out, "  %-12s  %s\n", c->name, c->summary);
    fprintf(out, "  %-12s  %s\n", "help", elbo__cli_help_summary);
    fprintf(out, "\nFor the shell:\n");
    for (const command *c = elbo__cli_commands; c->name; c++)
        if (c->aside)
            fprintf(out, "  %-12s  %s\n", c->name, c->summary);
    fprintf(out, "\nExit status:\n");
    for (const named_text *e = elbo__cli_exits; e->name; e++)
        fprintf(out, "  %-12s  %s\n", e->name, e->what);
    fprintf(out, "\n`%s COMMAND --help' tells more.", elbo__cli.name);
    fclose(out);
    return list;
}

/* What was printed has arrived, or the program has failed. */
static int flush_output(int status)
{
    const bool broken = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !broken)
        return status;
    if (errno == EPIPE) /* `elbo models | head -1`: whoever read it has had enough */
        return status;
    elbo__cli_say("standard output: cannot write: %s", strerror(errno));
    return status ? status : FAILED;
}

const command *elbo__cli_find_command(const char *name)
{
    elbo__words near = elbo__words_near(name);
    for (const command *c = elbo__cli_commands; c->name; c++) {
        if (strcmp(name, c->name) == 0)
            return c;
        elbo__words_offer(&near, c->name);
    }
    (void)elbo__fail(ELBO_INVALID, "no command \"%s\"%s", name, elbo__words_hint(&near).text);
    return NULL;
}

/* `elbo help COMMAND ...` is `elbo COMMAND ... --help`, which has as many words. */
static void ask_for_help(int argc, char **argv, int first)
{
    static char help[] = "--help";
    if (argc > first + 1 && strcmp(argv[first + 1], "help") == 0) { /* of help itself: what there is to ask for */
        argv[first + 1] = help;
        argv[first] = help;
        return;
    }
    for (int i = first; i + 1 < argc; i++)
        argv[i] = argv[i + 1];
    argv[argc - 1] = help;
}

/* "mine" of "./mine": the last part of a path. */
static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path;
    return name && *name ? name : "elbo";
}

/* Whether the models can be told apart by their names; if not, says so. */
static bool can_be_named(const elbo_model *const *models)
{
    if (!models || !models[0]) {
        elbo__cli_say("elbo_main: there are no models");
        return false;
    }
    for (int i = 0; models[i]; i++) {
        if (!models[i]->name || !*models[i]->name) {
            elbo__cli_say("elbo_main: model %d has no name", i + 1);
            return false;
        }
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
        if (strspn(models[i]->name, letters) != strlen(models[i]->name) || strchr("-.", models[i]->name[0])) {
            elbo__cli_say("elbo_main: model \"%s\": expected a name of letters, digits, \"-\", \"_\" and \".\"",
                          models[i]->name);
            return false;
        }
        for (int j = 0; j < i; j++)
            if (strcmp(models[j]->name, models[i]->name) == 0) {
                elbo__cli_say("elbo_main: two models are named \"%s\"", models[i]->name);
                return false;
            }
    }
    return true;
}

static int run_command(int argc, char **argv)
{
    struct argp_option options[HELP_ROWS + 2] = {
        {.name = "quiet", .key = 'q', .doc = elbo__cli_common_options[0].help, .group = WITH_HELP}};
    (void)elbo__cli_add_help_rows(options + 1);
    const struct argp argp = {
        .options = options,
        .parser = handle,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Variational autoencoders: train them, draw from them, measure them.\v",
        .help_filter = list_commands,
    };
    int first = argc;
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        ask_for_help(argc, argv, 1);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &first);
    const command *found = elbo__cli_find_command(argv[first]);
    if (!found) {
        elbo__cli_say("%s; `%s --help' lists them", elbo_error(), elbo__cli.name);
        return USAGE;
    }
    const int status = found->run(argc - first, argv + first);
    elbo__cli_clear_progress();
    return flush_output(status == FAILED && elbo__cli_interrupted() ? elbo__cli_interrupted() : status);
}

int elbo_main(int argc, char **argv, const elbo_model *const *models)
{
    static char *nothing[] = {"elbo", NULL};
    if (argc < 1) { /* as execve may call a program */
        argc = 1;
        argv = nothing;
    }
    elbo__cli = (program){base_name(argv[0]), models};
    argv[0] = (char *)elbo__cli.name;
    argp_program_version_hook = print_version;
    /* A file that grows beyond its limit is an error to report, not a reason to die. */
    signal(SIGXFSZ, SIG_IGN);
    /* Nor is somebody who stopped listening to how far the training is. */
    signal(SIGPIPE, SIG_IGN);
    /* What the program prints is for scripts too, so printf here is that of the C locale. */
    const locale_t callers = elbo__enter_c_locale();
    const int status = can_be_named(models) ? run_command(argc, argv) : FAILED;
    elbo__leave_c_locale(callers);
    return status;
}
