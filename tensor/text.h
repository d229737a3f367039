/* Internal: text as the C locale has it, whatever the process or the thread has set.
 *
 * A program may have called setlocale(LC_ALL, "de_DE.UTF-8"); printf then writes 0,5, strtod ends at the point of 0.5,
 * strerror answers in German, and strcasecmp has letters of its own. All text that the library writes or reads,
 * messages included, goes through here instead; tests/locales fails for a file that calls those functions itself. Every
 * function here leaves the locale of the calling thread as it was, and any number of threads may call them at once.
 */
#ifndef ELBO_TENSOR_TEXT_H
#define ELBO_TENSOR_TEXT_H

#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* As snprintf and vsnprintf. */
int elbo__print(char *out, size_t size, const char *format, ...) ELBO_PRINTF(3, 4);
int elbo__print_list(char *out, size_t size, const char *format, va_list args) ELBO_PRINTF(3, 0);

/* As strtod, and as strtoll to the base of 10. */
double elbo__read_number(const char *text, char **end);
long long elbo__read_integer(const char *text, char **end);

/* "nan", "inf" or "-inf": of a number that is not finite */
const char *elbo__not_finite(double x);

/* What an errno means, in English. Good until the thread asks again. */
const char *elbo__reason(int error);

/* Of the letters A to Z and the digits 0 to 9, and no others. */
bool elbo__is_digit(char c);
char elbo__to_lower(char c);
bool elbo__same_letters(const char *a, const char *b); /* "PNG" and "png" */

/* For calls of other libraries that print or read numbers themselves:
 *
 *     const locale_t callers = elbo__enter_c_locale();
 *     ...
 *     elbo__leave_c_locale(callers);
 */
locale_t elbo__enter_c_locale(void);
void elbo__leave_c_locale(locale_t callers);

#endif
