/* What a report shows of a run: samples, reconstructions, the latent space. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../io/figure_private.h"
#include "../../io/listing.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../pictures/picture_private.h"
#include "report_private.h"

/* STRIP_*: pictures of the training, and their bytes; TRAVERSED: pixels of a traversal. Both bound the page's size.
 * MIXED: images that are reconstructed at most. */
enum {
    MIXED = 32,
    STRIP_MOST = 12,
    STRIP_LEAST = 2,
    STRIP_BYTES = 600000,
    STEPS = 11,
    TRAVERSED = 4000000,
    SVG_BYTES = 1 << 26
};

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static elbo_status draw_samples(elbo__report *r, const char *path)
{
    return elbo__picture_some_samples(r->run, path);
}

/* The number of a name such as samples-0012.png; -1 for other names. */
static long long epoch_of(const char *name)
{
    char *end;
    if (strncmp(name, "samples-", 8) != 0 || !elbo__is_digit(name[8]))
        return -1;
    const long long epoch = elbo__read_integer(name + 8, &end);
    return strcmp(end, ".png") == 0 ? epoch : -1;
}

static elbo_status put_step(elbo__report *r, const char *name)
{
    char words[64];
    char *path = elbo__format("%s/%s", r->folder, name);
    elbo_status status = path ? ELBO_OK : ELBO_NO_MEMORY;
    elbo__print(words, sizeof words, "epoch %lld", epoch_of(name));
    elbo__html(r->out, "<li><figure>\n");
    if (path)
        status = elbo__html_picture(r->out, path, words);
    if (status == ELBO_FORMAT || status == ELBO_IO) { /* of one that is damaged the page says so */
        elbo__report_left_out(r, elbo_error());
        status = ELBO_OK;
    }
    elbo__html(r->out, "<figcaption>%s</figcaption>\n</figure></li>\n", words);
    elbo__free(path);
    return status;
}

/* How many pictures as large as this one the strip has room for. */
static size_t room_for(const elbo__report *r, const char *name)
{
    struct stat about;
    char *path = elbo__format("%s/%s", r->folder, name);
    const bool told = path && stat(path, &about) == 0 && about.st_size > 0;
    const size_t room = told ? STRIP_BYTES / (size_t)about.st_size : STRIP_LEAST;
    elbo__free(path);
    return room < STRIP_LEAST ? STRIP_LEAST : room > STRIP_MOST ? STRIP_MOST : room;
}

/* The pictures that a training with --sample-every left, the first and the last among them. */
static elbo_status put_strip(elbo__report *r)
{
    elbo__listing all, steps = {.count = 0};
    elbo_status status = elbo__list_folder(r->folder, &all);
    for (size_t i = 0; i < all.count && status == ELBO_OK; i++)
        if (epoch_of(all.names[i]) >= 0)
            status = elbo__listing_add(&steps, all.names[i]);
    if (status == ELBO_OK && steps.count > 1) {
        const size_t room = room_for(r, steps.names[steps.count - 1]), shown = steps.count < room ? steps.count : room;
        elbo__html(r->out, "<h3>While it learned</h3>\n<p>The same codes, decoded after more and more epochs.</p>\n"
                           "<ol class=\"strip\" tabindex=\"0\" aria-label=\"Samples by epoch\">\n");
        for (size_t i = 0; i < shown && status == ELBO_OK; i++)
            status = put_step(r, steps.names[i * (steps.count - 1) / (shown - 1)]);
        elbo__html(r->out, "</ol>\n");
    }
    elbo__listing_free(&steps);
    elbo__listing_free(&all);
    return status;
}

/* A new string; NULL when memory is short. */
static char *name_of_class(const elbo__report *r, int class)
{
    const char *name = elbo_run_class_name(r->run, class);
    return name ? elbo__strdup(name) : elbo__format("%d", class);
}

