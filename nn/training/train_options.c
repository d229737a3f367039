/* The choices of a training as options: one table for the program, config.ini and the checks of a caller's struct. */
#include <stddef.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../objectives/schedule.h"
#include "train_private.h"

const elbo_option elbo_training_options[] = {
    {.name = "epochs",
     .type = ELBO_INTEGER,
     .default_value = "10",
     .least = 1,
     .greatest = 1e9,
     .metavar = "N",
     .help = "passes over the training images"},
    {.name = "batch-size",
     .alias = "batch",
     .type = ELBO_INTEGER,
     .default_value = "128",
     .least = 1,
     .greatest = 1 << 24,
     .metavar = "N",
     .help = "images in a step"},
    {.name = "accumulate",
     .type = ELBO_INTEGER,
     .default_value = "1",
     .least = 1,
     .greatest = 1 << 24,
     .metavar = "N",
     .help = "batches whose gradients make one update"},
    {.name = "val",
     .type = ELBO_NUMBER,
     .default_value = "0",
     .least = 0,
     .greatest = 0.9,
     .metavar = "X",
     .help = "this part of the training images is held out, and the model of the best epoch by them is kept"},
    {.name = "patience",
     .type = ELBO_INTEGER,
     .default_value = "10",
     .least = 1,
     .greatest = 1e9,
     .needs = "val!=0",
     .metavar = "N",
     .help = "end after so many epochs without a better one"},
    {.name = "test-every",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e9,
     .metavar = "N",
     .help = "measure the test images every N epochs; 0: at the end alone"},
    {.name = "test-draws",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 10000,
     .metavar = "N",
     .help = "draws of z for each test image; 0: as many as in training"},
    {.name = "lr",
     .type = ELBO_NUMBER,
     .default_value = "1e-3",
     .least = 0,
     .greatest = 1e3,
     .exclusive = true,
     .metavar = "X",
     .help = "learning rate; by default less where a unit has more than 16384 inputs"},
    ELBO_LR_OPTIONS,
    ELBO_OPTIM_OPTIONS,
    {.name = "ema",
     .type = ELBO_NUMBER,
     .default_value = "0",
     .least = 0,
     .greatest = 0.9999999,
     .metavar = "X",
     .help = "decay of an exponential moving average of the weights, which is then what is measured and kept; 0: none"},
    {.name = "checkpoint-every",
     .type = ELBO_NUMBER,
     .default_value = "10",
     .least = 0,
     .greatest = 1e6,
     .exclusive = true,
     .metavar = "X",
     .help = "minutes from one resume.safetensors to the next, besides after each epoch"},
    {.name = "sample-every",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e9,
     .metavar = "N",
     .help = "write samples-NNNN.png every N epochs, of the same z; 0: never"},
    {.name = "tensorboard", .type = ELBO_FLAG, .help = "write events for TensorBoard, too"},
    {.name = "debug-nan",
     .type = ELBO_FLAG,
     .help = "end at the first step that is not finite, and say where it began"},
    ELBO_OPTIONS_END,
};

