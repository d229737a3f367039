#include "page.h"

#include <stdarg.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"

void elbo__page_put(elbo__page *page, const char *format, ...)
{
    va_list args, again;
    if (page->failed)
        return;
    va_start(args, format);
    va_copy(again, args);
    int n = elbo__print_list(NULL, 0, format, args);
    page->failed |= n < 0 ||
                    elbo__grow((void **)&page->text, &page->capacity, page->length + (size_t)n + 1, 1) != ELBO_OK;
    if (!page->failed)
        page->length += (size_t)elbo__print_list(page->text + page->length, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
}

static size_t column(const elbo__page *page)
{
    size_t start = page->length;
    while (start > 0 && page->text[start - 1] != '\n')
        start--;
    return page->length - start;
}

/* Whether a line may break at this space: not within "(128, 784)", nor before what is said of an operand. */
static bool breaks(const char *text, const char *space)
{
    bool in_shape = space - text > 1 && space[-1] == ',' && elbo__is_digit(space[-2]) && elbo__is_digit(space[1]);
    return !in_shape && strncmp(space + 1, "whole", 5) != 0;
}

/* To the next place where a line may break, or the end. */
static size_t word_length(const char *word)
{
    const char *end = word + strcspn(word, " ");
    while (*end && !breaks(word, end))
        end += 1 + strcspn(end + 1, " ");
    return (size_t)(end - word);
}

void elbo__page_wrap(elbo__page *page, size_t indent, const char *text)
{
    for (const char *word = text; *word;) {
        size_t length = word_length(word);
        if (word > text && column(page) + 1 + length > ELBO__PAGE_WIDTH)
            elbo__page_put(page, "\n%*s", (int)indent, "");
        else if (word > text)
            elbo__page_put(page, " ");
        elbo__page_put(page, "%.*s", (int)length, word);
        word += length + (word[length] == ' ');
    }
}

void elbo__page_clear(elbo__page *page)
{
    elbo__free(page->text);
    *page = (elbo__page){.text = NULL};
}

elbo__quantity_text elbo__quantity(double value, const char *unit)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
    enum { LAST = sizeof prefixes / sizeof prefixes[0] - 1 };
    elbo__quantity_text q;
    int i = 0;
    for (; value >= 999.995 && i < LAST; i++)
        value /= 1000;
    elbo__print(q.text, sizeof q.text, i ? "%.2f %s%s" : "%.0f %s%s", value, prefixes[i], unit);
    return q;
}
