/* Whether the values of a data set are such as the likelihood of a run is for. */
#include <math.h>
#include <string.h>

#include "../../io/bytes.h"
#include "../../io/mapping.h"
#include "../../io/survey.h"
#include "../../tensor/memory.h"
#include "../parts/likelihood_private.h"
#include "run_private.h"

bool elbo__run_has_columns(const elbo_run *run)
{
    return elbo__likelihood_values(run->options) == ELBO__COLUMNS;
}

/* What is wanted of each value, and by which option of the run; values = ELBO__ANY: nothing. A Bernoulli's log-density
 * has no bound outside [0, 1]: training on grey levels 0 to 255 as floats would seem to go well and mean nothing. */
typedef struct {
    elbo__values values;
    const char *option, *choice; /* "likelihood", "bernoulli" */
} demand;

static demand demand_of(const elbo_run *run)
{
    const elbo_value *likelihood = elbo_values_get(run->options, "likelihood", ELBO_CHOICE);
    const elbo_value *binarise = elbo_values_get(run->options, "binarise", ELBO_FLAG);
    const elbo__values values = elbo__likelihood_values(run->options);
    if (values != ELBO__ANY)
        return (demand){values, "likelihood ", likelihood->text};
    return binarise && binarise->flag ? (demand){ELBO__UNIT, "option binarise", ""} : (demand){.values = ELBO__ANY};
}

/* Whether option likelihood of the run's model can be this. */
static bool has_likelihood(const elbo_run *run, const char *name)
{
    const elbo_option *o = run->model->options;
    while (o && o->name && strcmp(o->name, "likelihood") != 0)
        o++;
    for (const char *const *choice = o && o->name ? o->choices : NULL; choice && *choice; choice++)
        if (strcmp(*choice, name) == 0)
            return true;
    return false;
}

/* What can be done about a value outside [0, 1]. */
static const char *advice_for(const elbo_run *run)
{
    const elbo_value *binarise = elbo_values_get(run->options, "binarise", ELBO_FLAG);
    if (binarise && binarise->flag)
        return "scale the images";
    return has_likelihood(run, "gaussian")        ? "scale the images, or take likelihood gaussian"
           : has_likelihood(run, "squared-error") ? "scale the images, or take likelihood squared-error"
                                                  : "scale the images";
}

/* What values are held against. */
typedef struct {
    elbo__values wanted;
    elbo__columns columns;     /* of ELBO__COLUMNS */
    const elbo__column **used; /* [D] of them      */
} measure;

static bool suits(const measure *m, int64_t pixel, double value)
{
    switch (m->wanted) {
    case ELBO__COLUMNS: return isfinite(value) && elbo__column_suits(m->used[pixel], value);
    case ELBO__COUNTS: return value >= 0 && value == floor(value);
    default: return value >= 0 && value <= 1;
    }
}

/* Fails for value `at` of all. */
static elbo_status unsuited(const elbo_run *run, const measure *m, const elbo_images *images, int64_t at, double value)
{
    const demand d = demand_of(run);
    const elbo__place place = elbo__place_of(images, at);
    const elbo__column *column = m->used ? m->used[at % run->pixels] : NULL;
    if (column && elbo__column_has_words(column))
        return elbo__fail(ELBO_INVALID, "%s: the value %g is none of the %zu words of column \"%s\", counted from 0",
                          place.text, value, column->words.count, elbo__excerpt_of(column->name).text);
    if (column)
        return elbo__fail(ELBO_INVALID, "%s: the value %g cannot be in column \"%s\", which is %s", place.text, value,
                          elbo__excerpt_of(column->name).text, elbo__column_kinds[column->kind]);
    if (d.values == ELBO__COUNTS)
        return elbo__fail(ELBO_INVALID, "%s: the value %g is no count 0, 1, 2, ..., which the %s%s needs", place.text,
                          value, d.option, d.choice);
    return elbo__fail(ELBO_INVALID, "%s: the value %g is outside [0, 1], which the %s%s needs: %s", place.text, value,
                      d.option, d.choice, advice_for(run));
}

/* Looks at values one by one. */
static elbo_status look(const elbo_run *run, const measure *m, const elbo_images *images, const elbo__table *table)
{
    const elbo_layout *layout = &table->images.layout;
    for (int64_t i = 0; i < table->count; i++) {
        const float *row = (const float *)table->images.data + layout->offset + i * layout->strides[0];
        const unsigned char *there = table->mask.data;
        elbo__mapping_reads(table->mapping, row, run->pixels * (int64_t)sizeof *row);
        for (int64_t k = 0; k < run->pixels; k++) {
            const double value = row[k * layout->strides[1]];
            const bool missing = there ? !there[i * run->pixels + k] : table->missing && isnan(value);
            if (!missing && !suits(m, k, value))
                return unsuited(run, m, images, i * run->pixels + k, value);
        }
    }
    return ELBO_OK;
}

static elbo_status look_at_columns(const elbo_run *run, const elbo_images *images, const elbo__table *table)
{
    measure m = {.wanted = ELBO__COLUMNS};
    int64_t used = 0;
    if (table->images.dtype != ELBO_F32)
        return elbo__fail(ELBO_INVALID, "likelihood columns: the values of columns are f32, not %s",
                          elbo_dtype_name(table->images.dtype));
    elbo_status status = elbo__columns_of(elbo_values_text(run->options, "columns"), run->pixels, &m.columns);
    if (status != ELBO_OK)
        return status;
    m.used = elbo__calloc(m.columns.count, sizeof *m.used);
    for (size_t i = 0; i < m.columns.count && m.used; i++)
        if (m.columns.at[i].kind != ELBO__COLUMN_SKIP)
            m.used[used++] = &m.columns.at[i];
    status = m.used ? look(run, &m, images, table) : ELBO_NO_MEMORY;
    elbo__free(m.used);
    elbo__columns_free(&m.columns);
    return status;
}

/* The range of the images is known; where it is too wide, and for counts and columns, all values are looked at. */
elbo_status elbo__check_values(const elbo_run *run, const elbo_images *images, const elbo__table *table)
{
    const elbo__values wanted = demand_of(run).values;
    if (wanted == ELBO__COLUMNS)
        return look_at_columns(run, images, table);
    if (table->images.dtype != ELBO_F32 || wanted == ELBO__ANY ||
        (wanted == ELBO__UNIT && images->least >= 0 && images->greatest <= 1))
        return ELBO_OK;
    return look(run, &(measure){.wanted = wanted}, images, table);
}
