/* A trained run for programs that know nothing of elbo.
 *
 *     elbo_run *run = elbo_run_load("runs/digits", elbo_models);
 *     if (elbo_export_c(run, ELBO_DECODER, "digits.c") != ELBO_OK)       // one C99 file
 *         fprintf(stderr, "%s\n", elbo_error());
 *
 * Every file is written whole or not at all: one that is there already is replaced at the end. ELBO_INVALID where the
 * model has an op that the format has no words for (the message names both), where it draws random numbers on the way,
 * or where an image's result depends on the rest of the batch. The encoder takes x as it sees it: with option binarise,
 * pixels that are 0 or 1 already. docs/interchange.md says what each format promises.
 */
#ifndef ELBO_NN_EXPORT_H
#define ELBO_NN_EXPORT_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ELBO_DECODER, /* z (B, Z), labels (B) where the model takes them -> x (B, D), the mean of p(x|z) */
    ELBO_ENCODER  /* x (B, D), labels -> mean and logvar (B, Z) of a normal q(z|x); else code (B, Z) */
} elbo_part;

/* One dependency-free C99 file (the C library's mathematics alone) with the weights in it. Its head says how it is
 * called. */
ELBO_API elbo_status elbo_export_c(elbo_run *run, elbo_part part, const char *path) ELBO_MUST_CHECK;

/* An ONNX model of opset 13, of whose inputs and outputs the first axis is "batch". Labels go in as y_one_hot (B, C), 1
 * in the column of the class and 0 in the others; of a model that does more with them than that, as labels (B). */
ELBO_API elbo_status elbo_export_onnx(elbo_run *run, elbo_part part, const char *path) ELBO_MUST_CHECK;

/* FOLDER/model.py, a module of PyTorch's with both halves, and FOLDER/model.safetensors, from which it loads its
 * weights under their names. The folder is made where there is none; one that holds another run is refused. Where
 * either file is there and is not what would be written (weights that were trained on, say), ELBO_INVALID unless
 * `replace`. */
ELBO_API elbo_status elbo_export_pytorch(elbo_run *run, const char *folder, bool replace) ELBO_MUST_CHECK;

/* ---- and back ---------------------------------------------------------------------------------------------------- */

/* A run of the model and options of `like` with the weights of a safetensors file, f32 or f64, such as PyTorch saves
 * under the names of an export. ELBO_FORMAT unless the names and shapes are exactly those of the model. Of the notes it
 * keeps those on the data and the classes, not those on a training; imported-from names the file. NULL on failure. */
ELBO_API elbo_run *elbo_run_import(const char *path, const elbo_run *like);

/* A run folder of model.safetensors and config.ini, for a run that no training of elbo's has made. The folder is made,
 * or is empty. */
ELBO_API elbo_status elbo_run_write(const elbo_run *run, const char *folder) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
