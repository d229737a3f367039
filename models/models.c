#include "models.h"

#include <string.h>

#include "../tensor/error_private.h"
#include "../tensor/words.h"

const elbo_model *const elbo_models[] = {&elbo_model_vae, &elbo_model_cvae, &elbo_model_ae,
                                         &elbo_model_pca, &elbo_model_ppca, NULL};

const elbo_model *elbo_model_find(const char *name)
{
    const elbo_model *nearest = elbo_models[0];
    for (int i = 0; elbo_models[i]; i++) {
        if (strcmp(elbo_models[i]->name, name) == 0)
            return elbo_models[i];
        if (elbo__distance(name, elbo_models[i]->name) < elbo__distance(name, nearest->name))
            nearest = elbo_models[i];
    }
    (void)elbo__fail(ELBO_INVALID, "no model \"%s\"; the nearest is \"%s\"", name, nearest->name);
    return NULL;
}
