/* The table of samplers, and what all of them share. Files are in sampler_file.c. */
#include <string.h>

#include "../../io/quote.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../pictures/picture_private.h"
#include "sampler_private.h"

#define NAME(name, id) name,
const char *const elbo_sampler_names[] = {ELBO__SAMPLER_TABLE(NAME) NULL};
#undef NAME

#define KIND(name, id) &elbo__sampler_##id,
static const elbo__sampler_kind *const kinds[] = {ELBO__SAMPLER_TABLE(KIND)};
#undef KIND

const elbo_option elbo_sampler_options[] = {
    {.name = "sampler",
     .type = ELBO_CHOICE,
     .default_value = "prior",
     .choices = elbo_sampler_names,
     .metavar = "NAME",
     .help = "where codes come from"},
    ELBO__OPTIONS_GMM,
    ELBO__OPTIONS_FLOWS("sampler=maf|iaf"),
    ELBO__OPTIONS_TWO_STAGE("sampler=two-stage"),
    ELBO__OPTIONS_PIXELCNN("sampler=pixelcnn"),
    ELBO__OPTIONS_FIT,
    ELBO__OPTIONS_HMC("sampler=rhvae"),
    ELBO_OPTIONS_END,
};

/* The name as it stands in the table; NULL: there is none. */
static const char *find(const char *name, const elbo__sampler_kind **kind)
{
    for (int i = 0; elbo_sampler_names[i]; i++)
        if (strcmp(elbo_sampler_names[i], name) == 0) {
            *kind = kinds[i];
            return elbo_sampler_names[i];
        }
    return NULL;
}

bool elbo_sampler_is_fitted(const char *name)
{
    const elbo__sampler_kind *kind;
    return find(name, &kind) && kind->fit;
}

elbo_sampler *elbo__sampler_new(elbo_run *run, const char *name)
{
    const elbo__sampler_kind *kind = NULL;
    const char *known = find(name, &kind);
    if (!known)
        (void)elbo__fail(ELBO_INVALID, "no sampler \"%.60s\"", name);
    if (!known || (kind->check && kind->check(run) != ELBO_OK))
        return NULL;
    elbo_sampler *s = elbo__calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (elbo_sampler){.name = known, .kind = kind, .run = run, .values = elbo_values_new(elbo_sampler_options)};
    if (s->values && elbo_values_set(s->values, "sampler", name) == ELBO_OK)
        return s;
    elbo_sampler_free(s);
    return NULL;
}

void elbo_sampler_free(elbo_sampler *s)
{
    if (!s)
        return;
    if (s->kind->release)
        s->kind->release(s->fitted);
    elbo_values_free(s->values);
    elbo_ini_free(&s->notes);
    elbo__free(s);
}

const char *elbo_sampler_name(const elbo_sampler *s)
{
    return s->name;
}

const elbo_values *elbo_sampler_values(const elbo_sampler *s)
{
    return s->values;
}

const char *elbo_sampler_noted(const elbo_sampler *s, const char *key)
{
    return elbo_ini_get(&s->notes, key);
}

elbo_status elbo_sampler_note(elbo_sampler *s, const char *key, const char *value)
{
    for (const elbo_option *o = elbo_sampler_options; o->name; o++)
        if (strcmp(o->name, key) == 0)
            return elbo__fail(ELBO_INVALID, "\"%s\" is no note: it is an option of samplers", key);
    char *line = elbo__quote(value);
    const elbo_status status = line ? elbo_ini_set(&s->notes, key, line) : ELBO_NO_MEMORY;
    elbo__free(line);
    return status;
}

elbo_status elbo__sampler_note(elbo_sampler *s, const char *key, double value)
{
    char text[32];
    elbo__print(text, sizeof text, "%.6g", value);
    return elbo_ini_set(&s->notes, key, text);
}

int64_t elbo__sampler_classes(const elbo_sampler *s)
{
    return elbo__run_takes_labels(s->run) ? s->run->classes : 1;
}

/* ---- fitting ----------------------------------------------------------------------------------------------------- */

static elbo_status set_values(elbo_sampler *s, const elbo_values *options)
{
    elbo_status status = options ? elbo_values_check(options) : ELBO_OK;
    for (const elbo_option *o = elbo_sampler_options; options && o->name && status == ELBO_OK; o++) {
        char *text = elbo_values_given(options, o->name) ? elbo_values_print(options, o->name) : NULL;
        if (text)
            status = elbo_values_set(s->values, o->name, text);
        elbo_release(text);
    }
    return status;
}

static void free_codes(elbo__codes *codes)
{
    elbo__free(codes->z);
    elbo__free(codes->labels);
}

