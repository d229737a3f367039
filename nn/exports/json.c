/* A program as JSON. The format is described in program.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../autograd/plan/page.h"
#include "../../io/base64.h"
#include "../../io/bytes.h"
#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "program.h"

/* A string: what is no plain ASCII, and what could end a script, is escaped. Names are UTF-8 at most; their bytes above
 * 127 are those of a name that no model of the library has, and are written as Latin-1. */
static void put_string(elbo__page *page, const char *text)
{
    elbo__page_put(page, "\"");
    for (const char *c = text; *c; c++)
        if (*c < ' ' || *c > '~' || strchr("\"\\<>&", *c))
            elbo__page_put(page, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            elbo__page_put(page, "%c", *c);
    elbo__page_put(page, "\"");
}

static void put_number(elbo__page *page, double value)
{
    if (isfinite(value))
        elbo__page_put(page, "%.17g", value);
    else
        elbo__page_put(page, "\"%s\"", elbo__not_finite(value));
}

static void put_sizes(elbo__page *page, const elbo_shape *shape)
{
    elbo__page_put(page, "[");
    for (int i = 0; i < shape->ndim; i++)
        elbo__page_put(page, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    elbo__page_put(page, "]");
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static void put_data(elbo__page *page, const elbo_tensor *tensor)
{
    size_t size;
    unsigned char *bytes = elbo__tensor_bytes(tensor, ELBO__LITTLE_ENDIAN, &size);
    char *text = bytes ? elbo__base64(bytes, size) : NULL;
    if (text)
        elbo__page_put(page, ", \"data\": \"%s\"", text);
    page->failed |= !text;
    elbo__free(text);
    elbo__free(bytes);
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static void put_value(elbo__page *page, const elbo__step *step)
{
    elbo__page_put(page, ", \"value\": ");
    put_number(page, step->value);
}

static void put_values(elbo__page *page, const elbo__step *step)
{
    put_data(page, &step->values);
}

static void put_geometry(elbo__page *page, const elbo__step *step)
{
    elbo__page_put(page, ", \"stride\": %d, \"padding\": %d", step->stride, step->padding);
}

static void put_axis(elbo__page *page, const elbo__step *step)
{
    elbo__page_put(page, ", \"axis\": %d", step->axis);
}

static void put_start(elbo__page *page, const elbo__step *step)
{
    put_axis(page, step);
    elbo__page_put(page, ", \"start\": %" PRId64, step->start);
}

static void put_reduced(elbo__page *page, const elbo__step *step)
{
    const char *between = "";
    elbo__page_put(page, ", \"axes\": [");
    for (int i = 0; i < step->shape.ndim; i++)
        if (step->axes[i]) {
            elbo__page_put(page, "%s%d", between, i);
            between = ", ";
        }
    elbo__page_put(page, "]");
}

static void put_sources(elbo__page *page, const elbo__step *step)
{
    elbo__page_put(page, ", \"axes\": [");
    for (int i = 0; i < step->shape.ndim; i++)
        elbo__page_put(page, "%s%d", i ? ", " : "", step->axes[i]);
    elbo__page_put(page, "]");
}

/* Of ops that have more than operands and a shape. */
static void (*const attributes[ELBO__STEP_KINDS])(elbo__page *page, const elbo__step *step) = {
    [ELBO__STEP_WEIGHT] = put_values,   [ELBO__STEP_ARRAY] = put_values,
    [ELBO__STEP_CONSTANT] = put_value,  [ELBO__STEP_LEAKY_RELU] = put_value,
    [ELBO__STEP_ELU] = put_value,       [ELBO__STEP_BATCH_NORM] = put_value,
    [ELBO__STEP_CONV2D] = put_geometry, [ELBO__STEP_CONV_TRANSPOSE2D] = put_geometry,
    [ELBO__STEP_SUM] = put_reduced,     [ELBO__STEP_MAX] = put_reduced,
    [ELBO__STEP_PERMUTE] = put_sources, [ELBO__STEP_SLICE] = put_start,
    [ELBO__STEP_PAD] = put_start,       [ELBO__STEP_CONCAT] = put_axis,
};

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void put_batch(elbo__page *page, const elbo__step *step)
{
    const char *between = ", \"batch\": [";
    for (int i = 0; i < step->shape.ndim; i++)
        if (step->batch[i]) {
            elbo__page_put(page, "%s%d", between, i);
            between = ", ";
        }
    if (strcmp(between, ", ") == 0)
        elbo__page_put(page, "]");
}

static void put_step(elbo__page *page, const elbo__step *step)
{
    elbo__page_put(page, "{\"op\": \"%s\"", elbo__step_name(step));
    if (step->name) {
        elbo__page_put(page, ", \"name\": ");
        put_string(page, step->name);
    }
    for (int i = 0; i < step->n_in; i++)
        elbo__page_put(page, "%s%d", i ? ", " : ", \"in\": [", step->in[i]);
    elbo__page_put(page, "%s%s, \"shape\": ", step->n_in ? "]" : "",
                   step->dtype == ELBO_I32 ? ", \"dtype\": \"i32\"" : "");
    put_sizes(page, &step->shape);
    put_batch(page, step);
    if (attributes[step->op])
        attributes[step->op](page, step);
    elbo__page_put(page, "}");
}

char *elbo__program_json(const elbo__program *program)
{
    elbo__page page = {.text = NULL};
    const elbo_shape image = elbo_run_image(program->run);
    elbo__page_put(&page, "{\"format\": \"elbo-program\", \"version\": 1, \"model\": ");
    put_string(&page, elbo_run_model(program->run)->name);
    elbo__page_put(&page, ", \"role\": \"%s\", \"image\": ", elbo_role_names[program->role]);
    put_sizes(&page, &image);
    elbo__page_put(&page, ", \"latent\": %" PRId64 ", \"classes\": %d, \"steps\": [", elbo_run_latent(program->run),
                   elbo_run_classes(program->run));
    for (int i = 0; i < program->count; i++) {
        elbo__page_put(&page, "%s", i ? ", " : "");
        put_step(&page, &program->steps[i]);
    }
    elbo__page_put(&page, "], \"outputs\": [");
    for (int i = 0; i < program->n_outputs; i++)
        elbo__page_put(&page, "%s{\"name\": \"%s\", \"step\": %d}", i ? ", " : "", program->output_names[i],
                       program->outputs[i]);
    elbo__page_put(&page, "]}");
    if (!page.failed)
        return page.text;
    elbo__page_clear(&page);
    (void)elbo__fail(ELBO_NO_MEMORY, "out of memory");
    return NULL;
}
