/* What a report says in words and numbers: the summary, the configuration, the machine. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../autograd/plan.h"
#include "../../tensor/machine.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/version.h"
#include "report_private.h"

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

static const elbo__metric known[] = {
    {"loss", "Loss", ""},
    {"elbo", "ELBO", NULL}, /* of a bound */
    {"recon", "Reconstruction", NULL},
    {"kl", "KL", "nats per image"},
    {"log_likelihood", "log p(x)", "nats per image"},
    {"squared_error", "Squared error", "per image"},
    {"corrupted_error", "Squared error of the corrupted images", "per image"},
    {"activity", "Mean activation of sparse units", ""},
};
enum { KNOWN = sizeof known / sizeof known[0] };

elbo__metric elbo__metric_of(const elbo_run *run, const char *name)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(known[i].metric, name) == 0)
            return (elbo__metric){name, known[i].title, known[i].unit ? known[i].unit : elbo_run_unit(run)};
    return (elbo__metric){name, name, strncmp(name, "iwae-", 5) == 0 ? elbo_run_unit(run) : ""};
}

static const struct {
    const char *prefix, *title;
} parts[] = {{"train-", "training"}, {"val-", "validation"}, {"test-", "test"}};
enum { PARTS = sizeof parts / sizeof parts[0] };

/* "squared-error" and "squared_error" */
static bool same_metric(const char *a, const char *b)
{
    for (; *a && (*a == *b || (*a == '_' && *b == '-') || (*a == '-' && *b == '_')); a++, b++)
        continue;
    return *a == *b;
}

/* The metric of a note such as test-elbo, as a column of metrics.csv or a known one calls it; NULL for other notes. */
static const char *metric_of_note(const elbo__report *r, const char *note)
{
    const char *name = NULL;
    for (int p = 0; p < PARTS && !name; p++)
        if (strncmp(note, parts[p].prefix, strlen(parts[p].prefix)) == 0)
            name = note + strlen(parts[p].prefix);
    for (int c = 0; name && c < r->metrics.columns; c++)
        if (same_metric(r->metrics.names[c], note))
            return r->metrics.names[c] + (name - note);
    for (int i = 0; name && i < KNOWN; i++)
        if (same_metric(known[i].metric, name))
            return known[i].metric;
    return NULL;
}

/* Whether an earlier note is of the same metric, for another part. */
static bool met_before(const elbo__report *r, size_t note, const char *metric)
{
    for (size_t i = 0; i < note; i++) {
        const elbo_ini_entry *e = &r->notes.entries[i];
        const char *other = e->key ? metric_of_note(r, e->key) : NULL;
        if (other && strcmp(other, metric) == 0)
            return true;
    }
    return false;
}

/* A number as people write it: two decimals, or four digits where it is small. */
typedef struct {
    char text[40];
} number;

static number number_of(double value)
{
    number n;
    elbo__print(n.text, sizeof n.text, fabs(value) >= 10 || value == 0 ? "%.2f" : "%.4g", value);
    return n;
}

/* The note of a metric and a part; NULL where there is none. */
static const elbo_ini_entry *note_of(const elbo__report *r, int part, const char *metric)
{
    const size_t prefix = strlen(parts[part].prefix);
    for (size_t i = 0; i < r->notes.count; i++) {
        const elbo_ini_entry *e = &r->notes.entries[i];
        if (e->key && strncmp(e->key, parts[part].prefix, prefix) == 0 && same_metric(e->key + prefix, metric))
            return e;
    }
    return NULL;
}

/* Whether any metric was noted for a part. */
static bool is_measured(const elbo__report *r, int part)
{
    for (size_t i = 0; i < r->notes.count; i++) {
        const char *key = r->notes.entries[i].key;
        if (key && strncmp(key, parts[part].prefix, strlen(parts[part].prefix)) == 0 && metric_of_note(r, key))
            return true;
    }
    return false;
}