static elbo_status make_codes(elbo_run *run, const elbo_images *images, elbo__codes *out)
{
    int64_t size;
    *out = (elbo__codes){.n = images->count, .images = images};
    if (!elbo__mul_size(images->count, run->latent, &size))
        return elbo__fail(ELBO_NO_MEMORY, "codes of %lld images are too many", (long long)images->count);
    out->z = elbo__calloc((size_t)size, sizeof *out->z);
    if (elbo__run_takes_labels(run))
        out->labels = elbo__calloc((size_t)images->count, sizeof *out->labels);
    if (!out->z || (elbo__run_takes_labels(run) && !out->labels))
        return ELBO_NO_MEMORY;
    elbo_status status = elbo_run_draw_codes(run, images, run->seed, out->z);
    if (status == ELBO_OK)
        status = elbo__check_finite(run, "a code", out->z, size);
    return status == ELBO_OK && out->labels ? elbo_run_rows(run, images, 0, images->count, NULL, out->labels) : status;
}

static elbo_status note_count(elbo_sampler *s, int64_t count)
{
    char text[24];
    elbo__print(text, sizeof text, "%lld", (long long)count);
    return elbo_ini_set(&s->notes, "images", text);
}

static elbo_status fit(elbo_sampler *s, const elbo_images *images)
{
    elbo__codes codes;
    if (!images)
        return elbo__fail(ELBO_INVALID, "sampler %s is fitted to images, and there are none", s->name);
    elbo_status status = make_codes(s->run, images, &codes);
    if (status == ELBO_OK)
        status = note_count(s, images->count);
    if (status == ELBO_OK)
        status = s->kind->fit(s, &codes);
    free_codes(&codes);
    return status;
}

elbo_sampler *elbo_sampler_fit(elbo_run *run, const elbo_values *options, const elbo_images *images)
{
    elbo_sampler *s = elbo__sampler_new(run, options ? elbo_values_choice(options, "sampler") : "prior");
    elbo_status status = s ? set_values(s, options) : ELBO_INVALID;
    if (status == ELBO_OK && s->kind->fit)
        status = fit(s, images);
    if (status == ELBO_OK)
        return s;
    elbo_sampler_free(s);
    return NULL;
}

/* ---- at work ----------------------------------------------------------------------------------------------------- */

static elbo_status check_labels(const elbo_sampler *s, const int *labels, int64_t n)
{
    const elbo_run *run = s->run;
    if (n < 0)
        return elbo__fail(ELBO_INVALID, "%lld codes", (long long)n);
    if (!elbo__run_takes_labels(run))
        return ELBO_OK;
    if (!labels)
        return elbo__fail(ELBO_INVALID, "model \"%s\" needs labels", run->model->name);
    for (int64_t i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] >= run->classes)
            return elbo__fail(ELBO_INVALID, "label %d is outside the classes 0 to %d", labels[i], run->classes - 1);
    return ELBO_OK;
}

elbo_status elbo_sampler_draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    elbo_status status = check_labels(s, labels, n);
    return status == ELBO_OK ? s->kind->draw(s, labels, n, seed, z) : status;
}

bool elbo_sampler_has_density(const elbo_sampler *s)
{
    return s->kind->log_prob;
}

elbo_status elbo_sampler_log_prob(elbo_sampler *s, const float *z, const int *labels, int64_t n, double *nats)
{
    elbo_status status = check_labels(s, labels, n);
    if (status == ELBO_OK && !s->kind->log_prob)
        return elbo__fail(ELBO_INVALID, "the density of sampler %s cannot be told", s->name);
    return status == ELBO_OK ? s->kind->log_prob(s, z, labels, n, nats) : status;
}

typedef struct {
    elbo_sampler *sampler;
    int64_t seed;
} drawing;

static elbo_status draw_images(void *user, const int *labels, int64_t n, float *x)
{
    const drawing *d = user;
    elbo_run *run = d->sampler->run;
    float *z = elbo__numbers(n, run->latent);
    elbo_status status = z ? elbo_sampler_draw(d->sampler, labels, n, d->seed, z) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_sample_at(run, z, labels, n, d->seed, x);
    elbo__free(z);
    return status;
}

elbo_status elbo_sampler_picture(elbo_sampler *s, int64_t n, int label, int64_t seed, const char *path)
{
    if (s->kind->prior) /* the same in one graph */
        return elbo_picture_samples(s->run, n, label, seed, path);
    return elbo__picture_drawn(s->run, n, label, draw_images, &(drawing){s, seed}, path);
}
