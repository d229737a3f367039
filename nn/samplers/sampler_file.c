/* Samplers as files: what was fitted, its options, and a hash of the weights that it belongs to. */
#include <string.h>
#include <sys/stat.h>

#include "../../io/bytes.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../runs/folder.h"
#include "sampler_private.h"

#define KEY_SAMPLER "sampler"
#define KEY_WEIGHTS "of-weights"

char *elbo_sampler_path(const char *path, const char *name)
{
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return elbo__format("%s/" ELBO__SAMPLER_FILE, path, name);
    return elbo__format("%.*s" ELBO__SAMPLER_FILE, slash ? (int)(slash - path) + 1 : 0, path, name);
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

static void add_bytes(void *hash, const void *bytes, size_t count)
{
    *(uint64_t *)hash = elbo__hash(*(uint64_t *)hash, bytes, count);
}

/* Names and numbers of all weights, as 16 digits. */
typedef struct {
    char text[17];
} weights_mark;

static weights_mark mark_of(const elbo_run *run)
{
    uint64_t hash = ELBO__HASH_START;
    weights_mark mark;
    for (int i = 0; i < elbo_params_count(run->params); i++) {
        const char *name = elbo_params_name(run->params, i);
        const elbo_tensor weight = elbo_params_tensor(run->params, i);
        add_bytes(&hash, name, strlen(name) + 1);
        elbo__pour(&weight, ELBO__LITTLE_ENDIAN, add_bytes, &hash);
    }
    elbo__print(mark.text, sizeof mark.text, "%016llx", (unsigned long long)hash);
    return mark;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

elbo_status elbo__sampler_write_tensors(const char *path, const elbo_named_tensor *tensors, int64_t count,
                                        const elbo_ini *notes)
{
    elbo_pair *pairs = elbo__calloc(notes->count, sizeof *pairs);
    elbo_status status = ELBO_NO_MEMORY;
    for (size_t i = 0; pairs && i < notes->count; i++)
        pairs[i] = (elbo_pair){notes->entries[i].key, notes->entries[i].value};
    if (pairs)
        status = elbo_safetensors_write(path, tensors, count, pairs, (int64_t)notes->count);
    elbo__free(pairs);
    return status;
}

/* The options that are of use to the sampler, what the fit came to, and the mark of the weights. */
static elbo_status describe(const elbo_sampler *s, elbo_ini *out)
{
    elbo_status status = elbo_ini_set(out, KEY_WEIGHTS, mark_of(s->run).text);
    for (const elbo_option *o = elbo_sampler_options; o->name && status == ELBO_OK; o++) {
        char *text = elbo_values_check_one(s->values, o->name) == ELBO_OK ? elbo_values_print(s->values, o->name)
                                                                          : NULL;
        if (text)
            status = elbo_ini_set(out, o->name, text);
        elbo_release(text);
    }
    for (size_t i = 0; i < s->notes.count && status == ELBO_OK; i++)
        status = elbo_ini_set(out, s->notes.entries[i].key, s->notes.entries[i].value);
    return status;
}

elbo_status elbo_sampler_save(const elbo_sampler *s, const char *path)
{
    elbo_ini notes = {.count = 0};
    if (!s->kind->write)
        return elbo__fail(ELBO_INVALID, "%s: not written: nothing is fitted for sampler %s", path, s->name);
    elbo_status status = describe(s, &notes);
    if (status == ELBO_OK)
        status = s->kind->write(s, path, &notes);
    elbo_ini_free(&notes);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Options and notes of the metadata. An option that is younger than the file keeps its default. */
static elbo_status read_notes(elbo_sampler *s, const elbo_safetensors *file)
{
    elbo_status status = ELBO_OK;
    for (int64_t i = 0; i < file->pairs && status == ELBO_OK; i++) {
        const elbo_pair *pair = &file->metadata[i];
        bool option = false;
        for (const elbo_option *o = elbo_sampler_options; o->name; o++)
            option |= strcmp(o->name, pair->key) == 0;
        if (option)
            status = elbo_values_set(s->values, pair->key, pair->value);
        else if (strcmp(pair->key, KEY_WEIGHTS) != 0)
            status = elbo_ini_set(&s->notes, pair->key, pair->value);
    }
    return status == ELBO_INVALID ? ELBO_FORMAT : status;
}

static elbo_status read_file(elbo_run *run, const elbo_safetensors *file, elbo_sampler **out)
{
    const char *name = elbo_safetensors_metadata(file, KEY_SAMPLER);
    const char *weights = elbo_safetensors_metadata(file, KEY_WEIGHTS);
    *out = NULL;
    if (!name || !weights || !elbo_sampler_is_fitted(name))
        return elbo__fail(ELBO_FORMAT, "holds no sampler that is known here");
    if (strcmp(weights, mark_of(run).text) != 0)
        return elbo__fail(ELBO_INVALID, "was fitted to other weights than the run has now");
    if (!(*out = elbo__sampler_new(run, name)))
        return ELBO_FORMAT;
    elbo_status status = read_notes(*out, file);
    return status == ELBO_OK ? (*out)->kind->read(*out, file) : status;
}

elbo_sampler *elbo_sampler_load(elbo_run *run, const char *path)
{
    elbo_safetensors file;
    elbo_sampler *s = NULL;
    if (elbo_safetensors_open(path, &file) != ELBO_OK)
        return NULL;
    elbo_status status = read_file(run, &file, &s);
    elbo_safetensors_close(&file);
    if (status == ELBO_OK)
        return s;
    (void)elbo__fail(status, "%s: %s", path, elbo_error());
    elbo_sampler_free(s);
    return NULL;
}

elbo_status elbo_sampler_check(const elbo_sampler *s, const elbo_values *options)
{
    elbo_status status = ELBO_OK;
    for (const elbo_option *o = elbo_sampler_options; o->name && status == ELBO_OK; o++) {
        if (!elbo_values_given(options, o->name))
            continue;
        char *asked = elbo_values_print(options, o->name), *has = elbo_values_print(s->values, o->name);
        if (!asked || !has)
            status = ELBO_NO_MEMORY;
        else if (strcmp(asked, has) != 0)
            status = elbo__fail(ELBO_INVALID, "sampler %s was fitted with %s %s, and %s is asked for", s->name, o->name,
                                has, asked);
        elbo_release(asked);
        elbo_release(has);
    }
    return status;
}