static void put_row(elbo__report *r, const char *name)
{
    const elbo__metric metric = elbo__metric_of(r->run, name);
    elbo__html(r->out, "<tr><th scope=\"row\">%s", metric.title);
    if (metric.unit[0])
        elbo__html(r->out, " <span class=\"unit\">%s</span>", metric.unit);
    elbo__html(r->out, "</th>");
    for (int p = 0; p < PARTS; p++) {
        const elbo_ini_entry *note = note_of(r, p, name);
        if (is_measured(r, p))
            elbo__html(r->out, "<td>%s</td>", note ? number_of(elbo__read_number(note->value, NULL)).text : "");
    }
    elbo__html(r->out, "</tr>\n");
}

/* The figures of a training are means over its epoch, during which the weights moved; of a model that is fitted they
 * are the model's own. */
static bool is_of_the_way(const elbo__report *r, int part)
{
    return strcmp(parts[part].prefix, "train-") == 0 && !elbo_run_model(r->run)->fit;
}

static void put_heading(elbo__report *r)
{
    bool moved = false;
    for (int p = 0; p < PARTS; p++)
        moved |= is_measured(r, p) && is_of_the_way(r, p);
    elbo__html(r->out,
               "<div class=\"wide\">\n<table class=\"figures\">\n<caption>Means over images, of the model that was "
               "kept%s</caption>\n<thead><tr><th scope=\"col\">Figure</th>",
               moved ? "; those of training over the batches of its epoch, while the weights still moved" : "");
    for (int p = 0; p < PARTS; p++)
        if (is_measured(r, p))
            elbo__html(r->out, "<th scope=\"col\">%s%s</th>", parts[p].title,
                       is_of_the_way(r, p) ? ", on the way" : "");
    elbo__html(r->out, "</tr></thead>\n<tbody>\n");
}

/* A row for each metric, a column for each part that was measured. */
static void put_figures(elbo__report *r)
{
    bool begun = false;
    for (size_t i = 0; i < r->notes.count; i++) {
        const char *key = r->notes.entries[i].key, *name = key ? metric_of_note(r, key) : NULL;
        if (!name || met_before(r, i, name))
            continue;
        if (!begun)
            put_heading(r);
        begun = true;
        put_row(r, name);
    }
    if (begun)
        elbo__html(r->out, "</tbody>\n</table>\n</div>\n");
}

/* ---- summary ----------------------------------------------------------------------------------------------------- */

