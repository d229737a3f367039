/* Internal: what the files of a report share. */
#ifndef ELBO_NN_REPORT_PRIVATE_H
#define ELBO_NN_REPORT_PRIVATE_H

#include "../../io/csv.h"
#include "../../io/drawing.h"
#include "../../io/html.h"
#include "../../io/ini.h"
#include "../evaluation/latent_use.h"
#include "report.h"

typedef struct {
    elbo_run *run;
    const char *folder;           /* or NULL                                                  */
    const elbo_images *images;    /* or NULL                                                  */
    elbo_images few;              /* the first of them, as many as are encoded; borrowed      */
    elbo_report_options options;  /* with defaults filled in                                  */
    elbo_latent_use use;          /* of `few`; latent is 0 where that cannot be told ...      */
    char *no_use;                 /* ... for this reason                                      */
    elbo_csv_table metrics;       /* of metrics.csv; rows is 0 without any                    */
    elbo_csv_table timing;        /* of timing.csv, in the same way                           */
    elbo_ini notes;               /* the configuration                                        */
    elbo__writer *out;
    char *scratch;                /* a folder for pictures                                    */
} elbo__report;

/* The lines of the page's own files, which the build makes of them (module.mk); NULL after the last. */
extern const char *const elbo__page_css[], *const elbo__explorer_html[], *const elbo__explorer_js[];

/* Puts the lines of such a file. */
void elbo__report_put_file(elbo__report *r, const char *const *lines);

/* A part of the page that is left out, and why. */
void elbo__report_left_out(elbo__report *r, const char *reason);

/* After an attempt at a part: what the caller or the run is the reason for, ELBO_INVALID, leaves the part out, with the
 * message; other failures are returned. */
elbo_status elbo__report_tried(elbo__report *r, elbo_status status) ELBO_MUST_CHECK;

/* The PNG file that `draw` makes, as a figure with a caption, or left out. */
typedef elbo_status elbo__report_drawer(elbo__report *r, const char *path);
elbo_status elbo__report_picture(elbo__report *r, elbo__report_drawer *draw, const char *alt,
                                 const char *caption) ELBO_MUST_CHECK;

/* The sections, each after its heading. */
elbo_status elbo__report_summary(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_curves(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_samples(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_reconstructions(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_latent(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_explorer(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_configuration(elbo__report *r) ELBO_MUST_CHECK;
elbo_status elbo__report_machine(elbo__report *r) ELBO_MUST_CHECK;

/* At most `most` images with labels as memory of its own: the first of each class, the second of each, and so on. Freed
 * with elbo__report_mixture_free in any case; names of classes stay those of `images`. */
elbo_status elbo__report_mixture(const elbo_images *images, int64_t most, elbo_images *out) ELBO_MUST_CHECK;
void elbo__report_mixture_free(elbo_images *mixture);

/* How a metric is called and measured: "ELBO", "nats per image"; of one that is not known its own name, and NULL. */
typedef struct {
    const char *metric, *title, *unit;
} elbo__metric;
elbo__metric elbo__metric_of(const elbo_run *run, const char *name);

#endif
