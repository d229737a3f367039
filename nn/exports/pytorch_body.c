/* The statements of encode and decode: which steps are one of their own, and which are a part of another. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "pytorch.h"

static bool is_leaf(const elbo__step *step)
{
    return step->op == ELBO__STEP_INPUT || step->op == ELBO__STEP_WEIGHT || step->op == ELBO__STEP_CONSTANT ||
           step->op == ELBO__STEP_ARRAY;
}

/* The number of the output that value i is, or -1. */
static int output_of(const elbo__program *p, int i)
{
    for (int k = 0; k < p->n_outputs; k++)
        if (p->outputs[k] == i)
            return k;
    return -1;
}

static elbo__python variable_of(const elbo__pytorch_body *b, int i)
{
    elbo__python out = {""};
    if (b->p->n_outputs == 2 && output_of(b->p, i) >= 0)
        elbo__print(out.text, sizeof out.text, "%s", b->p->output_names[output_of(b->p, i)]);
    else if (b->values[i].number == 1)
        elbo__print(out.text, sizeof out.text, "h");
    else
        elbo__print(out.text, sizeof out.text, "h%d", b->values[i].number);
    return out;
}

elbo__python elbo__pytorch_expression(const elbo__pytorch_body *b, int i)
{
    return b->values[i].inlined ? elbo__pytorch_words(b, i) : variable_of(b, i);
}

/* The step that reads value i, which has one reader; NULL: it is an output. */
static const elbo__step *reader_of(const elbo__program *p, int i)
{
    for (int j = i + 1; j < p->count; j++)
        for (int k = 0; k < p->steps[j].n_in; k++)
            if (p->steps[j].in[k] == i)
                return &p->steps[j];
    return NULL;
}

static bool has_weights(const elbo__step *step)
{
    return step->op == ELBO__STEP_LINEAR || step->op == ELBO__STEP_CONV2D || step->op == ELBO__STEP_CONV_TRANSPOSE2D;
}

static bool moves_only(const elbo__step *step)
{
    return step->op == ELBO__STEP_RESHAPE || step->op == ELBO__STEP_CONCAT;
}

/* Whether value i, of one reader, is better a part of its statement: a layer and its activation are one, the next layer
 * begins another, and none is nested too deeply, or one of too many, to be read. */
static bool is_part(const elbo__pytorch_body *b, int i)
{
    enum { DEEPEST = 3, MOST = 4 };
    const elbo__step *reader = reader_of(b->p, i);
    return b->values[i].depth <= DEEPEST && !(reader && reader->n_in > MOST) &&
           (!reader || !has_weights(reader) || moves_only(&b->p->steps[i]));
}

static void find_statements(elbo__pytorch_body *b)
{
    const elbo__program *p = b->p;
    for (int i = 0; i < p->count; i++) {
        elbo__pytorch_value *v = &b->values[i];
        for (int k = 0; k < p->steps[i].n_in; k++) {
            const elbo__pytorch_value *from = &b->values[p->steps[i].in[k]];
            if (from->inlined && from->depth > v->depth)
                v->depth = from->depth;
        }
        v->depth += !is_leaf(&p->steps[i]);
        v->inlined = is_leaf(&p->steps[i]) || (elbo__program_uses(p, i) == 1 && is_part(b, i));
        if (output_of(p, i) >= 0 && !is_leaf(&p->steps[i]))
            v->inlined = p->n_outputs == 1 && elbo__program_uses(p, i) == 1;
    }
    for (int i = p->count - 1; i >= 0; i--) { /* readers come after what they read */
        elbo__pytorch_value *v = &b->values[i];
        v->last = output_of(p, i) >= 0 ? p->count : v->last;
        v->at = v->inlined ? v->last : i;
        for (int k = 0; k < p->steps[i].n_in; k++) {
            elbo__pytorch_value *from = &b->values[p->steps[i].in[k]];
            from->last = v->at > from->last ? v->at : from->last;
        }
    }
}

/* The first name that no value has which is still to be read after statement i. */
static void name_variable(elbo__pytorch_body *b, int i)
{
    int number = 1;
    for (bool taken = true; taken; number += taken) {
        taken = false;
        for (int k = 0; k < i && !taken; k++)
            taken = !b->values[k].inlined && b->values[k].number == number && b->values[k].last > i;
    }
    b->values[i].number = number;
}

/* Every statement is far shorter than a piece of Python can be; were it not, half of it would be worse than nothing. */
static void check_length(const elbo__pytorch_body *b, int i, const elbo__python *text)
{
    if (strlen(text->text) + 1 >= sizeof text->text)
        elbo__pytorch_no_words(b, i);
}

void elbo__pytorch_put_body(elbo__pytorch *s, const elbo__program *p)
{
    elbo__pytorch_body b = {.s = s, .p = p, .values = elbo__calloc((size_t)p->count, sizeof *b.values), .numbers = "x"};
    s->page->failed |= !b.values;
    for (int i = 0; i < p->count; i++)
        if (p->steps[i].op == ELBO__STEP_INPUT && p->steps[i].dtype != ELBO_I32)
            b.numbers = p->steps[i].name;
    if (!b.values)
        return;
    find_statements(&b);
    for (int i = 0; i < p->count; i++) {
        if (b.values[i].inlined)
            continue;
        const elbo__python text = elbo__pytorch_words(&b, i);
        name_variable(&b, i);
        check_length(&b, i, &text);
        elbo__page_put(s->page, "        %s = %s\n", variable_of(&b, i).text, text.text);
    }
    elbo__page_put(s->page, "        return ");
    for (int k = 0; k < p->n_outputs; k++) {
        const elbo__python text = elbo__pytorch_expression(&b, p->outputs[k]);
        check_length(&b, p->outputs[k], &text);
        elbo__page_put(s->page, "%s%s", k ? ", " : "", text.text);
    }
    elbo__page_put(s->page, "\n");
    elbo__free(b.values);
}
