/* A program as an ONNX model, opset 13: its nodes (onnx_steps.c), its inputs and outputs, and the file. */
#include <string.h>

#include "../../io/file.h"
#include "../../tensor/error_private.h"
#include "../../tensor/version.h"
#include "onnx.h"

enum { OPSET = 13, IR_VERSION = 7 };

/* Whether labels are only ever made rows of 0 and 1: then those rows are the input, which every runtime can take. */
static bool labels_are_one_hot(const elbo__program *p)
{
    for (int i = 0; i < p->count; i++)
        for (int k = 0; k < p->steps[i].n_in; k++)
            if (p->steps[p->steps[i].in[k]].dtype == ELBO_I32 && p->steps[i].op != ELBO__STEP_ONE_HOT)
                return false;
    return true;
}

/* Inputs that are numbers come before labels. */
static void put_inputs(elbo__onnx *m)
{
    const elbo__program *p = m->program;
    for (int i = 0; i < p->count; i++)
        if (p->steps[i].op == ELBO__STEP_INPUT && p->steps[i].dtype != ELBO_I32)
            elbo__onnx_put_value(m, 11, p->steps[i].name, ELBO__ONNX_FLOAT, &p->steps[i]);
    bool declared = false;
    for (int i = 0; i < p->count; i++)
        if (m->one_hot ? p->steps[i].op == ELBO__STEP_ONE_HOT && !declared
                       : p->steps[i].op == ELBO__STEP_INPUT && p->steps[i].dtype == ELBO_I32) {
            elbo__onnx_put_value(m, 11, elbo__onnx_name_of(m, i).text, m->one_hot ? ELBO__ONNX_FLOAT : ELBO__ONNX_INT64,
                                 &p->steps[i]);
            declared = true;
        }
}

/* A leaf, or what is an output already, goes out under another name by a node of its own. */
static void put_outputs(elbo__onnx *m)
{
    const elbo__program *p = m->program;
    for (int k = 0; k < p->n_outputs; k++) {
        const char *name = p->output_names[k];
        const elbo__onnx_name has = elbo__onnx_name_of(m, p->outputs[k]);
        if (strcmp(has.text, name) != 0 || elbo__onnx_is_leaf(&p->steps[p->outputs[k]])) {
            elbo__message node = {.bytes = NULL};
            elbo__onnx_take_input(&node, has.text);
            elbo__onnx_put_node(m, &node, "Identity", name);
        }
        elbo__onnx_put_value(m, 12, name, ELBO__ONNX_FLOAT, &p->steps[p->outputs[k]]);
    }
}

static elbo_status write_file(const char *path, const elbo__message *file)
{
    elbo__writer *writer = NULL;
    elbo_status status = file->failed ? elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", path)
                                      : elbo__writer_open(path, &writer);
    if (status != ELBO_OK)
        return status;
    elbo__write(writer, file->bytes, file->length);
    return elbo__writer_commit(writer);
}

elbo_status elbo_export_onnx(elbo_run *run, elbo_part part, const char *path)
{
    elbo__program program;
    elbo_status status = elbo__program_of_part(run, part, &program);
    if (status != ELBO_OK)
        return status;
    elbo__onnx m = {.program = &program, .one_hot = labels_are_one_hot(&program)};
    elbo__message file = {.bytes = NULL}, opset = {.bytes = NULL};
    for (m.step = 0; m.step < program.count && m.status == ELBO_OK; m.step++) {
        m.extras = 0;
        elbo__onnx_put_step(&m);
    }
    elbo__message_text(&m.graph, 2, elbo_run_model(run)->name);
    put_inputs(&m);
    put_outputs(&m);
    elbo__message_integer(&file, 1, IR_VERSION);
    elbo__message_text(&file, 2, "elbo");
    elbo__message_text(&file, 3, ELBO_VERSION);
    elbo__message_part(&file, 7, &m.graph);
    elbo__message_text(&opset, 1, "");
    elbo__message_integer(&opset, 2, OPSET);
    elbo__message_part(&file, 8, &opset);
    status = m.status == ELBO_OK ? write_file(path, &file) : m.status;
    elbo__message_clear(&file);
    elbo__program_free(&program);
    return status;
}