/* "Drawn from the prior, a column for each class: cat, dog." */
static char *caption_of_samples(const elbo__report *r)
{
    if (!elbo__run_takes_labels(r->run))
        return elbo__strdup("Drawn from the prior.");
    const int64_t columns = elbo__class_columns(r->run);
    char *text = elbo__format("Drawn from the prior, a column for each %s: ",
                              columns < elbo_run_classes(r->run) ? "of these classes" : "class");
    for (int64_t i = 0; i < columns && text; i++) {
        char *name = name_of_class(r, elbo__class_of_column(r->run, i));
        char *longer = name ? elbo__format("%s%s%s", text, name, i + 1 < columns ? ", " : ".") : NULL;
        elbo__free(name);
        elbo__free(text);
        text = longer;
    }
    return text;
}

static elbo_status put_samples(elbo__report *r)
{
    char *caption = caption_of_samples(r);
    const elbo_status status = caption ? elbo__report_picture(r, draw_samples, "Images drawn by the model", caption)
                                       : ELBO_NO_MEMORY;
    elbo__free(caption);
    return status;
}

elbo_status elbo__report_samples(elbo__report *r)
{
    elbo_status status = ELBO_OK;
    if (!elbo_run_has_prior(r->run))
        elbo__report_left_out(r, "the model has no prior to draw from");
    else
        status = put_samples(r);
    return status == ELBO_OK && r->folder ? put_strip(r) : status;
}

/* ---- reconstructions --------------------------------------------------------------------------------------------- */

#define PAIRS                                                                                                          \
    ", and below each what the model makes of it from one draw of z. What a model that corrupts or binarises images "  \
    "sees stands between the two."

static elbo_status draw_reconstructions(elbo__report *r, const char *path)
{
    if (!r->images->labels.data)
        return elbo__picture_some_reconstructions(r->run, r->images, path);
    elbo_images mixture;
    elbo_status status = elbo__report_mixture(r->images, MIXED, &mixture);
    if (status == ELBO_OK)
        status = elbo__picture_some_reconstructions(r->run, &mixture, path);
    elbo__report_mixture_free(&mixture);
    return status;
}

elbo_status elbo__report_reconstructions(elbo__report *r)
{
    if (!r->images) {
        elbo__report_left_out(r, "there are no images");
        return ELBO_OK;
    }
    return elbo__report_picture(r, draw_reconstructions, "Images, and below each its reconstruction",
                                r->images->labels.data ? "Images of each class in turn" PAIRS : "Rows of images" PAIRS);
}

/* ---- the latent space -------------------------------------------------------------------------------------------- */

static elbo_view view_of(const elbo__report *r)
{
    return (elbo_view){.images = r->images ? &r->few : NULL, .label = ELBO_EACH_CLASS, .steps = 0};
}

static elbo_status draw_manifold(elbo__report *r, const char *path)
{
    const elbo_view view = view_of(r);
    return elbo_picture_manifold(r->run, &view, path);
}

static elbo_status draw_traversal(elbo__report *r, const char *path)
{
    elbo_view view = view_of(r);
    view.steps = STEPS;
    if (elbo_run_latent(r->run) * STEPS > TRAVERSED / elbo_run_pixels(r->run))
        return elbo__fail(ELBO_INVALID, "a traversal of %" PRId64 " dimensions is too large for a page",
                          elbo_run_latent(r->run));
    return elbo_picture_traversal(r->run, &view, -1, path);
}

