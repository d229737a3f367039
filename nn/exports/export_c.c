/* A program as one C99 file: weights, the functions that are called, and one that calls them. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../io/bytes.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/version.h"
#include "c_source.h"

/* ---- numbers and names ------------------------------------------------------------------------------------------- */

/* A float as C has it: 0.5f, (-2.0f), INFINITY. The same float is read from it. */
elbo__c_text elbo__c_literal_of(double value)
{
    elbo__c_text l;
    const float x = (float)value;
    const bool negative = signbit(x) && !isnan(x);
    if (!isfinite(x)) {
        elbo__print(l.text, sizeof l.text, isnan(x) ? "NAN" : negative ? "(-INFINITY)" : "INFINITY");
        return l;
    }
    char digits[24];
    elbo__print(digits, sizeof digits, "%.9g", (double)x);
    elbo__print(l.text, sizeof l.text, "%s%s%sf%s", negative ? "(" : "", digits, strpbrk(digits, ".e") ? "" : ".0",
                negative ? ")" : "");
    return l;
}

/* Numbers of a table, as many a line as fit. */
typedef struct {
    elbo__page *page;
    int column;
} table_page;

static void take_numbers(void *user, const void *bytes, size_t count)
{
    table_page *t = user;
    const float *x = bytes;
    for (size_t i = 0; i < count / sizeof *x; i++) {
        const elbo__c_text l = elbo__c_literal_of((double)x[i]);
        const bool wrapped = l.text[0] == '('; /* a table needs no brackets */
        const int length = (int)strlen(l.text) - 2 * wrapped;
        if (t->column + length + 2 > 116 || t->column == 0) {
            elbo__page_put(t->page, "\n   ");
            t->column = 3;
        }
        elbo__page_put(t->page, " %.*s,", length, l.text + wrapped);
        t->column += length + 2;
    }
}

static void put_table(const elbo__c_source *s, int i)
{
    const elbo__step *step = &s->program->steps[i];
    const elbo_shape *shape = &step->shape;
    table_page t = {.page = s->page};
    elbo__page_put(s->page, "\nstatic const float %s[", s->of[i]);
    for (int axis = 0; axis < shape->ndim; axis++)
        elbo__page_put(s->page, "%s%" PRId64, axis ? " * " : "", shape->dim[axis]);
    elbo__page_put(s->page, "%s] = {", shape->ndim ? "" : "1");
    elbo__pour(&step->values, elbo__native_order(), take_numbers, &t);
    elbo__page_put(s->page, "\n};\n");
}

static bool is_taken(const elbo__c_source *s, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (s->of[i] && strcmp(s->of[i], name) == 0)
            return true;
    return false;
}

/* decoder.hidden.weight -> decoder_hidden_weight, of which there is no other: no name of the function's, which have no
 * "_" in them, and none that compilers need not tell from it. */
static char *name_table(const elbo__c_source *s, int i)
{
    enum { SIGNIFICANT = 50 };
    const elbo__step *step = &s->program->steps[i];
    const bool whole = step->name && strchr(step->name, '.') && elbo__to_lower(*step->name) >= 'a' &&
                       elbo__to_lower(*step->name) <= 'z';
    char *given = elbo__format("%s%.*s", whole ? "" : "w_", SIGNIFICANT, step->name ? step->name : "array");
    char *name = given ? elbo__identifier(given) : NULL;
    elbo__free(given);
    if (!name || !is_taken(s, i, name))
        return name;
    char *other = elbo__format("%s_%d", name, i);
    elbo__free(name);
    return other;
}

/* Where value i lies, as a pointer. */
elbo__c_text elbo__c_reference_to(const elbo__c_source *s, int i)
{
    elbo__c_text r;
    const elbo__c_place *place = &s->storage.places[s->storage.of[i]];
    int from = i; /* the leaf whose place it is */
    while (s->program->steps[from].op == ELBO__STEP_RESHAPE)
        from = s->program->steps[from].in[0];
    if (s->of[from])
        elbo__print(r.text, sizeof r.text, "%s", s->of[from]);
    else if (s->program->steps[from].op == ELBO__STEP_INPUT)
        elbo__print(r.text, sizeof r.text, "%s", s->program->steps[from].name);
    else if (place->output >= 0)
        elbo__print(r.text, sizeof r.text, "%s", s->program->output_names[place->output]);
    else
        elbo__print(r.text, sizeof r.text, "h%d", place->buffer + 1);
    return r;
}

