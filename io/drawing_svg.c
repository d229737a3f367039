/* The SVG back end. Numbers have two decimals and a point in every locale; texts are escaped. */
#include <math.h>
#include <string.h>

#include "../tensor/text.h"
#include "drawing.h"
#include "html.h"

static void put(elbo__writer *out, const char *text)
{
    elbo__write(out, text, strlen(text));
}

/* The shortest form with at most two decimals: 12.5, -0.25, 3 */
static void put_number(elbo__writer *out, double value)
{
    const long long hundredths = llround(fmin(fmax(value, -1e9), 1e9) * 100),
                    size = hundredths < 0 ? -hundredths : hundredths;
    const int fraction = (int)(size % 100);
    char text[32];
    int end = elbo__print(text, sizeof text, "%s%lld", hundredths < 0 ? "-" : "", size / 100);
    if (fraction % 10 != 0)
        elbo__print(text + end, sizeof text - (size_t)end, ".%02d", fraction);
    else if (fraction != 0)
        elbo__print(text + end, sizeof text - (size_t)end, ".%d", fraction / 10);
    put(out, text);
}

/* ' NAME="VALUE"' */
static void put_attribute(elbo__writer *out, const char *name, double value)
{
    put(out, " ");
    put(out, name);
    put(out, "=\"");
    put_number(out, value);
    put(out, "\"");
}

static void put_title(elbo__writer *out, const char *title)
{
    put(out, "<title>");
    elbo__html_text(out, title);
    put(out, "</title>\n");
}

/* ' ROLE="#rrggbb"', and the opacity where there is one; the role is "fill" or "stroke". */
static void put_ink(elbo__writer *out, const char *role, elbo__ink ink)
{
    char text[64];
    elbo__print(text, sizeof text, " %s=\"#%06x\"", role, (unsigned)ink.rgb);
    put(out, text);
    if (ink.alpha < 1) {
        elbo__print(text, sizeof text, "%s-opacity", role);
        put_attribute(out, text, ink.alpha);
    }
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static void put_dots(elbo__writer *out, const elbo__mark *mark, const double *points)
{
    put(out, "<g");
    put_ink(out, "fill", mark->ink);
    put(out, ">\n");
    if (mark->text)
        put_title(out, mark->text);
    for (size_t i = 0; i < mark->count; i++) {
        put(out, "<circle");
        put_attribute(out, "cx", points[2 * i]);
        put_attribute(out, "cy", points[2 * i + 1]);
        put_attribute(out, "r", mark->size);
        put(out, "/>\n");
    }
    put(out, "</g>\n");
}

static void put_line(elbo__writer *out, const elbo__mark *mark, const double *points)
{
    put(out, "<polyline fill=\"none\"");
    put_ink(out, "stroke", mark->ink);
    put_attribute(out, "stroke-width", mark->size);
    put(out, " points=\"");
    for (size_t i = 0; i < mark->count; i++) {
        put(out, i > 0 ? " " : "");
        put_number(out, points[2 * i]);
        put(out, ",");
        put_number(out, points[2 * i + 1]);
    }
    put(out, "\"/>\n");
}

static void put_box(elbo__writer *out, const elbo__mark *mark, const double *points)
{
    (void)points;
    put(out, "<rect");
    put_attribute(out, "x", mark->x);
    put_attribute(out, "y", mark->y);
    put_attribute(out, "width", mark->width);
    put_attribute(out, "height", mark->height);
    put_ink(out, "fill", mark->ink);
    put(out, "/>\n");
}

static void put_text(elbo__writer *out, const elbo__mark *mark, const double *points)
{
    static const char *const anchors[] = {[ELBO__START] = "start", [ELBO__MIDDLE] = "middle", [ELBO__END] = "end"};
    (void)points;
    put(out, "<text");
    put_attribute(out, "x", mark->x);
    put_attribute(out, "y", mark->y);
    put_attribute(out, "font-size", mark->size);
    put(out, " text-anchor=\"");
    put(out, anchors[mark->anchor]);
    put(out, "\"");
    put_ink(out, "fill", mark->ink);
    if (mark->upward) {
        put(out, " transform=\"rotate(-90 ");
        put_number(out, mark->x);
        put(out, " ");
        put_number(out, mark->y);
        put(out, ")\"");
    }
    put(out, ">");
    elbo__html_text(out, mark->text);
    put(out, "</text>\n");
}

void elbo__drawing_put_svg(const elbo__drawing *drawing, elbo__writer *out)
{
    static void (*const put_mark[])(elbo__writer *, const elbo__mark *, const double *) = {
        [ELBO__DOTS] = put_dots, [ELBO__LINE] = put_line, [ELBO__BOX] = put_box, [ELBO__TEXT] = put_text};
    put(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"");
    put_attribute(out, "width", drawing->width);
    put_attribute(out, "height", drawing->height);
    put(out, " viewBox=\"0 0 ");
    put_number(out, drawing->width);
    put(out, " ");
    put_number(out, drawing->height);
    put(out, "\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" stroke-linecap=\"round\" "
             "stroke-linejoin=\"round\">\n");
    if (drawing->title)
        put_title(out, drawing->title);
    for (size_t i = 0; i < drawing->mark_count; i++) {
        const elbo__mark *mark = &drawing->marks[i];
        put_mark[mark->kind](out, mark, drawing->points + 2 * mark->first);
    }
    put(out, "</svg>\n");
}

elbo_status elbo__drawing_svg(const elbo__drawing *drawing, const char *path)
{
    elbo__writer *out;
    elbo_status status = elbo__writer_open(path, &out);
    if (status != ELBO_OK)
        return status;
    elbo__drawing_put_svg(drawing, out);
    return elbo__writer_commit(out);
}
