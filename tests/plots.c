#include "plots.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "scratch.h"

/* "x,y x,y x,y x,y x,y" and no more */
static bool five_points(const char *text, double out[10])
{
    for (int i = 0; i < 10; i++) {
        char *end;
        out[i] = scratch_number(text, &end);
        if (end == text || *end != (i == 9 ? '\0' : ", "[i % 2]))
            return false;
        text = end + 1;
    }
    return true;
}

struct frame frame_of(const char *svg, int panel)
{
    double p[10];
    for (const char *at = svg_next(svg, "polyline"); at; at = svg_next(at, "polyline"))
        if (five_points(svg_attribute(at, "points").text, p) && panel-- == 0)
            return (struct frame){.left = p[0], .top = p[1], .right = p[2], .bottom = p[5]};
    ck_abort_msg("no such panel");
}

/* "-1.5e-7" with the minus signs of typography */
static double number_of(const char *text)
{
    char plain[64], *end = plain;
    for (const char *c = text; *c && end < plain + sizeof plain - 1; c++) {
        const bool minus = strncmp(c, "\xe2\x88\x92", 3) == 0;
        *end++ = minus ? '-' : *c;
        c += minus ? 2 : 0;
    }
    *end = '\0';
    const double value = scratch_number(plain, &end);
    ck_assert_msg(plain[0] && *end == '\0', "no number: \"%s\"", text);
    return value;
}

/* Those below a frame are in the smallest letters. */
struct ticks ticks_of(const char *svg, const struct frame *f, int axis)
{
    struct ticks ticks = {0};
    for (const char *at = svg_next(svg, "text"); at; at = svg_next(at, "text")) {
        const double x = svg_number(at, "x"), y = svg_number(at, "y");
        const bool below = y > f->bottom && x >= f->left && x <= f->right && svg_number(at, "font-size") == 11,
                   beside = x < f->left && x > f->left - 10 && y >= f->top && y <= f->bottom + 5;
        if (axis == 0 ? !below : !beside)
            continue;
        ck_assert_int_lt(ticks.count, 10);
        ck_assert_str_eq(svg_attribute(at, "text-anchor").text, axis == 0 ? "middle" : "end");
        ticks.value[ticks.count] = number_of(svg_content(at).text);
        ticks.at[ticks.count++] = axis == 0 ? x : y - 0.36 * 11; /* from the foot of a digit to its middle */
    }
    return ticks;
}

double place_of(const struct ticks *t, double value)
{
    ck_assert_int_ge(t->count, 2);
    const int last = t->count - 1;
    return t->at[0] + (value - t->value[0]) / (t->value[last] - t->value[0]) * (t->at[last] - t->at[0]);
}

int each_dot(const char *svg, int kinds, dot_visitor *visit, void *user)
{
    int count = 0;
    for (const char *group = svg_next(svg, "g"); group; group = svg_next(group, "g")) {
        const int kind = isnan(svg_number(group, "fill-opacity")) ? LEGEND_DOT : DATA_DOT;
        const char *end = strstr(group, "</g>");
        for (const char *at = svg_next(group, "circle"); at && at < end && (kind & kinds);
             at = svg_next(at, "circle")) {
            visit(group, svg_number(at, "cx"), svg_number(at, "cy"), user);
            count++;
        }
    }
    return count;
}

uint32_t on_paper(uint32_t rgb, double alpha)
{
    uint32_t mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8)
        mixed = mixed << 8 | (uint32_t)lround(255 + alpha * ((double)(rgb >> shift & 255) - 255));
    return mixed;
}

bool same_colour(uint32_t a, uint32_t b, int tolerance)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > tolerance)
            return false;
    return true;
}
