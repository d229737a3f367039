#include "models_private.h"

#include <string.h>

#include "../tensor/error_private.h"
#include "../tensor/words.h"

const elbo_model *const elbo_models[] = {&elbo_model_vae, &elbo_model_cvae, &elbo_model_ae,
                                         &elbo_model_pca, &elbo_model_ppca, NULL};

const elbo_model *elbo__model_find(const elbo_model *const *models, const char *name)
{
    const elbo_model *nearest = models[0];
    for (int i = 0; models[i]; i++) {
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
        if (elbo__distance(name, models[i]->name) < elbo__distance(name, nearest->name))
            nearest = models[i];
    }
    (void)elbo__fail(ELBO_INVALID, "no model \"%s\"; the nearest is \"%s\"", name, nearest->name);
    return NULL;
}

const elbo_model *elbo_model_find(const char *name)
{
    return elbo__model_find(elbo_models, name);
}
