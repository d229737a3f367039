#include "drawing.h"

#include <string.h>

#include "../tensor/memory.h"

/* ---- marks ------------------------------------------------------------------------------------------------------- */

/* Takes over mark.text, which is freed on failure. */
static void add(elbo__drawing *drawing, elbo__mark mark)
{
    void *marks = drawing->marks;
    if (drawing->status == ELBO_OK)
        drawing->status = elbo__grow(&marks, &drawing->mark_capacity, drawing->mark_count + 1, sizeof mark);
    if (drawing->status != ELBO_OK) {
        elbo__free(mark.text);
        return;
    }
    drawing->marks = marks;
    drawing->marks[drawing->mark_count++] = mark;
}

/* A copy of a text that may be NULL. */
static char *copy_text(elbo__drawing *drawing, const char *text)
{
    char *copy = text && drawing->status == ELBO_OK ? elbo__strdup(text) : NULL;
    if (text && !copy)
        drawing->status = ELBO_NO_MEMORY;
    return copy;
}

/* Adds points (n, 2) and a mark that stands on them. */
static void add_points(elbo__drawing *drawing, const double *points, size_t n, elbo__mark mark)
{
    void *all = drawing->points;
    if (drawing->status == ELBO_OK)
        drawing->status = elbo__grow(&all, &drawing->point_capacity, drawing->point_count + n,
                                     2 * sizeof *drawing->points);
    if (drawing->status == ELBO_OK && n > 0) {
        drawing->points = all;
        memcpy(drawing->points + 2 * drawing->point_count, points, 2 * n * sizeof *points);
    }
    mark.first = drawing->point_count;
    mark.count = n;
    if (drawing->status == ELBO_OK)
        drawing->point_count += n;
    add(drawing, mark);
}

void elbo__draw_dots(elbo__drawing *drawing, const double *points, size_t n, double radius, elbo__ink ink,
                     const char *name)
{
    char *copy = copy_text(drawing, name);
    add_points(drawing, points, n, (elbo__mark){.kind = ELBO__DOTS, .ink = ink, .size = radius, .text = copy});
}

void elbo__draw_line(elbo__drawing *drawing, const double *points, size_t n, double width, elbo__ink ink)
{
    add_points(drawing, points, n, (elbo__mark){.kind = ELBO__LINE, .ink = ink, .size = width});
}

void elbo__draw_box(elbo__drawing *drawing, double x, double y, double width, double height, elbo__ink ink)
{
    add(drawing, (elbo__mark){.kind = ELBO__BOX, .ink = ink, .x = x, .y = y, .width = width, .height = height});
}

void elbo__draw_text(elbo__drawing *drawing, double x, double y, elbo__text style, const char *text)
{
    add(drawing, (elbo__mark){.kind = ELBO__TEXT,
                              .ink = style.ink,
                              .size = style.size,
                              .x = x,
                              .y = y,
                              .anchor = style.anchor,
                              .upward = style.upward,
                              .text = copy_text(drawing, text)});
}

void elbo__drawing_free(elbo__drawing *drawing)
{
    for (size_t i = 0; i < drawing->mark_count; i++)
        elbo__free(drawing->marks[i].text);
    elbo__free(drawing->marks);
    elbo__free(drawing->points);
    *drawing = (elbo__drawing){.width = 0};
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const struct format {
    const char *suffix;
    elbo_status (*write)(const elbo__drawing *drawing, const char *path);
} formats[] = {{".svg", elbo__drawing_svg}, {".png", elbo__drawing_png}};

/* NULL when no suffix is that of the path. */
static const struct format *format_of(const char *path)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t length = strlen(path), suffix = strlen(formats[i].suffix);
        if (length >= suffix && strcmp(path + length - suffix, formats[i].suffix) == 0)
            return &formats[i];
    }
    return NULL;
}

elbo_status elbo__drawing_check(const char *path)
{
    return format_of(path) ? ELBO_OK : elbo__fail(ELBO_INVALID, "%s: the name of a figure ends in .svg or .png", path);
}

elbo_status elbo__drawing_write(const elbo__drawing *drawing, const char *path)
{
    elbo_status status = elbo__drawing_check(path);
    if (status == ELBO_OK)
        status = drawing->status;
    return status == ELBO_OK ? format_of(path)->write(drawing, path) : status;
}
