/* A mixture of normals for each class, or one: Ghosh et al., arXiv:1903.12436, section 4. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "mixture.h"
#include "sampler_private.h"

const char *const elbo__covariance_names[] = {"full", "diagonal", NULL};

typedef struct {
    int64_t count;     /* C                                                           */
    elbo__mixture *at; /* (C); without components: there was no code of the class     */
} mixtures;

static void release(void *fitted)
{
    mixtures *m = fitted;
    for (int64_t c = 0; m && c < m->count; c++)
        elbo__mixture_free(&m->at[c]);
    if (m)
        elbo__free(m->at);
    elbo__free(m);
}

static mixtures *new_mixtures(int64_t count)
{
    mixtures *m = elbo__calloc(1, sizeof *m);
    if (m && (m->at = elbo__calloc((size_t)count, sizeof *m->at))) {
        m->count = count;
        return m;
    }
    elbo__free(m);
    return NULL;
}

/* ---- class by class ---------------------------------------------------------------------------------------------- */

/* The codes of one class: which they are among all, rows (count), and z (count, Z). */
typedef struct {
    int64_t class, count, *rows;
    float *z;
} part;

static elbo_status each_class(const elbo_sampler *s, const elbo__codes *codes,
                              elbo_status (*work)(const elbo_sampler *s, const part *p, void *user), void *user)
{
    const int64_t classes = elbo__sampler_classes(s), dims = s->run->latent;
    part p = {.rows = elbo__calloc((size_t)codes->n, sizeof *p.rows),
              .z = elbo__calloc((size_t)codes->n, (size_t)dims * sizeof *p.z)};
    elbo_status status = p.rows && p.z ? ELBO_OK : ELBO_NO_MEMORY;
    for (; p.class < classes && status == ELBO_OK; p.class ++) {
        p.count = 0;
        for (int64_t i = 0; i < codes->n; i++)
            if (classes == 1 || codes->labels[i] == p.class) {
                memcpy(p.z + p.count * dims, codes->z + i * dims, (size_t)dims * sizeof *p.z);
                p.rows[p.count++] = i;
            }
        if (p.count > 0)
            status = work(s, &p, user);
    }
    elbo__free(p.rows);
    elbo__free(p.z);
    return status;
}

/* Adds to *sum the log-density of the codes. */
static elbo_status fit_class(const elbo_sampler *s, const part *p, void *sum)
{
    const mixtures *m = s->fitted;
    const elbo__mixture_shape shape = {.components = elbo_values_integer(s->values, "components"),
                                       .full = strcmp(elbo_values_choice(s->values, "covariance"), "full") == 0};
    double mean;
    elbo_status status = elbo__mixture_fit(p->z, p->count, s->run->latent, &shape, (uint64_t)s->run->seed,
                                           &m->at[p->class], &mean);
    if (status == ELBO_OK)
        *(double *)sum += mean * (double)p->count;
    return status;
}

static elbo_status fit(elbo_sampler *s, const elbo__codes *codes)
{
    double sum = 0;
    s->fitted = new_mixtures(elbo__sampler_classes(s));
    elbo_status status = s->fitted ? each_class(s, codes, fit_class, &sum) : ELBO_NO_MEMORY;
    return status == ELBO_OK ? elbo__sampler_note(s, "log-likelihood", sum / (double)codes->n) : status;
}

static elbo_status no_code_of(const elbo_sampler *s, int64_t class)
{
    return elbo__fail(ELBO_INVALID, "sampler gmm of model \"%s\" has seen no image of class %lld", s->run->model->name,
                      (long long)class);
}

static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    const mixtures *m = s->fitted;
    const int64_t dims = s->run->latent;
    double *noise = elbo__calloc((size_t)dims, sizeof *noise);
    elbo_status status = noise ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        const int64_t class = m->count > 1 ? labels[i] : 0;
        if (m->at[class].components < 1)
            status = no_code_of(s, class);
        else
            elbo__mixture_draw(&m->at[class], (uint64_t)seed, (uint64_t)i, noise, z + i * dims);
    }
    elbo__free(noise);
    return status;
}

static elbo_status measure_class(const elbo_sampler *s, const part *p, void *user)
{
    const mixtures *m = s->fitted;
    double *nats = user, *own = elbo__calloc((size_t)p->count, sizeof *own);
    elbo_status status = !own ? ELBO_NO_MEMORY
                         : m->at[p->class].components < 1
                             ? no_code_of(s, p->class)
                             : elbo__mixture_log_prob(&m->at[p->class], p->z, p->count, own);
    for (int64_t i = 0; i < p->count && status == ELBO_OK; i++)
        nats[p->rows[i]] = own[i];
    elbo__free(own);
    return status;
}