static bool is_number(const elbo__c_source *s, int i)
{
    return s->program->steps[i].op == ELBO__STEP_CONSTANT;
}

/* Entry of value i where reference k of the loops is: "h1[i]", or a number. */
elbo__c_text elbo__c_entry_of(const elbo__c_source *s, int i, const elbo__c_loops *loops, int k)
{
    elbo__c_text r;
    int from = i;
    while (s->program->steps[from].op == ELBO__STEP_RESHAPE)
        from = s->program->steps[from].in[0];
    if (is_number(s, from))
        elbo__print(r.text, sizeof r.text, "%s", elbo__c_literal_of(s->program->steps[from].value).text);
    else
        elbo__print(r.text, sizeof r.text, "%s[%s]", elbo__c_reference_to(s, i).text, elbo__c_index_of(loops, k).text);
    return r;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* The input that is numbers, z or x, or the one that is a label; -1: there is none. */
static int input_of(const elbo__program *p, elbo_dtype dtype)
{
    for (int i = 0; i < p->count; i++)
        if (p->steps[i].op == ELBO__STEP_INPUT && p->steps[i].dtype == dtype)
            return i;
    return -1;
}

static bool takes_label(const elbo__program *p)
{
    return input_of(p, ELBO_I32) >= 0;
}

static int64_t size_of(const elbo__c_source *s, int i)
{
    return elbo_shape_size(&s->program->steps[i].shape);
}

/* const float *z, int label, float *x, float *work */
static void put_parameters(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    const int in = input_of(p, ELBO_F32);
    if (in >= 0)
        elbo__page_put(s->page, "const float *%s, ", p->steps[in].name);
    elbo__page_put(s->page, takes_label(p) ? "int label, " : "");
    for (int k = 0; k < p->n_outputs; k++)
        elbo__page_put(s->page, "float *%s, ", p->output_names[k]);
    elbo__page_put(s->page, "float *work");
}

/* "z, label, x, work" */
static void put_arguments(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    const int in = input_of(p, ELBO_F32);
    if (in >= 0)
        elbo__page_put(s->page, "%s, ", p->steps[in].name);
    elbo__page_put(s->page, takes_label(p) ? "label, " : "");
    for (int k = 0; k < p->n_outputs; k++)
        elbo__page_put(s->page, "%s, ", p->output_names[k]);
    elbo__page_put(s->page, "work");
}

/* "float z[20], x[784], work[VAE_DECODE_WORK];" */
static void put_declarations(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    const int in = input_of(p, ELBO_F32);
    elbo__page_put(s->page, "float ");
    if (in >= 0)
        elbo__page_put(s->page, "%s[%" PRId64 "], ", p->steps[in].name, size_of(s, in));
    for (int k = 0; k < p->n_outputs; k++)
        elbo__page_put(s->page, "%s[%" PRId64 "], ", p->output_names[k], size_of(s, p->outputs[k]));
    elbo__page_put(s->page, "work[%s_WORK];\n", s->macro);
}

/* What goes in or comes out at either end. */
static void put_ends(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    const elbo_shape image = elbo_run_image(p->run);
    const bool decodes = p->role == ELBO__DECODE;
    const long long latent = (long long)elbo_run_latent(p->run);
    if (decodes)
        elbo__page_put(s->page, " *     z: %lld numbers, a code\n", latent);
    else
        elbo__page_put(s->page, " *     x: an image of %s numbers, as the encoder sees it\n",
                       elbo__sizes_text_of(&image).text);
    if (takes_label(p))
        elbo__page_put(s->page, " *     label: its class, 0 to %d (any other counts as none, which no training saw)\n",
                       elbo_run_classes(p->run) - 1);
    if (decodes)
        elbo__page_put(s->page, " *     x: comes out, the mean of p(x|z), an image of %s numbers\n",
                       elbo__sizes_text_of(&image).text);
    else if (p->n_outputs == 2)
        elbo__page_put(s->page, " *     mean, logvar: come out, of q(z|x), %lld numbers each\n", latent);
    else
        elbo__page_put(s->page, " *     code: comes out, %lld numbers\n", latent);
    elbo__page_put(s->page, " *     work: memory to work in\n");
}

static void put_head(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    elbo__page_put(s->page, "/* The %s of a model \"%s\", written by elbo %s.\n *\n *     ",
                   p->role == ELBO__DECODE ? "decoder" : "encoder", elbo_run_model(p->run)->name, ELBO_VERSION);
    put_declarations(s);
    elbo__page_put(s->page, " *     %s(", s->name);
    put_arguments(s);
    elbo__page_put(s->page, ");\n *\n");
    put_ends(s);
    elbo__page_put(
        s->page,
        " *\n * C99, with the C library's mathematics (-lm) and nothing else. Nothing but what it is given is "
        "written to, so\n * threads may call it at once. With -D%s_MAIN the file is a program: it reads numbers "
        "from its\n * standard input%s and prints a line of results for each image; where it cannot, the "
        "reason\n * goes to stderr, and the status is 1:\n *\n *     cc -O2 -D%s_MAIN FILE.c -lm -o %s\n */\n",
        s->macro, takes_label(p) ? ", each image's label first," : "", s->macro, s->name);
}

static void put_function(elbo__c_source *s)
{
    const elbo__program *p = s->program;
    int64_t at = 0;
    elbo__page_put(s->page, "\nvoid %s(", s->name);
    put_parameters(s);
    elbo__page_put(s->page, ")\n{\n");
    for (int b = 0; b < s->storage.n_buffers; at += s->storage.sizes[b++]) {
        elbo__page_put(s->page, "    float *const h%d = work", b + 1);
        elbo__page_put(s->page, b ? " + %" PRId64 ";\n" : ";\n", at);
    }
    elbo__page_put(s->page, s->storage.n_buffers ? "\n" : "    (void)work;\n");
    for (int i = 0; i < p->count && s->status == ELBO_OK; i++)
        elbo__c_put_step(s, i);
    for (int k = 0; k < p->n_outputs; k++) { /* what lies elsewhere: an input, or the other output */
        elbo__c_loops loops = elbo__c_loops_over(&ELBO_SHAPE(size_of(s, p->outputs[k])));
        if (s->storage.places[s->storage.of[p->outputs[k]]].output == k)
            continue;
        elbo__c_loops_add(&loops, &loops.shape);
        elbo__c_put_loops(s->page, &loops);
        elbo__page_put(s->page, "%s[%s] = %s;\n", p->output_names[k], elbo__c_index_of(&loops, 0).text,
                       elbo__c_entry_of(s, p->outputs[k], &loops, 1).text);
    }
    elbo__page_put(s->page, "}\n");
}

/* What the program calls: their names have no "_" in them, so no table is called that. */
static const char main_functions[] = "static void refuse(long image, const char *why)\n"
                                     "{\n"
                                     "    fprintf(stderr, \"image %ld: %s\\n\", image, why);\n"
                                     "    exit(1);\n"
                                     "}\n\n"
                                     "/* 0 at the end of the input */\n"
                                     "static int next(float *number, long image)\n"
                                     "{\n"
                                     "    const int read = scanf(\"%f\", number);\n"
                                     "    if (read == 0)\n"
                                     "        refuse(image, \"what comes next is no number\");\n"
                                     "    return read == 1;\n"
                                     "}\n\n";

/* Reads what an image has to have, and refuses what the function could not make sense of. */
static void put_reading(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    const int in = input_of(p, ELBO_F32);
    const bool label = takes_label(p);
    if (label)
        elbo__page_put(s->page,
                       "        float given;\n"
                       "        if (!next(&given, image))\n            return 0;\n"
                       "        if (!(given >= 0 && given <= %d && given == floorf(given)))\n"
                       "            refuse(image, \"its label is no whole number from 0 to %d\");\n",
                       elbo_run_classes(p->run) - 1, elbo_run_classes(p->run) - 1);
    elbo__page_put(s->page, "        for (int i = 0; i < %" PRId64 "; i++)\n            if (!next(&%s[i], image)) {\n",
                   size_of(s, in), p->steps[in].name);
    if (!label)
        elbo__page_put(s->page, "                if (i == 0)\n                    return 0;\n");
    elbo__page_put(s->page,
                   "                refuse(image, \"there are fewer than %" PRId64 " numbers%s\");\n            }\n",
                   size_of(s, in), label ? " after its label" : "");
    if (label)
        elbo__page_put(s->page, "        const int label = (int)given;\n");
}

static void put_main(const elbo__c_source *s)
{
    const elbo__program *p = s->program;
    elbo__page_put(s->page, "\n#ifdef %s_MAIN\n#include <stdio.h>\n#include <stdlib.h>\n\n", s->macro);
    elbo__page_put(s->page, "%sint main(void)\n{\n    static ", main_functions);
    put_declarations(s);
    elbo__page_put(s->page, "    for (long image = 1;; image++) {\n");
    put_reading(s);
    elbo__page_put(s->page, "        %s(", s->name);
    put_arguments(s);
    elbo__page_put(s->page, ");\n");
    for (int k = 0; k < p->n_outputs; k++)
        elbo__page_put(s->page,
                       "        for (int i = 0; i < %" PRId64 "; i++)\n"
                       "            printf(\"%%s%%.9g\", %s, (double)%s[i]);\n",
                       size_of(s, p->outputs[k]), k ? "\" \"" : "i ? \" \" : \"\"", p->output_names[k]);
    elbo__page_put(s->page, "        printf(\"\\n\");\n    }\n}\n#endif\n");
}

static int64_t work_of(const elbo__c_storage *storage)
{
    int64_t sum = 0;
    for (int b = 0; b < storage->n_buffers; b++)
        sum += storage->sizes[b];
    return sum ? sum : 1;
}

/* Generated code counts in int. */
static elbo_status check_sizes(const elbo__c_source *s)
{
    for (int i = 0; i < s->program->count; i++)
        if (size_of(s, i) > INT32_MAX)
            return elbo__fail(ELBO_INVALID, "C: \"%s\" of %s numbers is too large",
                              elbo__step_name(&s->program->steps[i]),
                              elbo__sizes_text_of(&s->program->steps[i].shape).text);
    return ELBO_OK;
}

static void put_file(elbo__c_source *s)
{
    const elbo__program *p = s->program;
    put_head(s);
    elbo__page_put(s->page, "#include <math.h>\n#include <stddef.h>\n\n#define %s_WORK %" PRId64 "\n\nvoid %s(",
                   s->macro, work_of(&s->storage), s->name);
    put_parameters(s);
    elbo__page_put(s->page, ");\n");
    for (int i = 0; i < p->count; i++)
        if (s->of[i])
            put_table(s, i);
    bool written[ELBO__STEP_KINDS] = {false};
    for (int i = 0; i < p->count; i++) {
        const char *function = elbo__c_function_of(&p->steps[i]);
        if (function && !written[p->steps[i].op])
            elbo__page_put(s->page, "%s", function);
        written[p->steps[i].op] = true;
    }
    put_function(s);
    if (input_of(p, ELBO_F32) >= 0)
        put_main(s);
}

/* Names of the function, its macros and the tables. */
static elbo_status find_names(elbo__c_source *s)
{
    const elbo__program *p = s->program;
    char *model = elbo__identifier(elbo_run_model(p->run)->name);
    s->name = model ? elbo__format("%s%s_%s", *model == '_' ? "model" : "", model, elbo_role_names[p->role]) : NULL;
    s->macro = s->name ? elbo__strdup(s->name) : NULL;
    s->of = elbo__calloc((size_t)p->count, sizeof *s->of);
    elbo__free(model);
    for (char *c = s->macro; c && *c; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    bool room = s->macro && s->of;
    for (int i = 0; room && i < p->count; i++)
        if (p->steps[i].op == ELBO__STEP_WEIGHT || p->steps[i].op == ELBO__STEP_ARRAY)
            room = (s->of[i] = name_table(s, i)) != NULL;
    return room ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo_export_c(elbo_run *run, elbo_part part, const char *path)
{
    elbo__program program;
    elbo__page page = {.text = NULL};
    elbo_status status = elbo__program_of_part(run, part, &program);
    if (status != ELBO_OK)
        return status;
    elbo__c_source s = {.program = &program, .page = &page};
    status = elbo__c_store(&program, &s.storage);
    if (status == ELBO_OK)
        status = find_names(&s);
    if (status == ELBO_OK)
        status = check_sizes(&s);
    if (status == ELBO_OK)
        put_file(&s);
    status = elbo__write_page(path, &page, status != ELBO_OK ? status : s.status);
    for (int i = 0; s.of && i < program.count; i++)
        elbo__free(s.of[i]);
    elbo__free(s.of);
    elbo__free(s.name);
    elbo__free(s.macro);
    elbo__c_storage_free(&s.storage);
    elbo__program_free(&program);
    return status;
}
