#include "version.h"

const char *elbo_version(void)
{
    return ELBO_VERSION;
}