static elbo_status log_prob(elbo_sampler *s, const float *z, const int *labels, int64_t n, double *nats)
{
    return each_class(s, &(elbo__codes){.z = (float *)z, .labels = (int *)labels, .n = n}, measure_class, nats);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Tensors of class C, all f64: classC.weights (K), classC.means (K, Z), classC.covariances (K, Z, Z) or (K, Z) */
enum { TENSORS = 3 };

static elbo_tensor tensor_of(const elbo__mixture *m, int i)
{
    const int64_t k = m->components, dims = m->dims;
    const elbo_shape shapes[TENSORS] = {ELBO_SHAPE(k), ELBO_SHAPE(k, dims),
                                        m->full ? ELBO_SHAPE(k, dims, dims) : ELBO_SHAPE(k, dims)};
    const double *const data[TENSORS] = {m->weights, m->means, m->covariances};
    return elbo_tensor_of(ELBO_F64, shapes[i], data[i]);
}

static const char *const tensor_names[TENSORS] = {"weights", "means", "covariances"};

static char *name_of(int64_t class, int i)
{
    return elbo__format("class%lld.%s", (long long)class, tensor_names[i]);
}

static elbo_status write(const elbo_sampler *s, const char *path, const elbo_ini *notes)
{
    const mixtures *m = s->fitted;
    elbo_named_tensor *tensors = elbo__calloc((size_t)m->count, TENSORS * sizeof *tensors);
    elbo_status status = tensors ? ELBO_OK : ELBO_NO_MEMORY;
    int64_t count = 0;
    for (int64_t c = 0; c < m->count && status == ELBO_OK; c++)
        for (int i = 0; i < TENSORS && m->at[c].components > 0 && status == ELBO_OK; i++, count++) {
            tensors[count] = (elbo_named_tensor){name_of(c, i), tensor_of(&m->at[c], i)};
            status = tensors[count].name ? ELBO_OK : ELBO_NO_MEMORY;
        }
    if (status == ELBO_OK)
        status = elbo__sampler_write_tensors(path, tensors, count, notes);
    for (int64_t i = 0; i < count; i++)
        elbo__free((char *)tensors[i].name);
    elbo__free(tensors);
    return status;
}

static const elbo_tensor *find(const elbo_safetensors *file, int64_t class, int i)
{
    char *name = name_of(class, i);
    const elbo_tensor *found = name ? elbo_safetensors_tensor(file, name) : NULL;
    elbo__free(name);
    return found;
}

/* What the file has of a class, which may be nothing. */
static elbo_status read_class(const elbo_sampler *s, const elbo_safetensors *file, int64_t class, elbo__mixture *out)
{
    const bool full = strcmp(elbo_values_choice(s->values, "covariance"), "full") == 0;
    const elbo_tensor *weights = find(file, class, 0);
    if (!weights)
        return ELBO_OK;
    const int64_t k = weights->layout.shape.ndim == 1 ? weights->layout.shape.dim[0] : 0;
    elbo_status status = elbo__mixture_new(k, s->run->latent, full, out);
    for (int i = 0; i < TENSORS && status == ELBO_OK; i++) {
        const elbo_tensor *from = find(file, class, i), to = tensor_of(out, i);
        if (!from || from->dtype != ELBO_F64 || !elbo_shape_equal(&from->layout.shape, &to.layout.shape) || k < 1)
            status = elbo__fail(ELBO_FORMAT, "class%lld.%s is not f64 of shape %s", (long long)class, tensor_names[i],
                                elbo_shape_format(&to.layout.shape).text);
        else
            elbo_tensor_copy(&to, from);
    }
    for (int64_t i = 0; i < k * s->run->latent && status == ELBO_OK; i++)
        if (!isfinite(out->means[i]))
            status = elbo__fail(ELBO_FORMAT, "a mean of class %lld is not finite", (long long)class);
    return status == ELBO_OK ? elbo__mixture_prepare(out) : status;
}

static elbo_status read(elbo_sampler *s, const elbo_safetensors *file)
{
    mixtures *m = s->fitted = new_mixtures(elbo__sampler_classes(s));
    elbo_status status = m ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t c = 0; c < elbo__sampler_classes(s) && status == ELBO_OK; c++)
        status = read_class(s, file, c, &m->at[c]);
    return status;
}

const elbo__sampler_kind elbo__sampler_gmm = {
    .fit = fit, .draw = draw, .log_prob = log_prob, .write = write, .read = read, .release = release};
