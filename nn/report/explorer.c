/* The explorer's data: the decoder as steps, and where in its latent space to look. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../autograd/plan/page.h"
#include "../../io/base64.h"
#include "../../io/bytes.h"
#include "../../io/font.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../exports/program.h"
#include "../parts/likelihood_private.h"
#include "../pictures/picture_private.h"
#include "report_private.h"

/* STARTS: codes of images to begin from; CHECKS: codes whose pictures the page can compare with the program's, together
 * of at most CHECKED pixels. */
enum { MOST_BYTES = 8000000, STARTS = 20, CHECKS = 4, CHECKED = 50000 };

/* Where codes lie. Every array is of numbers of f32. */
struct space {
    int64_t latent, labels; /* Z; labels that the decoder takes, 0 where it takes none */
    float *centre;          /* (max(1, labels), Z): of the prior, or of codes          */
    float *deviation;       /* the same                                                */
    float *codes;           /* (few.count, Z), or NULL without images                  */
    int *classes;           /* (few.count) as the run knows them                       */
    int64_t count;          /* few.count, or 0                                         */
    int64_t *order;         /* (Z) dimensions, the most used first                     */
    double white;           /* what is drawn white: 1, or the greatest of counts       */
};

static void free_space(struct space *s)
{
    elbo__free(s->centre);
    elbo__free(s->deviation);
    elbo__free(s->codes);
    elbo__free(s->classes);
    elbo__free(s->order);
}

/* ---- where codes lie --------------------------------------------------------------------------------------------- */

static double white_of(const elbo_run *run, const float *x, int64_t n)
{
    double greatest = 1;
    for (int64_t i = 0; i < n && elbo__likelihood_values(elbo_run_options(run)) == ELBO__COUNTS; i++)
        greatest = fmax(greatest, x[i]); /* fmax: not a NaN */
    return greatest;
}

static elbo_status encode_images(elbo__report *r, struct space *s)
{
    if (!r->images)
        return ELBO_OK;
    s->count = r->few.count;
    float *x = elbo__numbers(s->count, elbo_run_pixels(r->run));
    s->codes = elbo__numbers(s->count, s->latent);
    s->classes = elbo__calloc((size_t)s->count, sizeof *s->classes);
    elbo_status status = x && s->codes && s->classes ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_rows(r->run, &r->few, 0, s->count, x, s->classes);
    if (status == ELBO_OK)
        s->white = white_of(r->run, x, s->count * elbo_run_pixels(r->run));
    if (status == ELBO_OK)
        status = elbo_run_encode(r->run, x, s->classes, s->count, s->codes);
    if (status == ELBO_OK)
        status = elbo__check_finite(r->run, "a code", s->codes, s->count * s->latent);
    elbo__free(x);
    return status;
}

/* Mean and deviation of the codes of one dimension; 0 and 1 without codes. */
static void spread_of(const struct space *s, int64_t k, float *centre, float *deviation)
{
    double sum = 0, square = 0;
    for (int64_t i = 0; i < s->count; i++)
        sum += s->codes[i * s->latent + k];
    const double mean = s->count ? sum / (double)s->count : 0;
    for (int64_t i = 0; i < s->count; i++)
        square += (s->codes[i * s->latent + k] - mean) * (s->codes[i * s->latent + k] - mean);
    *centre = (float)mean;
    *deviation = s->count ? (float)sqrt(square / (double)s->count) : 1;
}

/* That of a normal prior, for each label; else that of the codes, for all alike. */
static elbo_status find_spread(elbo__report *r, struct space *s)
{
    const int64_t rows = s->labels > 0 ? s->labels : 1;
    s->centre = elbo__numbers(rows, s->latent);
    s->deviation = elbo__numbers(rows, s->latent);
    int *labels = elbo__calloc((size_t)rows, sizeof *labels);
    elbo_status status = s->centre && s->deviation && labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < rows && labels; i++)
        labels[i] = (int)i;
    if (status == ELBO_OK && elbo_run_has_normal_prior(r->run))
        status = elbo_run_prior(r->run, labels, rows, s->centre, s->deviation);
    else
        for (int64_t i = 0; i < rows * s->latent && status == ELBO_OK; i++)
            spread_of(s, i % s->latent, &s->centre[i], &s->deviation[i]);
    elbo__free(labels);
    return status;
}

/* How much a dimension is used: by its KL where it has one. */
static double use_of(const elbo__report *r, int64_t k)
{
    return r->use.latent == 0 ? 0 : r->use.kl ? r->use.kl[k] : r->use.variance[k];
}

