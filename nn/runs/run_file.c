/* A run as a file: weights under their logical shapes, and the configuration as metadata. */
#include <string.h>
#include <sys/stat.h>

#include "../../io/quote.h"
#include "../../io/safetensors.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/version.h"
#include "folder.h"
#include "run_private.h"

/* The lines of the configuration that are neither options of the model nor notes. */
enum { MODEL, VERSION, IMAGE, CLASSES, SEED, LINES };
static const elbo_option lines[LINES + 1] = {
    [MODEL] = {.name = "model", .type = ELBO_TEXT},
    [VERSION] = {.name = "version", .type = ELBO_TEXT},
    [IMAGE] = {.name = "image", .type = ELBO_SIZES, .least = 1, .greatest = 1 << 30},
    [CLASSES] = {.name = "classes", .type = ELBO_INTEGER, .least = 0, .greatest = ELBO_MAX_CLASSES},
    [SEED] = {.name = "seed", .type = ELBO_INTEGER, .least = 0, .greatest = 9.2e18},
    ELBO_OPTIONS_END,
};

/* ---- the configuration ------------------------------------------------------------------------------------------- */

/* Sets a key to a text that this function frees; NULL when it could not be made. */
static elbo_status set(elbo_ini *ini, const char *key, char *text)
{
    elbo_status status = text ? elbo_ini_set(ini, key, text) : ELBO_NO_MEMORY;
    elbo__free(text);
    return status;
}

elbo_status elbo_run_describe(const elbo_run *run, elbo_ini *out)
{
    elbo_value values[LINES] = {
        [MODEL].text = run->model->name,  [VERSION].text = ELBO_VERSION, [IMAGE].sizes.n = run->image.ndim,
        [CLASSES].integer = run->classes, [SEED].integer = run->seed,
    };
    memcpy(values[IMAGE].sizes.at, run->image.dim, (size_t)run->image.ndim * sizeof run->image.dim[0]);
    elbo_status status = ELBO_OK;
    for (int i = 0; i < LINES && status == ELBO_OK; i++)
        status = set(out, lines[i].name, elbo_option_print(&lines[i], &values[i]));
    for (const elbo_option *o = run->model->options; o && o->name && status == ELBO_OK; o++)
        status = set(out, o->name, elbo_values_print(run->options, o->name));
    for (size_t i = 0; i < run->notes.count && status == ELBO_OK; i++)
        status = elbo_ini_set(out, run->notes.entries[i].key, run->notes.entries[i].value);
    return status;
}

