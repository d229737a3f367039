#include "onnx.h"

#include <string.h>

#include "../../io/bytes.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"

enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7 }; /* AttributeProto.AttributeType */

/* ---- names ------------------------------------------------------------------------------------------------------- */

bool elbo__onnx_is_leaf(const elbo__step *step)
{
    return step->op == ELBO__STEP_INPUT || step->op == ELBO__STEP_WEIGHT || step->op == ELBO__STEP_CONSTANT ||
           step->op == ELBO__STEP_ARRAY;
}

/* Of a step's value: weights keep their names, which have a point in them or are given one. */
elbo__onnx_name elbo__onnx_name_of(const elbo__onnx *m, int i)
{
    elbo__onnx_name name;
    const elbo__step *step = &m->program->steps[i];
    elbo__print(name.text, sizeof name.text, "h%d", i);
    if (step->op == ELBO__STEP_WEIGHT)
        elbo__print(name.text, sizeof name.text, "%s%.250s", strchr(step->name, '.') ? "" : "weights.", step->name);
    else if (step->op == ELBO__STEP_INPUT)
        elbo__print(name.text, sizeof name.text, "%s", step->name);
    else if (step->op == ELBO__STEP_ONE_HOT)
        elbo__print(name.text, sizeof name.text, "y_one_hot");
    for (int k = m->program->n_outputs - 1; k >= 0 && !elbo__onnx_is_leaf(step); k--)
        if (m->program->outputs[k] == i)
            elbo__print(name.text, sizeof name.text, "%s", m->program->output_names[k]);
    return name;
}

/* Of a tensor that the step needs besides its operands and its result. */
elbo__onnx_name elbo__onnx_new_name(elbo__onnx *m)
{
    elbo__onnx_name name;
    elbo__print(name.text, sizeof name.text, "h%d.%d", m->step, m->extras++);
    return name;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* A tensor of the file, of row-major little-endian bytes. */
static void put_bytes(elbo__onnx *m, const char *name, int type, const elbo_shape *shape, const void *bytes,
                      size_t count)
{
    elbo__message tensor = {.bytes = NULL};
    for (int i = 0; i < shape->ndim; i++)
        elbo__message_integer(&tensor, 1, shape->dim[i]);
    elbo__message_integer(&tensor, 2, type);
    elbo__message_text(&tensor, 8, name);
    elbo__message_bytes(&tensor, 9, bytes, count);
    elbo__message_part(&m->graph, 5, &tensor);
}

void elbo__onnx_put_numbers(elbo__onnx *m, const char *name, const elbo_tensor *tensor)
{
    const elbo_shape *shape = &tensor->layout.shape;
    size_t size;
    unsigned char *bytes = elbo__tensor_bytes(tensor, ELBO__LITTLE_ENDIAN, &size);
    m->graph.failed |= !bytes;
    if (bytes)
        put_bytes(m, name, ELBO__ONNX_FLOAT, shape, bytes, size);
    elbo__free(bytes);
}

elbo__onnx_name elbo__onnx_put_number(elbo__onnx *m, double value)
{
    const elbo__onnx_name name = elbo__onnx_new_name(m);
    const float x = (float)value;
    const elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SCALAR, &x);
    elbo__onnx_put_numbers(m, name.text, &tensor);
    return name;
}

/* n whole numbers, as the shapes and axes of a node are given */
elbo__onnx_name elbo__onnx_put_integers(elbo__onnx *m, const int64_t *values, int n)
{
    const elbo__onnx_name name = elbo__onnx_new_name(m);
    unsigned char bytes[2 * ELBO_MAX_RANK * 8];
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 8; k++)
            bytes[8 * i + k] = (unsigned char)((uint64_t)values[i] >> 8 * k);
    put_bytes(m, name.text, ELBO__ONNX_INT64, &ELBO_SHAPE(n), bytes, (size_t)n * 8);
    return name;
}

/* An input or output of the model: its first axis is "batch", or a multiple of it without a name. */
void elbo__onnx_put_value(elbo__onnx *m, int field, const char *name, int type, const elbo__step *step)
{
    elbo__message value = {.bytes = NULL}, kind = {.bytes = NULL}, tensor = {.bytes = NULL}, shape = {.bytes = NULL};
    for (int i = 0; i < step->shape.ndim; i++) {
        elbo__message size = {.bytes = NULL};
        if (!step->batch[i])
            elbo__message_integer(&size, 1, step->shape.dim[i]);
        else if (step->shape.dim[i] == 1)
            elbo__message_text(&size, 2, "batch");
        elbo__message_part(&shape, 1, &size);
    }
    elbo__message_integer(&tensor, 1, type);
    elbo__message_part(&tensor, 2, &shape);
    elbo__message_part(&kind, 1, &tensor);
    elbo__message_text(&value, 1, name);
    elbo__message_part(&value, 2, &kind);
    elbo__message_part(&m->graph, field, &value);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

void elbo__onnx_take_input(elbo__message *node, const char *name)
{
    elbo__message_text(node, 1, name);
}

void elbo__onnx_give_integer(elbo__message *node, const char *name, int64_t value)
{
    elbo__message attribute = {.bytes = NULL};
    elbo__message_text(&attribute, 1, name);
    elbo__message_integer(&attribute, 3, value);
    elbo__message_integer(&attribute, 20, ATTRIBUTE_INT);
    elbo__message_part(node, 5, &attribute);
}

void elbo__onnx_give_float(elbo__message *node, const char *name, double value)
{
    elbo__message attribute = {.bytes = NULL};
    elbo__message_text(&attribute, 1, name);
    elbo__message_float(&attribute, 2, (float)value);
    elbo__message_integer(&attribute, 20, ATTRIBUTE_FLOAT);
    elbo__message_part(node, 5, &attribute);
}

void elbo__onnx_give_integers(elbo__message *node, const char *name, const int64_t *values, int n)
{
    elbo__message attribute = {.bytes = NULL};
    elbo__message_text(&attribute, 1, name);
    for (int i = 0; i < n; i++)
        elbo__message_integer(&attribute, 8, values[i]);
    elbo__message_integer(&attribute, 20, ATTRIBUTE_INTS);
    elbo__message_part(node, 5, &attribute);
}

void elbo__onnx_put_node(elbo__onnx *m, elbo__message *node, const char *op, const char *output)
{
    elbo__message_text(node, 2, output);
    elbo__message_text(node, 3, output);
    elbo__message_text(node, 4, op);
    elbo__message_part(&m->graph, 1, node);
}