/* By insertion: dimensions are few beside weights, and mostly in no order that would matter. */
static elbo_status find_order(const elbo__report *r, struct space *s)
{
    s->order = elbo__calloc((size_t)s->latent, sizeof *s->order);
    for (int64_t k = 0; k < s->latent && s->order; k++) {
        int64_t place = k;
        for (; place > 0 && use_of(r, s->order[place - 1]) < use_of(r, k); place--)
            s->order[place] = s->order[place - 1];
        s->order[place] = k;
    }
    return s->order ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status find_space(elbo__report *r, struct space *s)
{
    *s = (struct space){.latent = elbo_run_latent(r->run),
                        .white = 1,
                        .labels = elbo__run_takes_labels(r->run) ? elbo_run_classes(r->run) : 0};
    elbo_status status = encode_images(r, s);
    if (status == ELBO_OK)
        status = find_spread(r, s);
    return status == ELBO_OK ? find_order(r, s) : status;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* A string in ASCII, in which nothing can end a script. */
static void put_string(elbo__page *page, const char *text)
{
    elbo__page_put(page, "\"");
    while (*text) {
        const uint32_t code = elbo__text_next(&text);
        if (code >= 0x10000)
            elbo__page_put(page, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                           (unsigned)(0xdc00 + (code & 0x3ff)));
        else if (code < ' ' || code > '~' || strchr("\"\\<>&", (int)code))
            elbo__page_put(page, "\\u%04x", (unsigned)code);
        else
            elbo__page_put(page, "%c", (char)code);
    }
    elbo__page_put(page, "\"");
}

static void put_numbers(elbo__page *page, const char *key, const float *numbers, int64_t n)
{
    elbo__page_put(page, "\"%s\": [", key);
    for (int64_t i = 0; i < n; i++)
        elbo__page_put(page, "%s%.9g", i ? ", " : "", numbers[i]);
    elbo__page_put(page, "]");
}

static void put_base64(elbo__page *page, float *numbers, int64_t n)
{
    elbo__reorder(numbers, (size_t)n, sizeof *numbers, ELBO__LITTLE_ENDIAN);
    char *text = elbo__base64(numbers, (size_t)n * sizeof *numbers);
    page->failed |= !text;
    elbo__page_put(page, "\"%s\"", text ? text : "");
    elbo__free(text);
}

/* The name of class i of the run; or its number. */
static void put_class(elbo__page *page, const elbo__report *r, int label)
{
    const char *name = elbo_run_class_name(r->run, label);
    if (name)
        put_string(page, name);
    else
        elbo__page_put(page, "\"%d\"", label);
}

/* "image 12, cat" or "cat/1.png": its file, else its place with the data's own word for its class, where it has one. */
static void put_start_name(elbo__page *page, const elbo__report *r, int64_t image)
{
    const elbo_images *images = &r->few;
    char label[32] = "";
    const char *name = label;
    if (images->labels.data) {
        const int class = (int)elbo_tensor_get(&images->labels, &image);
        elbo__print(label, sizeof label, "%d", class);
        name = images->class_names && class < images->classes ? images->class_names[class] : label;
    }
    if (images->file_names) {
        put_string(page, images->file_names[image]);
        return;
    }
    char *words = elbo__format("image %" PRId64 "%s%s", image, *name ? ", " : "", name);
    page->failed |= !words;
    put_string(page, words ? words : "");
    elbo__free(words);
}

static void put_starts(elbo__page *page, const elbo__report *r, const struct space *s)
{
    const int64_t n = s->count < STARTS ? s->count : STARTS;
    elbo__page_put(page, ", \"starts\": [");
    for (int64_t i = 0; i < n; i++) {
        const int64_t image = i * s->count / n;
        elbo__page_put(page, "%s{\"name\": ", i ? ", " : "");
        put_start_name(page, r, image);
        elbo__page_put(page, ", \"label\": %d, ", s->classes[image]);
        put_numbers(page, "z", s->codes + image * s->latent, s->latent);
        elbo__page_put(page, "}");
    }
    elbo__page_put(page, "]");
}

/* Codes around the centre and what the program makes of them, for the page to compare its own with. */
static elbo_status put_check(elbo__page *page, elbo__report *r, const struct space *s)
{
    const int64_t pixels = elbo_run_pixels(r->run), room = CHECKED / pixels;
    const int64_t n = room < 1 ? 1 : room < CHECKS ? room : CHECKS;
    float *z = elbo__numbers(n, s->latent), *x = elbo__numbers(n, pixels);
    int labels[CHECKS];
    elbo_status status = z && x ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        labels[i] = s->labels ? (int)(i % s->labels) : 0;
        for (int64_t k = 0; k < s->latent; k++) {
            const int64_t from = labels[i] * s->latent + k;
            z[i * s->latent + k] = s->centre[from] + s->deviation[from] * (float)((7 * k + 3 * i) % 5 - 2) * 0.75f;
        }
    }
    if (status == ELBO_OK)
        status = elbo_run_decode(r->run, z, labels, n, x);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        elbo__page_put(page, "%s{\"label\": %d, ", i ? ", " : ", \"check\": [", labels[i]);
        put_numbers(page, "z", z + i * s->latent, s->latent);
        elbo__page_put(page, ", \"x\": ");
        put_base64(page, x + i * pixels, pixels);
        elbo__page_put(page, "}");
    }
    elbo__page_put(page, "]");
    elbo__free(z);
    elbo__free(x);
    return status;
}