static elbo_status put_scatter(elbo__report *r)
{
    char *path = elbo__format("%s/scatter.svg", r->scratch), *svg = NULL;
    size_t size = 0;
    elbo_status status = path ? elbo_picture_scatter(&r->run, NULL, 1, &r->few, path) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__file_read(path, SVG_BYTES, &svg, &size);
    if (status == ELBO_OK) {
        char caption[96];
        elbo__print(caption, sizeof caption, "Codes of %" PRId64 " image%s, coloured by label where there are labels.",
                    r->few.count, r->few.count == 1 ? "" : "s");
        elbo__html(r->out, "<figure class=\"chart\">\n");
        elbo__write(r->out, svg, size);
        elbo__html(r->out, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    } else {
        status = elbo__report_tried(r, status);
    }
    if (path)
        unlink(path);
    elbo__free(svg);
    elbo__free(path);
    return status;
}

/* A bar for each dimension: its KL, or where there is none in closed form the variance of its codes. */
static elbo_status put_bars(elbo__report *r)
{
    const elbo_latent_use *use = &r->use;
    bool *active = elbo__calloc((size_t)use->latent, sizeof *active);
    if (!active)
        return ELBO_NO_MEMORY;
    for (int64_t j = 0; j < use->latent; j++)
        active[j] = use->variance[j] > ELBO_ACTIVE_VARIANCE;
    const elbo_bar_plot plot = {.title = use->kl ? "KL of each dimension" : "Variance of each dimension's codes",
                                .x_label = "dimension",
                                .y_label = use->kl ? "nats per image" : NULL,
                                .values = use->kl ? use->kl : use->variance,
                                .marked = active,
                                .marked_name = "active",
                                .other_name = "not active",
                                .n = use->latent,
                                .first = 1};
    elbo__drawing drawing = {.width = 0};
    elbo_status status = elbo__check_bars("bars", &plot);
    if (status == ELBO_OK) {
        elbo__draw_bars(&plot, &drawing);
        status = drawing.status;
    }
    if (status == ELBO_OK) {
        char words[200];
        elbo__print(words, sizeof words,
                    "%" PRId64 " of %" PRId64 " dimensions are active: their codes vary by more than %g over %" PRId64
                    " image%s.",
                    use->active, use->latent, ELBO_ACTIVE_VARIANCE, use->images, use->images == 1 ? "" : "s");
        elbo__html(r->out, "<figure class=\"chart\">\n");
        elbo__drawing_put_svg(&drawing, r->out);
        elbo__html(r->out, "<figcaption>%s</figcaption>\n</figure>\n", words);
    } else {
        status = elbo__report_tried(r, status);
    }
    elbo__drawing_free(&drawing);
    elbo__free(active);
    return status;
}

/* A picture of codes with a caption, whose %s is where these codes lie: " of class cat" for a model that takes labels,
 * which are all the first. */
static elbo_status put_codes(elbo__report *r, elbo__report_drawer *draw, const char *alt, const char *format)
{
    const bool labels = elbo__run_takes_labels(r->run);
    char *class = labels ? name_of_class(r, 0) : elbo__strdup("");
    char *of_class = class ? elbo__format("%s%s", labels ? " of class " : "", class) : NULL;
    char *caption = of_class ? elbo__format(format, of_class) : NULL;
    const elbo_status status = caption ? elbo__report_picture(r, draw, alt, caption) : ELBO_NO_MEMORY;
    elbo__free(caption);
    elbo__free(of_class);
    elbo__free(class);
    return status;
}

elbo_status elbo__report_latent(elbo__report *r)
{
    elbo_status status = ELBO_OK;
    elbo__html(r->out, "<div class=\"charts\">\n");
    if (r->images)
        status = put_scatter(r);
    else
        elbo__report_left_out(r, "the codes, since there are no images");
    if (status == ELBO_OK && r->use.latent > 0)
        status = put_bars(r);
    else if (status == ELBO_OK && r->no_use)
        elbo__report_left_out(r, r->no_use);
    elbo__html(r->out, "</div>\n");
    if (status == ELBO_OK && elbo_run_latent(r->run) == 2)
        status = put_codes(r, draw_manifold, "The plane of codes as a square of pictures",
                           "All of the latent space%s: z1 to the right, z2 upwards.");
    if (status == ELBO_OK)
        status = put_codes(
            r, draw_traversal, "A row of pictures for each latent dimension",
            "A row for each dimension%s, which goes from 3 deviations below the centre to 3 above, while "
            "the others stay there.");
    return status;
}
