/* Reports: a run as one page for a browser, which holds all that it shows and asks for nothing from elsewhere.
 *
 *     if (elbo_report_write(run, "runs/digits", &test, NULL, "runs/digits/report.html") != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());                           // "PATH: reason"
 *
 * The page has the figures of the run, the curves of its training, samples, reconstructions, the pictures that were
 * drawn while it learned, its latent space, its configuration and the machine; and an explorer: sliders over the latent
 * dimensions, with the decoder running in the page. What a model has no part for (samples without a prior) is left out,
 * and the page says why.
 *
 * In nn/report: what the page says and in which order. Its pictures are nn/pictures', its charts io/'s figures, its
 * decoder the steps of nn/exports.
 */
#ifndef ELBO_NN_REPORT_H
#define ELBO_NN_REPORT_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ELBO_EXPLORER_AUTO, /* where the decoder's weights take at most 8 MB */
    ELBO_EXPLORER_YES,
    ELBO_EXPLORER_NO
} elbo_explorer;

/* What is 0 (or NULL) is the default. */
typedef struct {
    const char *name;   /* of the run, for the title; the name of its model            */
    const char *source; /* what the images are: "part test of data/mnist"; not said    */
    elbo_explorer explorer;
    int64_t codes;      /* images that are encoded at most, for the latent space: 2000 */
} elbo_report_options;

/* Writes the page. `folder` is that of the run, for metrics.csv, timing.csv and samples-N.png (NULL: without), `images`
 * what
 * to reconstruct and encode (NULL: without that). A file already there is replaced when all is written, and untouched
 * on failure. Pictures are drawn to a folder below TMPDIR (/tmp), which is removed in any case. */
ELBO_API elbo_status elbo_report_write(elbo_run *run, const char *folder, const elbo_images *images,
                                       const elbo_report_options *options, const char *path) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