/* {"channels", "height", "width": of the picture of an image; "white": the value that is drawn so; "classes": their
 * names, where the decoder takes labels; "centre", "deviation": (max(1, classes), Z) in one list; "prior": whether they
 * are the prior's; "order"; "use": nats, or the variance of codes, or 0; "unit"; "starts"; "check"} */
static elbo_status put_space(elbo__page *page, elbo__report *r, const struct space *s)
{
    const elbo__frame frame = elbo__frame_of(r->run);
    const int64_t rows = s->labels > 0 ? s->labels : 1;
    elbo__page_put(page, "{\"channels\": %" PRId64 ", \"height\": %" PRId64 ", \"width\": %" PRId64, frame.channels,
                   frame.height, frame.width);
    elbo__page_put(page, ", \"white\": %.9g, \"classes\": [", s->white);
    for (int i = 0; i < s->labels; i++) {
        elbo__page_put(page, "%s", i ? ", " : "");
        put_class(page, r, i);
    }
    elbo__page_put(page, "], \"prior\": %s, \"unit\": \"%s\", ", elbo_run_has_normal_prior(r->run) ? "true" : "false",
                   r->use.latent == 0 ? ""
                   : r->use.kl        ? "nats"
                                      : "variance");
    put_numbers(page, "centre", s->centre, rows * s->latent);
    elbo__page_put(page, ", ");
    put_numbers(page, "deviation", s->deviation, rows * s->latent);
    for (int64_t i = 0; i < s->latent; i++)
        elbo__page_put(page, "%s%" PRId64, i ? ", " : ", \"order\": [", s->order[i]);
    for (int64_t i = 0; i < s->latent; i++) {
        const double use = use_of(r, i);
        elbo__page_put(page, "%s%.4g", i ? ", " : "], \"use\": [", isfinite(use) ? use : 0);
    }
    elbo__page_put(page, "]");
    put_starts(page, r, s);
    elbo_status status = put_check(page, r, s);
    elbo__page_put(page, "}");
    return status == ELBO_OK && page->failed ? ELBO_NO_MEMORY : status;
}

/* ---- the section ------------------------------------------------------------------------------------------------- */

static int64_t bytes_of_weights(const elbo__program *program)
{
    int64_t bytes = 0;
    for (int i = 0; i < program->count; i++)
        if (program->steps[i].values.data)
            bytes += elbo_shape_size(&program->steps[i].values.layout.shape) * (int64_t)sizeof(float);
    return bytes;
}

/* The two scripts of data, the page's markup, and the script that brings them to life. */
static elbo_status put_explorer(elbo__report *r, const elbo__program *program)
{
    struct space space;
    elbo__page page = {.text = NULL};
    char *json = NULL;
    elbo_status status = find_space(r, &space);
    if (status == ELBO_OK)
        status = put_space(&page, r, &space);
    if (status == ELBO_OK) {
        json = elbo__program_json(program);
        status = json ? ELBO_OK : ELBO_NO_MEMORY;
    }
    if (status == ELBO_OK) {
        elbo__report_put_file(r, elbo__explorer_html);
        elbo__html(r->out, "<script type=\"application/json\" id=\"decoder\">");
        elbo__write(r->out, json, strlen(json));
        elbo__html(r->out, "</script>\n<script type=\"application/json\" id=\"space\">");
        elbo__write(r->out, page.text, strlen(page.text));
        elbo__html(r->out, "</script>\n<script>\n");
        elbo__report_put_file(r, elbo__explorer_js);
        elbo__html(r->out, "</script>\n");
    }
    elbo_release(json);
    elbo__page_clear(&page);
    free_space(&space);
    return status;
}

elbo_status elbo__report_explorer(elbo__report *r)
{
    elbo__program program;
    if (r->options.explorer == ELBO_EXPLORER_NO) {
        elbo__report_left_out(r, "it was not wanted");
        return ELBO_OK;
    }
    if (elbo__run_has_columns(r->run)) {
        elbo__report_left_out(r, "rows of columns are no pictures");
        return ELBO_OK;
    }
    elbo_status status = elbo__program_of(r->run, ELBO__DECODE, &program);
    if (status != ELBO_OK)
        return elbo__report_tried(r, status);
    const int64_t bytes = bytes_of_weights(&program);
    if (r->options.explorer == ELBO_EXPLORER_AUTO && bytes > MOST_BYTES) {
        char words[128];
        elbo__print(words, sizeof words,
                    "the decoder's weights take %.1f MB, which is much for a page (--explorer yes "
                    "puts them in all the same)",
                    (double)bytes / 1e6);
        elbo__report_left_out(r, words);
    } else {
        status = elbo__report_tried(r, put_explorer(r, &program));
    }
    elbo__program_free(&program);
    return status;
}
