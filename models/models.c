#include "models_private.h"

#include <string.h>

#include "../tensor/error_private.h"
#include "../tensor/words.h"

#define PLACE(name) &elbo_model_##name,
const elbo_model *const elbo_models[] = {ELBO_MODELS(PLACE) NULL};

const elbo_model *elbo__model_find(const elbo_model *const *models, const char *name)
{
    elbo__words near = elbo__words_near(name);
    for (int i = 0; models[i]; i++) {
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
        elbo__words_offer(&near, models[i]->name);
    }
    (void)elbo__fail(ELBO_INVALID, "no model \"%s\"%s", name, elbo__words_hint(&near).text);
    return NULL;
}

const elbo_model *elbo_model_find(const char *name)
{
    return elbo__model_find(elbo_models, name);
}
