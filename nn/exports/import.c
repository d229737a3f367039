/* Weights from elsewhere as a run. */
#include "../../io/safetensors.h"
#include "../../tensor/memory.h"
#include "../runs/folder.h"
#include "../runs/run_private.h"
#include "export.h"

/* What is said of the data is true of the new run, too; what is said of the training is not. */
static elbo_status take_notes(elbo_run *run, const elbo_run *like, const char *path)
{
    static const char *const kept[] = {"data", "missing", "test-draws", ELBO__CLASS_NAMES};
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0] && status == ELBO_OK; i++) {
        const char *line = elbo_ini_get(&like->notes, kept[i]);
        if (line)
            status = elbo_ini_set(&run->notes, kept[i], line);
    }
    if (status == ELBO_OK)
        status = elbo__run_read_classes(run);
    return status == ELBO_OK ? elbo_run_note(run, "imported-from", path) : status;
}

elbo_run *elbo_run_import(const char *path, const elbo_run *like)
{
    elbo_safetensors file;
    if (elbo_safetensors_open(path, &file) != ELBO_OK)
        return NULL;
    elbo_run *run = elbo_run_new(like->model, like->options, like->image, like->classes, like->seed);
    elbo_status status = run ? take_notes(run, like, path) : ELBO_NO_MEMORY;
    if (run && status == ELBO_OK) {
        status = elbo__run_read_weights(run, &file, false, true);
        if (status != ELBO_OK)
            (void)elbo__fail(status, "%s: %s", path, elbo_error());
    }
    elbo_safetensors_close(&file);
    if (status == ELBO_OK)
        return run;
    elbo_run_free(run);
    return NULL;
}

static elbo_status write_config(const elbo_run *run, const char *path)
{
    elbo_ini ini = {.count = 0};
    elbo_status status = elbo_ini_comment(&ini, "What this run is. What is loaded is model.safetensors, which says the "
                                                "same.");
    if (status == ELBO_OK)
        status = elbo_run_describe(run, &ini);
    if (status == ELBO_OK)
        status = elbo_ini_write(path, &ini);
    elbo_ini_free(&ini);
    return status;
}

elbo_status elbo_run_write(const elbo_run *run, const char *path)
{
    elbo__folder *folder;
    elbo_status status = elbo__folder_open(path, false, &folder);
    if (status != ELBO_OK)
        return status;
    char *model = elbo__folder_file(folder, ELBO__MODEL_FILE), *config = elbo__folder_file(folder, ELBO__CONFIG_FILE);
    status = model && config ? elbo_run_save(run, model) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = write_config(run, config);
    if (status == ELBO_OK)
        status = elbo__folder_publish(folder);
    elbo__free(model);
    elbo__free(config);
    elbo__folder_close(folder);
    return status;
}
