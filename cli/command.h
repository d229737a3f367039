/* The commands of the program: each is one file cmd_NAME.c and a few calls of the library. */
#ifndef ELBO_CLI_COMMAND_H
#define ELBO_CLI_COMMAND_H

/* Exit statuses besides 0: a failure, with one line on stderr; wrong usage. What fails because of a signal
 * has the status of interrupted() instead. */
enum { FAILED = 1, USAGE = 64 };

typedef struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
} command;

int cmd_train(int argc, char **argv);
int cmd_sample(int argc, char **argv);
int cmd_reconstruct(int argc, char **argv);
int cmd_interpolate(int argc, char **argv);
int cmd_traverse(int argc, char **argv);
int cmd_manifold(int argc, char **argv);
int cmd_scatter(int argc, char **argv);
int cmd_features(int argc, char **argv);
int cmd_angles(int argc, char **argv);
int cmd_encode(int argc, char **argv);
int cmd_classify(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_models(int argc, char **argv);

/* For what the program itself could not allocate: the library's last message is about something else. */
int out_of_memory(void);

/* Prints "elbo: MESSAGE" with the library's last message and returns FAILED. */
int fail(void);

#endif
