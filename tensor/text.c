#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by the first who asks; of two at once, the later frees its own. In glibc and musl it is an object that is there
 * anyway, so making it cannot fail. Where it does, the answer is 0, with which uselocale changes nothing, and the next
 * call tries again. */
static locale_t c_locale(void)
{
    static locale_t made;
    locale_t known = __atomic_load_n(&made, __ATOMIC_ACQUIRE);
    if (known)
        return known;
    const locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!own || __atomic_compare_exchange_n(&made, &known, own, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return own;
    freelocale(own);
    return known;
}

locale_t elbo__enter_c_locale(void)
{
    return uselocale(c_locale());
}

void elbo__leave_c_locale(locale_t callers)
{
    uselocale(callers);
}

int elbo__print_list(char *out, size_t size, const char *format, va_list args)
{
    const locale_t callers = elbo__enter_c_locale();
    const int length = vsnprintf(out, size, format, args);
    elbo__leave_c_locale(callers);
    return length;
}

int elbo__print(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = elbo__print_list(out, size, format, args);
    va_end(args);
    return length;
}

double elbo__read_number(const char *text, char **end)
{
    const locale_t callers = elbo__enter_c_locale();
    const double number = strtod(text, end);
    elbo__leave_c_locale(callers);
    return number;
}

long long elbo__read_integer(const char *text, char **end)
{
    const locale_t callers = elbo__enter_c_locale();
    const long long integer = strtoll(text, end, 10);
    elbo__leave_c_locale(callers);
    return integer;
}

const char *elbo__not_finite(double x)
{
    return x != x ? "nan" : x > 0 ? "inf" : "-inf";
}

const char *elbo__reason(int error)
{
    const locale_t c = c_locale();
    return c ? strerror_l(error, c) : strerror(error);
}

bool elbo__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

char elbo__to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool elbo__same_letters(const char *a, const char *b)
{
    while (*a && elbo__to_lower(*a) == elbo__to_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}