static void put_fact(elbo__report *r, const char *name, const char *value)
{
    if (value && *value)
        elbo__html(r->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

/* Where the name of a folder begins in a text: its first "/" that nothing or a blank stands before. NULL: nowhere. */
static const char *find_path(const char *text)
{
    const char *path = strchr(text, '/');
    while (path && path > text && path[-1] != ' ')
        path = strchr(path + 1, '/');
    return path;
}

/* A text that may go on in another line after each "/". */
static void put_parts(elbo__report *r, const char *text)
{
    char part[300];
    while (*text) {
        const size_t length = strcspn(text, "/") + (strchr(text, '/') != NULL);
        elbo__print(part, sizeof part, "%.*s", (int)length, text);
        elbo__html(r->out, "%s", part);
        text += length;
        if (*text)
            elbo__html(r->out, "<wbr>");
    }
}

/* A text with the name of a folder in it, of which a long one is shown by its last parts, and whole where it is
 * pointed at: "part test of /home/me/pictures/digits" as "part test of .../pictures/digits". */
static void put_place(elbo__report *r, const char *name, const char *value)
{
    enum { LONG = 40 };
    if (!value || !*value)
        return;
    const char *path = find_path(value), *tail = path ? path : value;
    while (path && strlen(tail) > LONG && strchr(tail + 1, '/'))
        tail = strchr(tail + 1, '/');
    elbo__html(r->out, "<div><dt>%s</dt><dd title=\"%s\">", name, value);
    if (path) {
        char *before = elbo__format("%.*s", (int)(path - value), value);
        elbo__html(r->out, "%s%s", before ? before : "", tail == path ? "" : "\xe2\x80\xa6");
        elbo__free(before);
    }
    put_parts(r, tail);
    elbo__html(r->out, "</dd></div>\n");
}

static void put_count(elbo__report *r, const char *name, int64_t value)
{
    char text[32];
    elbo__print(text, sizeof text, "%" PRId64, value);
    put_fact(r, name, text);
}

/* "28 x 28", "3 x 64 x 64" */
static void put_shape(elbo__report *r)
{
    const elbo_shape image = elbo_run_image(r->run);
    char text[128] = "";
    size_t end = 0;
    for (int i = 0; i < image.ndim && end < sizeof text; i++)
        end += (size_t)elbo__print(text + end, sizeof text - end, "%s%" PRId64, i ? " \xc3\x97 " : "", image.dim[i]);
    put_fact(r, "Image", text);
}

static int64_t parameters_of(elbo_run *run)
{
    const elbo_params *params = elbo_run_params(run);
    int64_t numbers = 0;
    for (int i = 0; i < elbo_params_count(params); i++) {
        const elbo_shape shape = elbo_params_shape(params, i);
        numbers += elbo_shape_size(&shape);
    }
    return numbers;
}

/* How long the training took, from the last row of timing.csv: "2 min 5 s" */
static void put_time(elbo__report *r)
{
    const elbo_csv_table *timing = &r->timing;
    const int column = elbo_csv_column(timing, "seconds");
    const double seconds = column < 0 || timing->rows == 0
                               ? NAN
                               : timing->values[(timing->rows - 1) * timing->columns + column];
    char text[64] = "";
    if (!(seconds >= 0 && seconds < 1e9))
        return;
    const long long whole = llround(seconds);
    if (seconds < 10)
        elbo__print(text, sizeof text, "%.1f s", seconds);
    else if (whole < 60)
        elbo__print(text, sizeof text, "%lld s", whole);
    else if (whole < 3600)
        elbo__print(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
    else
        elbo__print(text, sizeof text, "%lld h %lld min", whole / 3600, whole / 60 % 60);
    put_fact(r, "Training time", text);
}

static void put_use(elbo__report *r)
{
    char text[64];
    if (r->use.latent == 0)
        return;
    elbo__print(text, sizeof text, "%" PRId64 " of %" PRId64, r->use.active, r->use.latent);
    put_fact(r, "Active units", text);
}

elbo_status elbo__report_summary(elbo__report *r)
{
    const elbo_ini *notes = &r->notes;
    elbo__html(r->out, "<dl class=\"facts\">\n");
    put_fact(r, "Model", elbo_run_model(r->run)->name);
    put_fact(r, "Likelihood", elbo_ini_get(notes, "likelihood"));
    put_shape(r);
    put_count(r, "Latent dimensions", elbo_run_latent(r->run));
    put_use(r);
    put_count(r, "Parameters", parameters_of(r->run));
    put_fact(r, "Epochs", elbo_ini_get(notes, "epochs-done"));
    put_fact(r, "Steps", elbo_ini_get(notes, "steps-done"));
    put_time(r);
    put_place(r, "Trained on", elbo_ini_get(notes, "data"));
    put_place(r, "Shown here", r->options.source);
    elbo__html(r->out, "</dl>\n");
    put_figures(r);
    return ELBO_OK;
}

/* ---- configuration and machine ----------------------------------------------------------------------------------- */

elbo_status elbo__report_configuration(elbo__report *r)
{
    elbo__html(r->out,
               "<details>\n<summary>All options and notes of the run</summary>\n<table class=\"pairs\">\n<tbody>\n");
    for (size_t i = 0; i < r->notes.count; i++) {
        const elbo_ini_entry *e = &r->notes.entries[i];
        if (e->key)
            elbo__html(r->out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", e->key, e->value);
    }
    elbo__html(r->out, "</tbody>\n</table>\n</details>\n");
    return ELBO_OK;
}

elbo_status elbo__report_machine(elbo__report *r)
{
    const elbo_machine machine = elbo_machine_describe();
    elbo__html(r->out, "<p>This page was made here; the run's own notes stand in its configuration.</p>\n"
                       "<dl class=\"facts\">\n");
    put_fact(r, "Processor", machine.processor);
    put_count(r, "Threads", elbo_threads());
    put_fact(r, "Kernels", machine.instructions);
    put_fact(r, "Products of f32", machine.own_f32 ? machine.instructions : machine.blis);
    put_fact(r, "elbo", elbo_version());
    elbo__html(r->out, "</dl>\n");
    return ELBO_OK;
}
