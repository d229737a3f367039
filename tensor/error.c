#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[1024];

const char *elbo_error(void)
{
    return message;
}

elbo_status elbo__fail(elbo_status status, const char *format, ...)
{
    char text[sizeof message]; /* an argument may be the old message itself */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(message, sizeof message, "%s", text);
    return status;
}
