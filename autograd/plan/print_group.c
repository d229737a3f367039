/* The steps of a fused group, read back from its registers as formulas. */
#include <string.h>

#include "../../tensor/memory.h"
#include "print.h"

enum { LONGEST = 64 }; /* formula that another one contains */

typedef struct {
    elbo__page *page;
    const elbo_plan *plan;
    const elbo__instr *instr;
    const elbo__group *group;
    elbo__page *value; /* by register: the formula of what it holds */
    size_t indent, at; /* the step at hand                          */
    int names;         /* t1, t2, ... given so far                  */
} reading;

/* How often what a register holds after the step at hand will be read. */
static int readers(const reading *r, int reg)
{
    int n = 0;
    for (size_t i = r->at + 1; i < r->group->n_steps; i++) {
        const elbo__step *step = &r->group->steps[i];
        for (int k = 0; k < elbo__reads_of(step); k++)
            n += step->from[k] == reg;
        if (elbo__fills(step) && step->to == reg)
            break;
    }
    return n;
}

static void hold(reading *r, int reg, elbo__page formula)
{
    elbo__page_clear(&r->value[reg]);
    r->value[reg] = formula;
    r->page->failed |= formula.failed;
}

/* Whether all that becomes of the register at hand is that it is stored. */
static bool only_stored(const reading *r, int reg)
{
    for (size_t i = r->at + 1; i < r->group->n_steps; i++) {
        const elbo__step *step = &r->group->steps[i];
        for (int k = 0; k < elbo__reads_of(step); k++)
            if (step->from[k] == reg)
                return step->kind == ELBO__STORE && readers(r, reg) == 1;
    }
    return false;
}

static const char *held(const reading *r, int reg)
{
    return r->value[reg].text ? r->value[reg].text : "";
}

/* A line: name = formula, or strided(name) = formula where neighbours of the group are none in memory. */
static void assign(reading *r, const char *name, bool strided, const char *formula)
{
    elbo__page_put(r->page, strided ? "%*sstrided(%s) = " : "%*s%s = ", (int)r->indent, "", name);
    elbo__page_wrap(r->page, r->indent + 4, formula);
    elbo__page_put(r->page, "\n");
}

/* What the register holds gets a name of its own. */
static void name_value(reading *r, int reg)
{
    elbo__page name = {0};
    elbo__page_put(&name, "t%d", ++r->names);
    if (!name.failed)
        assign(r, name.text, false, held(r, reg));
    hold(r, reg, name);
}

/* Loads that cost something are shown as the call that they are. */
static const char *way_of_loading(const reading *r, const elbo__step *step)
{
    const elbo__operand *from = &r->instr->in[step->operand];
    elbo_dtype dtype = r->plan->buffers[from->buffer].dtype;
    if (step->direct || step->once)
        return NULL;
    for (int i = 0; i < from->layout.shape.ndim; i++)
        if (from->layout.strides[i] == 0 && from->layout.shape.dim[i] > 1)
            return "spread";
    return dtype == ELBO_U8 ? "from_u8" : dtype == ELBO_I32 ? "from_i32" : "strided";
}

static void load(reading *r, const elbo__step *step)
{
    elbo__page formula = {0};
    const char *way = way_of_loading(r, step);
    elbo__page_put(&formula, "%s", way ? way : "");
    elbo__page_put(&formula, "%s", way ? "(" : "");
    elbo__put_name(&formula, r->plan, r->instr->in[step->operand].buffer);
    elbo__page_put(&formula, "%s", way ? ")" : "");
    hold(r, step->to, formula);
}

/* A line that stores a register's value. Formulas that are not printed yet and speak of what was there before get a
 * name first. */
static void store(reading *r, const elbo__operand *to, int reg)
{
    elbo__page name = {0};
    elbo__put_name(&name, r->plan, to->buffer);
    for (int i = 0; i < r->group->registers && !name.failed; i++)
        if (i != reg && r->value[i].text && strstr(r->value[i].text, name.text) && readers(r, i) > 0)
            name_value(r, i);
    if (!name.failed)
        assign(r, name.text, !elbo_layout_contiguous(&to->layout), held(r, reg));
    hold(r, reg, name);
}

static void compute(reading *r, const elbo__step *step)
{
    elbo__page formula = {0};
    elbo__page_put(&formula, "%s(", elbo__elementwise_name(step->elementwise));
    for (int k = 0; k < elbo__elementwise_operands(step->elementwise); k++)
        elbo__page_put(&formula, "%s%s", k ? ", " : "", held(r, step->from[k]));
    elbo__page_put(&formula, ")");
    hold(r, step->to, formula);
    if (step->operand != ELBO__NONE)
        store(r, &r->instr->in[step->operand], step->to);
    else if (readers(r, step->to) > 1 || (formula.length > LONGEST && !only_stored(r, step->to)))
        name_value(r, step->to);
}

/* A line that gives memory the sums along the rows of a register. */
static void sum(reading *r, const elbo__step *step)
{
    elbo__page name = {0}, formula = {0};
    elbo__put_name(&name, r->plan, r->instr->in[step->operand].buffer);
    elbo__page_put(&formula, step->elementwise == ELBO__abs ? "sum(abs(%s))" : "sum(%s)", held(r, step->from[0]));
    if (!name.failed && !formula.failed)
        assign(r, name.text, false, formula.text);
    r->page->failed |= name.failed || formula.failed;
    elbo__page_clear(&name);
    elbo__page_clear(&formula);
}

void elbo__put_steps(elbo__page *page, const elbo_plan *plan, const elbo__instr *instr, size_t indent)
{
    const elbo__group *group = instr->group;
    reading r = {.page = page, .plan = plan, .instr = instr, .group = group, .indent = indent};
    r.value = elbo__calloc((size_t)group->registers, sizeof *r.value);
    page->failed |= !r.value;
    for (r.at = 0; r.at < group->n_steps && !page->failed; r.at++) {
        const elbo__step *step = &group->steps[r.at];
        if (step->kind == ELBO__LOAD)
            load(&r, step);
        else if (step->kind == ELBO__STORE)
            store(&r, &instr->in[step->operand], step->from[0]);
        else if (step->kind == ELBO__SUM)
            sum(&r, step);
        else
            compute(&r, step);
    }
    for (int i = 0; r.value && i < group->registers; i++)
        elbo__page_clear(&r.value[i]);
    elbo__free(r.value);
}
