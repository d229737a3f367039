/* config.ini: what makes the run again, and in comments what it came to. */
#include <string.h>

#include "../../io/bytes.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "train_private.h"

/* The lines of the configuration that say what is to be trained, besides the options of the model and of the training:
 * `elbo train` has options of these names. */
static bool is_choice(const elbo_run *run, const char *key)
{
    static const char *const choices[] = {"model", "data", "missing", "seed"};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if (strcmp(key, choices[i]) == 0)
            return true;
    return strcmp(key, "classes") == 0 && elbo__run_takes_labels(run);
}

/* Sets, of the options of a table, those that are of use beside the others: `elbo train` refuses to hear of the rest.
 * The values are those of the configuration. */
static elbo_status set_options(elbo_ini *ini, const elbo_option *table, const char *preset,
                               const elbo_ini *configuration)
{
    elbo_values *values = elbo_values_new_preset(table, preset);
    elbo_status status = values ? ELBO_OK : ELBO_NO_MEMORY;
    for (const elbo_option *o = table; o && o->name && status == ELBO_OK; o++) {
        const char *text = elbo_ini_get(configuration, o->name);
        if (text)
            status = elbo_values_set(values, o->name, text);
    }
    for (const elbo_option *o = table; o && o->name && status == ELBO_OK; o++)
        if (elbo_values_given(values, o->name) && elbo_values_check_one(values, o->name) == ELBO_OK)
            status = elbo_ini_set(ini, o->name, elbo_ini_get(configuration, o->name));
    elbo_values_free(values);
    return status;
}

/* All else, as comments; what is longer than a line should be, such as the names of many classes, in part. */
static elbo_status comment_rest(elbo_ini *ini, const elbo_ini *configuration)
{
    elbo_status status = elbo_ini_comment(ini, "What else is known of it; `elbo info` shows all:");
    for (size_t i = 0; i < configuration->count && status == ELBO_OK; i++) {
        const elbo_ini_entry *entry = &configuration->entries[i];
        if (elbo_ini_get(ini, entry->key))
            continue;
        const bool fits = strlen(entry->value) <= 500;
        char *text = elbo__format("%s = %s%s", entry->key, fits ? entry->value : elbo__excerpt_of(entry->value).text,
                                  fits ? "" : " ...");
        status = text ? elbo_ini_comment(ini, text) : ELBO_NO_MEMORY;
        elbo__free(text);
    }
    return status;
}

/* What `elbo train --config` makes the same run from. */
elbo_status elbo__write_config(const elbo_run *run, const char *path)
{
    elbo_ini configuration = {.count = 0}, ini = {.count = 0};
    elbo_status status = elbo_run_describe(run, &configuration);
    if (status == ELBO_OK)
        status = elbo_ini_comment(&ini, "How this run was made. The keys are long options of `elbo train`, and "
                                        "`elbo train --config THIS-FILE --out NEW-RUN` makes it again.");
    if (status == ELBO_OK && !elbo_ini_get(&configuration, "data"))
        status = elbo_ini_comment(&ini, "It was trained by a program on arrays of its own: --data names the images.");
    for (size_t i = 0; i < configuration.count && status == ELBO_OK; i++)
        if (is_choice(run, configuration.entries[i].key))
            status = elbo_ini_set(&ini, configuration.entries[i].key, configuration.entries[i].value);
    if (status == ELBO_OK)
        status = set_options(&ini, run->model->options, run->model->preset, &configuration);
    if (status == ELBO_OK && !run->model->fit)
        status = set_options(&ini, elbo_training_options, NULL, &configuration);
    if (status == ELBO_OK)
        status = comment_rest(&ini, &configuration);
    if (status == ELBO_OK)
        status = elbo_ini_write(path, &ini);
    elbo_ini_free(&configuration);
    elbo_ini_free(&ini);
    return status;
}
