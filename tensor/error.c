#include "error_private.h"

#include <stdarg.h>

#include "text.h"

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
    elbo__print_list(text, sizeof text, format, args);
    va_end(args);
    elbo__print(message, sizeof message, "%s", text);
    return status;
}
