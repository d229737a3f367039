/* elbo COMMAND: finds the command in the table below and hands over to it. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/error.h"
#include "../tensor/version.h"
#include "command.h"
#include "progress.h"

static const command commands[] = {
    {"train", "train a model on images and write a run folder", cmd_train},
    {"sample", "draw pictures from a trained model", cmd_sample},
    {"reconstruct", "draw images beside what a trained model makes of them", cmd_reconstruct},
    {"interpolate", "draw what lies between images, or between random points", cmd_interpolate},
    {"traverse", "draw what each dimension of the latent space does", cmd_traverse},
    {"manifold", "draw all of a latent space of two dimensions", cmd_manifold},
    {"scatter", "draw codes of images as points, coloured by label", cmd_scatter},
    {"features", "draw what the units of the first layer look for", cmd_features},
    {"encode", "write codes of images as .npy files", cmd_encode},
    {"angles", "compare what two linear decoders can draw", cmd_angles},
    {"classify", "ask a conditional model which label explains each image best", cmd_classify},
    {"evaluate", "the ELBO of a trained model, and its parts", cmd_evaluate},
    {"info", "about this program, or about a run", cmd_info},
    {"plan", "what becomes of a model's training step, and where its time goes", cmd_plan},
    {"models", "the models that can be trained, with their options", cmd_models},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "elbo %s\n", elbo_version());
}
void (*argp_program_version_hook)(FILE *out, struct argp_state *state) = print_version;

int fail(void)
{
    say("%s", elbo_error()[0] ? elbo_error() : "out of memory");
    return FAILED;
}

int out_of_memory(void)
{
    say("out of memory");
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
    case 'h': argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP); return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a command is missing"); return 0;
    default: return ARGP_ERR_UNKNOWN;
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
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s  %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "  %-12s  %s\n", "help", "this list, or all about a command");
    fprintf(out, "\n`elbo COMMAND --help' tells more.");
    fclose(out);
    return list;
}

/* What was printed has arrived, or the program has failed. */
static int close_output(int status)
{
    const bool broken = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !broken)
        return status;
    if (errno == EPIPE) /* `elbo models | head -1`: whoever read it has had enough */
        return status;
    say("standard output: cannot write: %s", strerror(errno));
    return status ? status : FAILED;
}

static const command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* `elbo help COMMAND ...` is `elbo COMMAND ... --help`, which has as many words. */
static void ask_for_help(int argc, char **argv, int first)
{
    static char help[] = "--help";
    for (int i = first; i + 1 < argc; i++)
        argv[i] = argv[i + 1];
    argv[argc - 1] = help;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {{.key = 'h', .flags = OPTION_HIDDEN}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = handle,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Variational autoencoders: train them, draw from them, measure them.\v",
        .help_filter = list_commands,
    };
    /* A file that grows beyond its limit is an error to report, not a reason to die. */
    signal(SIGXFSZ, SIG_IGN);
    /* Nor is somebody who stopped listening to how far the training is. */
    signal(SIGPIPE, SIG_IGN);
    /* No setlocale: what the program prints is for scripts too, and printf here is that of the C locale. */
    int first = argc;
    argv[0] = "elbo";
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        ask_for_help(argc, argv, 1);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
    const command *found = find(argv[first]);
    if (found) {
        const int status = found->run(argc - first, argv + first);
        clear_progress();
        return close_output(status == FAILED && interrupted() ? interrupted() : status);
    }
    say("no command \"%s\"; `elbo --help' lists them", argv[first]);
    return USAGE;
}
