/* Internal: models by name. */
#ifndef ELBO_MODELS_MODELS_PRIVATE_H
#define ELBO_MODELS_MODELS_PRIVATE_H

#include "models.h"

/* As elbo_model_find, in a list of at least one model that ends with NULL. */
const elbo_model *elbo__model_find(const elbo_model *const *models, const char *name);

#endif