static bool has_row(const elbo_option *table, const char *name)
{
    for (const elbo_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* What a training goes on from, besides the weights: resume/... among the tensors, resume-... among the metadata. */
static bool is_of_training(const char *name)
{
    static const char before[] = "resume";
    const size_t length = sizeof before - 1;
    return strncmp(name, before, length) == 0 && (name[length] == '/' || name[length] == '-');
}

static bool is_note(const elbo_run *run, const char *key)
{
    return !is_of_training(key) && !has_row(lines, key) && !has_row(run->model->options, key);
}

static bool is_word(const char *name)
{
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name) &&
           *name != '-';
}

elbo_status elbo__run_check_names(const elbo_model *model)
{
    for (const elbo_option *o = model->options; o && o->name; o++)
        if (!is_word(o->name) || has_row(lines, o->name))
            return elbo__fail(ELBO_INVALID, "model \"%s\": option \"%s\": %s", model->name, o->name,
                              is_word(o->name) ? "a run has this name for something else"
                                               : "expected a name of letters, digits and \"-\"");
    return ELBO_OK;
}

elbo_status elbo_run_note(elbo_run *run, const char *key, const char *value)
{
    if (!is_note(run, key))
        return elbo__fail(ELBO_INVALID, "\"%s\" is no note: the model \"%s\" says what it is", key, run->model->name);
    const bool classes = strcmp(key, ELBO__CLASS_NAMES) == 0;
    char *line = classes ? elbo__strdup(value) : elbo__quote(value);
    elbo_status status = line ? elbo_ini_set(&run->notes, key, line) : ELBO_NO_MEMORY;
    elbo__free(line);
    return status == ELBO_OK && classes ? elbo__run_read_classes(run) : status;
}

char *elbo_run_noted(const elbo_run *run, const char *key)
{
    const char *line = elbo_ini_get(&run->notes, key);
    if (!line)
        return NULL;
    return strcmp(key, ELBO__CLASS_NAMES) == 0 ? elbo__strdup(line) : elbo__unquote(line);
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static elbo_status write_file(const elbo_run *run, const char *path, const elbo_ini *configuration)
{
    const int count = elbo_params_count(run->params);
    elbo_named_tensor *tensors = elbo__calloc((size_t)count, sizeof *tensors);
    elbo_pair *pairs = elbo__calloc(configuration->count, sizeof *pairs);
    elbo_status status = tensors && pairs ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        for (int i = 0; i < count; i++)
            tensors[i] = (elbo_named_tensor){elbo_params_name(run->params, i), elbo_params_tensor(run->params, i)};
        for (size_t i = 0; i < configuration->count; i++)
            pairs[i] = (elbo_pair){configuration->entries[i].key, configuration->entries[i].value};
        status = elbo_safetensors_write(path, tensors, count, pairs, (int64_t)configuration->count);
    }
    elbo__free(tensors);
    elbo__free(pairs);
    return status;
}

elbo_status elbo_run_save(const elbo_run *run, const char *path)
{
    const char *spoilt = elbo__run_spoilt(run);
    if (spoilt)
        return elbo__fail(ELBO_INVALID, "%s: not written: parameter \"%s\" is not finite", path, spoilt);
    elbo_ini configuration = {.count = 0};
    elbo_status status = elbo_run_describe(run, &configuration);
    if (status == ELBO_OK)
        status = write_file(run, path, &configuration);
    elbo_ini_free(&configuration);
    return status;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

/* The model that the file names, among those that are known; NULL when it is none of them. */
static const elbo_model *find_model(const elbo_safetensors *file, const elbo_model *const *models)
{
    const char *name = elbo_safetensors_metadata(file, lines[MODEL].name);
    if (!name) {
        (void)elbo__fail(ELBO_FORMAT, "holds no run: its metadata name no model");
        return NULL;
    }
    for (int i = 0; models[i]; i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    (void)elbo__fail(ELBO_FORMAT, "is a run of the model \"%.60s\", which is not known here", name);
    return NULL;
}

static elbo_status read_line(const elbo_safetensors *file, const elbo_option *line, elbo_value *out)
{
    const char *text = elbo_safetensors_metadata(file, line->name);
    if (!text)
        return elbo__fail(ELBO_FORMAT, "its metadata lack \"%s\"", line->name);
    return elbo_option_parse(line, text, out) == ELBO_OK ? ELBO_OK : ELBO_FORMAT;
}

/* The model's options as the file has them; an option that is younger than the file keeps its default. */
static elbo_status read_options(const elbo_safetensors *file, elbo_values *options)
{
    for (const elbo_option *o = elbo_values_table(options); o && o->name; o++) {
        const char *text = elbo_safetensors_metadata(file, o->name);
        if (text && elbo_values_set(options, o->name, text) != ELBO_OK)
            return ELBO_FORMAT;
    }
    return ELBO_OK;
}

static elbo_status make_run(const elbo_safetensors *file, const elbo_model *const *models, elbo_run **out)
{
    const elbo_model *model = find_model(file, models);
    elbo_value values[LINES];
    elbo_status status = model ? ELBO_OK : ELBO_FORMAT;
    for (int i = IMAGE; i < LINES && status == ELBO_OK; i++)
        status = read_line(file, &lines[i], &values[i]);
    if (status != ELBO_OK)
        return status;
    elbo_shape image = {.ndim = values[IMAGE].sizes.n};
    if (image.ndim > ELBO_MAX_RANK)
        return elbo__fail(ELBO_FORMAT, "an image of %d axes", image.ndim);
    memcpy(image.dim, values[IMAGE].sizes.at, (size_t)image.ndim * sizeof image.dim[0]);
    elbo_values *options = elbo_model_values(model);
    status = options ? read_options(file, options) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        *out = elbo_run_new(model, options, image, (int)values[CLASSES].integer, values[SEED].integer);
        status = *out ? ELBO_OK : ELBO_FORMAT;
    }
    elbo_values_free(options);
    return status;
}

static elbo_status read_notes(const elbo_safetensors *file, elbo_run *run)
{
    elbo_status status = ELBO_OK;
    for (int64_t i = 0; i < file->pairs && status == ELBO_OK; i++)
        if (is_note(run, file->metadata[i].key))
            status = elbo_ini_set(&run->notes, file->metadata[i].key, file->metadata[i].value);
    const char *steps = elbo_ini_get(&run->notes, "steps-done");
    run->steps = steps ? elbo__read_integer(steps, NULL) : 0;
    const char *images = elbo_ini_get(&run->notes, "images-trained");
    run->images = images ? elbo__read_integer(images, NULL) : 0;
    if (status == ELBO_OK)
        status = elbo__run_read_classes(run);
    return status == ELBO_INVALID ? ELBO_FORMAT : status;
}

/* Numbers of f64 are rounded where they may be. */
static elbo_status read_tensor(const elbo_named_tensor *from, elbo_run *run, bool rounded)
{
    const char *model = run->model->name;
    const int index = elbo_params_find(run->params, from->name);
    if (index < 0) {
        const char *nearest = elbo_params_nearest(run->params, from->name);
        return elbo__fail(ELBO_FORMAT, "the model \"%s\" has no parameter \"%.100s\"%s%s%s", model, from->name,
                          nearest ? "; the nearest is \"" : "", nearest ? nearest : "", nearest ? "\"" : "");
    }
    elbo_tensor to = elbo_params_tensor(run->params, index);
    const bool readable = from->tensor.dtype == to.dtype || (rounded && from->tensor.dtype == ELBO_F64);
    if (!readable || !elbo_shape_equal(&from->tensor.layout.shape, &to.layout.shape))
        return elbo__fail(ELBO_FORMAT, "parameter \"%s\" is %s %s, but the model \"%s\" has %s %s", from->name,
                          elbo_dtype_name(from->tensor.dtype), elbo_shape_format(&from->tensor.layout.shape).text,
                          model, elbo_dtype_name(to.dtype), elbo_shape_format(&to.layout.shape).text);
    elbo_tensor_copy(&to, &from->tensor);
    return ELBO_OK;
}

elbo_status elbo__run_read_weights(elbo_run *run, const elbo_safetensors *file, bool resume, bool rounded)
{
    elbo_status status = ELBO_OK;
    for (int64_t i = 0; i < file->count && status == ELBO_OK; i++)
        if (!resume || !is_of_training(file->tensors[i].name))
            status = read_tensor(&file->tensors[i], run, rounded);
    for (int i = 0; i < elbo_params_count(run->params) && status == ELBO_OK; i++)
        if (!elbo_safetensors_tensor(file, elbo_params_name(run->params, i)))
            status = elbo__fail(ELBO_FORMAT, "lacks the parameter \"%s\" of the model \"%s\"",
                                elbo_params_name(run->params, i), run->model->name);
    const char *spoilt = status == ELBO_OK ? elbo__run_spoilt(run) : NULL;
    if (spoilt)
        status = elbo__fail(ELBO_FORMAT, "parameter \"%s\" is not finite", spoilt);
    elbo_params_touch(run->params);
    return status;
}

static elbo_run *run_of(const elbo_safetensors *file, bool resume, const elbo_model *const *models)
{
    elbo_run *run = NULL;
    elbo_status status = make_run(file, models, &run);
    if (status == ELBO_OK)
        status = read_notes(file, run);
    if (status == ELBO_OK)
        status = elbo__run_read_weights(run, file, resume, false);
    if (status == ELBO_OK)
        return run;
    elbo_run_free(run);
    return NULL;
}

elbo_run *elbo__run_of_file(const elbo_safetensors *file, const elbo_model *const *models)
{
    return run_of(file, false, models);
}

static elbo_run *load_file(const char *path, bool resume, const elbo_model *const *models)
{
    elbo_safetensors file;
    if (elbo_safetensors_open(path, &file) != ELBO_OK)
        return NULL;
    elbo_run *run = run_of(&file, resume, models);
    elbo_safetensors_close(&file);
    if (!run)
        (void)elbo__fail(ELBO_FORMAT, "%s: %s", path, elbo_error());
    return run;
}

/* The message for a folder without a model: what it holds instead. */
static void no_run_in(const char *path)
{
    struct stat info;
    elbo__listing list = {.count = 0};
    const char *first = NULL;
    size_t runs = 0;
    char *resume = elbo__folder_resume(path);
    if (!resume && elbo__list_folder(path, &list) == ELBO_OK)
        for (size_t i = 0; i < list.count; i++) {
            char *model = elbo__format("%s/%s/" ELBO__MODEL_FILE, path, list.names[i]);
            if (model && stat(model, &info) == 0) {
                first = first ? first : list.names[i];
                runs++;
            }
            elbo__free(model);
        }
    if (resume)
        (void)elbo__fail(
            ELBO_IO, "%s: holds no model yet: its training has not finished an epoch; --resume goes on with it", path);
    else if (runs)
        (void)elbo__fail(ELBO_IO, "%s: holds %zu run%s, such as %s/%s, and is none itself", path, runs,
                         runs > 1 ? "s" : "", path, first);
    else
        (void)elbo__fail(ELBO_IO, "%s: holds no run: there is no " ELBO__MODEL_FILE, path);
    elbo__free(resume);
    elbo__listing_free(&list);
}

elbo_run *elbo_run_load(const char *path, const elbo_model *const *models)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return load_file(path, false, models);
    char *file = elbo__format("%s/" ELBO__MODEL_FILE, path);
    elbo_run *run = NULL;
    if (file && stat(file, &info) != 0)
        no_run_in(path);
    else if (file)
        run = load_file(file, false, models);
    elbo__free(file);
    return run;
}

elbo_run *elbo__run_load_resume(const char *path, const elbo_model *const *models)
{
    return load_file(path, true, models);
}
