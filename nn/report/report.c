/* The page as a whole: its head, its sections one after the other, and what they stand on. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tensor/memory.h"
#include "../runs/folder.h"
#include "report_private.h"

enum { CODES = 2000 };

/* In the order of the page. The id is the target of the links at its top. */
static const struct section {
    const char *id, *title;
    elbo_status (*put)(elbo__report *r);
} sections[] = {
    {"summary", "Summary", elbo__report_summary},
    {"training", "Training", elbo__report_curves},
    {"samples", "Samples", elbo__report_samples},
    {"reconstructions", "Reconstructions", elbo__report_reconstructions},
    {"explorer", "Explorer", elbo__report_explorer},
    {"latent", "Latent space", elbo__report_latent},
    {"configuration", "Configuration", elbo__report_configuration},
    {"machine", "Machine", elbo__report_machine},
};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* ---- parts that sections share ----------------------------------------------------------------------------------- */

void elbo__report_put_file(elbo__report *r, const char *const *lines)
{
    for (; *lines; lines++)
        elbo__write(r->out, *lines, strlen(*lines));
}

void elbo__report_left_out(elbo__report *r, const char *reason)
{
    elbo__html(r->out, "<p class=\"without\">Left out: %s.</p>\n", reason);
}

elbo_status elbo__report_tried(elbo__report *r, elbo_status status)
{
    if (status != ELBO_INVALID)
        return status;
    elbo__report_left_out(r, elbo_error());
    return ELBO_OK;
}

elbo_status elbo__report_picture(elbo__report *r, elbo__report_drawer *draw, const char *alt, const char *caption)
{
    char *path = elbo__format("%s/picture.png", r->scratch);
    elbo_status status = path ? draw(r, path) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        elbo__html(r->out, "<figure class=\"picture\">\n");
        status = elbo__html_picture(r->out, path, alt);
        elbo__html(r->out, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    } else {
        status = elbo__report_tried(r, status);
    }
    if (path)
        unlink(path);
    elbo__free(path);
    return status;
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void put_head(elbo__report *r)
{
    /* Nothing is fetched: what the page holds is all that it may show and run. */
    elbo__html(r->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                       "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n");
    elbo__html(r->out, "<title>%s</title>\n<style>\n", r->options.name);
    elbo__report_put_file(r, elbo__page_css);
    elbo__html(r->out, "</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n<p>%s: %s</p>\n", r->options.name,
               elbo_run_model(r->run)->name, elbo_run_model(r->run)->summary ? elbo_run_model(r->run)->summary : "");
    elbo__html(r->out, "<nav aria-label=\"Sections\">\n<ul>\n");
    for (int i = 0; i < SECTIONS; i++)
        elbo__html(r->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
    elbo__html(r->out, "</ul>\n</nav>\n</header>\n<main>\n");
}

static elbo_status put_page(elbo__report *r)
{
    elbo_status status = ELBO_OK;
    put_head(r);
    for (int i = 0; i < SECTIONS && status == ELBO_OK; i++) {
        const struct section *s = &sections[i];
        elbo__html(r->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", s->id,
                   s->id, s->id, s->title);
        status = s->put(r);
        elbo__html(r->out, "</section>\n");
    }
    elbo__html(r->out, "</main>\n</body>\n</html>\n");
    return status;
}

/* ---- what it stands on ------------------------------------------------------------------------------------------- */

/* *out = a table of the folder, if there is one. */
static elbo_status read_table(const char *folder, const char *name, elbo_csv_table *out)
{
    char *path = elbo__format("%s/%s", folder, name);
    elbo_status status = path ? ELBO_OK : ELBO_NO_MEMORY;
    if (path && access(path, F_OK) == 0)
        status = elbo_csv_read(path, out);
    elbo__free(path);
    return status;
}

static elbo_status find_use(elbo__report *r)
{
    if (!r->images)
        return ELBO_OK;
    elbo_status status = elbo_run_accepts(r->run, r->images);
    if (status != ELBO_OK)
        return status;
    status = elbo_run_latent_use(r->run, &r->few, r->few.count, &r->use);
    if (status != ELBO_INVALID)
        return status;
    r->no_use = elbo__strdup(elbo_error());
    return r->no_use ? ELBO_OK : ELBO_NO_MEMORY;
}

/* A folder of our own below TMPDIR. */
static elbo_status make_scratch(elbo__report *r)
{
    const char *tmp = getenv("TMPDIR");
    char *name = elbo__format("%s/elbo-report-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (name && !mkdtemp(name)) {
        (void)elbo__fail(ELBO_IO, "%s: cannot make the folder", name);
        elbo__free(name);
        return ELBO_IO;
    }
    r->scratch = name;
    return name ? ELBO_OK : ELBO_NO_MEMORY;
}

static void close_report(elbo__report *r)
{
    if (r->scratch)
        rmdir(r->scratch);
    elbo__free(r->scratch);
    elbo__free(r->no_use);
    elbo_latent_use_free(&r->use);
    elbo_csv_free(&r->metrics);
    elbo_csv_free(&r->timing);
    elbo_ini_free(&r->notes);
}

elbo_status elbo_report_write(elbo_run *run, const char *folder, const elbo_images *images,
                              const elbo_report_options *options, const char *path)
{
    elbo__report r = {.run = run, .folder = folder, .images = images};
    if (options)
        r.options = *options;
    if (!r.options.name)
        r.options.name = elbo_run_model(run)->name;
    if (r.options.codes <= 0)
        r.options.codes = CODES;
    if (images)
        r.few = elbo_images_first(images, r.options.codes);
    elbo_status status = elbo_run_describe(run, &r.notes);
    if (status == ELBO_OK && folder)
        status = read_table(folder, ELBO__METRICS_FILE, &r.metrics);
    if (status == ELBO_OK && folder)
        status = read_table(folder, ELBO__TIMING_FILE, &r.timing);
    if (status == ELBO_OK)
        status = find_use(&r);
    if (status == ELBO_OK)
        status = make_scratch(&r);
    if (status == ELBO_OK)
        status = elbo__writer_open(path, &r.out);
    if (status == ELBO_OK) {
        status = put_page(&r);
        if (status == ELBO_OK)
            status = elbo__writer_commit(r.out);
        else
            elbo__writer_abort(r.out);
    }
    close_report(&r);
    return status;
}