/* Where elbo_training keeps what the options say. */
static const struct {
    const char *option;
    size_t offset;
} fields[] = {
    {"epochs", offsetof(elbo_training, epochs)},
    {"batch-size", offsetof(elbo_training, batch_size)},
    {"accumulate", offsetof(elbo_training, accumulate)},
    {"val", offsetof(elbo_training, val)},
    {"patience", offsetof(elbo_training, patience)},
    {"test-every", offsetof(elbo_training, test_every)},
    {"test-draws", offsetof(elbo_training, test_draws)},
    {"lr", offsetof(elbo_training, lr)},
    {"lr-schedule", offsetof(elbo_training, lr_schedule)},
    {"lr-warmup", offsetof(elbo_training, lr_warmup)},
    {"lr-decay", offsetof(elbo_training, lr_decay)},
    {"lr-every", offsetof(elbo_training, lr_every)},
    {"lr-at", offsetof(elbo_training, lr_at)},
    {"lr-patience", offsetof(elbo_training, lr_patience)},
    {"optimiser", offsetof(elbo_training, optim.name)},
    {"momentum", offsetof(elbo_training, optim.momentum)},
    {"adam-beta1", offsetof(elbo_training, optim.beta1)},
    {"adam-beta2", offsetof(elbo_training, optim.beta2)},
    {"adam-eps", offsetof(elbo_training, optim.eps)},
    {"rmsprop-decay", offsetof(elbo_training, optim.decay)},
    {"weight-decay", offsetof(elbo_training, optim.weight_decay)},
    {"clip-norm", offsetof(elbo_training, optim.clip_norm)},
    {"ema", offsetof(elbo_training, ema)},
    {"checkpoint-every", offsetof(elbo_training, checkpoint_every)},
    {"sample-every", offsetof(elbo_training, sample_every)},
    {"tensorboard", offsetof(elbo_training, tensorboard)},
    {"debug-nan", offsetof(elbo_training, debug_nan)},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

elbo_training elbo_training_of(const elbo_values *values)
{
    elbo_training training = {.epochs = 0};
    for (size_t i = 0; i < FIELDS; i++) {
        char *field = (char *)&training + fields[i].offset;
        switch (elbo_option_find(elbo_training_options, fields[i].option)->type) {
        case ELBO_INTEGER: *(int64_t *)field = elbo_values_integer(values, fields[i].option); break;
        case ELBO_NUMBER: *(double *)field = elbo_values_number(values, fields[i].option); break;
        case ELBO_FLAG: *(bool *)field = elbo_values_flag(values, fields[i].option); break;
        case ELBO_SIZES: *(elbo_sizes *)field = elbo_values_sizes(values, fields[i].option); break;
        default: *(const char **)field = elbo_values_choice(values, fields[i].option);
        }
    }
    training.lr = elbo_values_given(values, "lr") ? training.lr : 0;    /* which may depend on the model */
    training.lr_decay = training.lr_decay > 0 ? training.lr_decay : -1; /* where 0 is the default */
    return training;
}

/* The field as a value; false when it is 0 or NULL, which stands for the default. */
static bool read_field(const elbo_option *option, const void *field, elbo_value *out)
{
    switch (option->type) {
    case ELBO_INTEGER: return (out->integer = *(const int64_t *)field) != 0;
    case ELBO_NUMBER: return (out->number = *(const double *)field) != 0;
    case ELBO_FLAG: return (out->flag = *(const bool *)field);
    case ELBO_SIZES: return (out->sizes = *(const elbo_sizes *)field).n > 0;
    default: return (out->text = *(const char *const *)field) != NULL;
    }
}

/* Sets an option from text, unless that is its default: what is not chosen cannot be of no use. */
static elbo_status choose(elbo_values *values, const elbo_option *option, const char *text)
{
    char *usual = elbo_values_print(values, option->name);
    elbo_status status = text && usual ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK && (strcmp(text, usual) != 0 || strcmp(option->name, "lr") == 0))
        status = elbo_values_set(values, option->name, text);
    elbo_release(usual);
    return status;
}

elbo_status elbo__training_values(const elbo_training *training, elbo_values *out)
{
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < FIELDS && status == ELBO_OK; i++) {
        const elbo_option *option = elbo_option_find(elbo_training_options, fields[i].option);
        elbo_value value = {.integer = 0};
        if (!option || !read_field(option, (const char *)training + fields[i].offset, &value))
            continue;
        if (strcmp(option->name, "lr-decay") == 0 && value.number < 0)
            value.number = 0;
        char *text = elbo_option_print(option, &value);
        status = choose(out, option, text);
        elbo_release(text);
    }
    return status == ELBO_OK ? elbo_values_check(out) : status;
}

/* The most numbers that one unit of the model adds up: all axes of a weight but its first. */
static int64_t largest_fan_in(const elbo_run *run)
{
    int64_t most = 1;
    for (int i = 0; i < elbo_params_count(run->params); i++) {
        const elbo_shape shape = elbo_params_shape(run->params, i);
        if (shape.ndim < 2 || shape.dim[0] < 1)
            continue;
        const int64_t inputs = elbo_shape_size(&shape) / shape.dim[0];
        most = inputs > most ? inputs : most;
    }
    return most;
}

/* A step of Adam moves each weight by about lr, and so what a unit makes of n inputs of size 1 by up to n lr. At 700 x
 * 700 pixels and 1e-3 that is 490, and the exponential of a log-variance is infinite after one step. The usual rate is
 * right up to the 16384 inputs of the dense layer behind convolutions of 64 x 64 pixels (sprites, 3 epochs: a test ELBO
 * of -1004 nats, against -1407 at a quarter of it). */
elbo_status elbo__choose_lr(const elbo_run *run, elbo_values *values)
{
    enum { USUAL_FAN_IN = 16384 };
    const int64_t inputs = largest_fan_in(run);
    if (elbo_values_given(values, "lr") || inputs <= USUAL_FAN_IN)
        return ELBO_OK;
    char *text = elbo__format("%.2g", elbo_values_number(values, "lr") * USUAL_FAN_IN / (double)inputs);
    elbo_status status = text ? elbo_values_set(values, "lr", text) : ELBO_NO_MEMORY;
    elbo__free(text);
    return status;
}
