#include "html.h"

#include <stdarg.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "base64.h"
#include "bytes.h"
#include "font.h"

/* GOOD_SIDE: of a picture in a page, in CSS pixels, up to which small ones are enlarged, at most so many times. */
enum { GOOD_SIDE = 640, MOST_TIMES = 4, PNG_HEAD = 24, MOST_BYTES = 1 << 28 };

static void put(elbo__writer *out, const char *text)
{
    elbo__write(out, text, strlen(text));
}

void elbo__html_text(elbo__writer *out, const char *text)
{
    while (*text) {
        const char *start = text;
        const uint32_t code = elbo__text_next(&text);
        switch (code) {
        case '<': put(out, "&lt;"); break;
        case '>': put(out, "&gt;"); break;
        case '&': put(out, "&amp;"); break;
        case '"': put(out, "&quot;"); break;
        case ELBO__NO_CODE: put(out, "\xef\xbf\xbd"); break;
        default: elbo__write(out, start, (size_t)(text - start));
        }
    }
}

void elbo__html(elbo__writer *out, const char *markup, ...)
{
    va_list texts;
    va_start(texts, markup);
    for (const char *next; *markup; markup = next) {
        const char *percent = strchr(markup, '%');
        elbo__write(out, markup, percent ? (size_t)(percent - markup) : strlen(markup));
        next = percent ? percent + 2 : markup + strlen(markup);
        if (percent && percent[1] == 's')
            elbo__html_text(out, va_arg(texts, const char *));
        else if (percent)
            put(out, "%");
    }
    va_end(texts);
}

/* By how much a picture with this larger side is enlarged. */
static uint32_t times_of(uint32_t side)
{
    const uint32_t times = side > 0 ? GOOD_SIDE / side : 1;
    return times < 1 ? 1 : times > MOST_TIMES ? MOST_TIMES : times;
}

elbo_status elbo__html_picture(elbo__writer *out, const char *path, const char *alt)
{
    static const char signature[] = "\x89PNG\r\n\x1a\n";
    char *bytes;
    size_t size;
    elbo_status status = elbo__file_read(path, MOST_BYTES, &bytes, &size);
    if (status != ELBO_OK)
        return status;
    char *text = NULL;
    if (size < PNG_HEAD || memcmp(bytes, signature, sizeof signature - 1) != 0)
        status = elbo__fail(ELBO_FORMAT, "%s: no PNG file", path);
    else if (!(text = elbo__base64(bytes, size)))
        status = ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        const uint32_t width = elbo__load_be32((const unsigned char *)bytes + 16),
                       height = elbo__load_be32((const unsigned char *)bytes + 20),
                       times = times_of(width > height ? width : height);
        char sizes[64];
        elbo__print(sizes, sizeof sizes, " width=\"%u\" height=\"%u\"", (unsigned)(times * width),
                    (unsigned)(times * height));
        put(out, "<img");
        put(out, sizes);
        elbo__html(out, " alt=\"%s\" src=\"data:image/png;base64,%s\">\n", alt, text);
    }
    elbo__free(text);
    elbo__free(bytes);
    return status;
}
