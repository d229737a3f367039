/* The PNG back end: marks become pixels by their distance to the pixels' middles, which is also what smooths them. */
#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "drawing.h"
#include "font.h"
#include "png.h"

typedef struct {
    double x, y;
} spot;

/* The pixels from (left, top) up to but without (right, bottom). */
struct window {
    int64_t left, top, right, bottom;
};

/* In pixels, as everything below. */
struct canvas {
    int64_t width, height;
    unsigned char *pixels; /* (height, width, 3)                                            */
    unsigned char *mask;   /* (height, width): how far a stroke covers a pixel, 255 for all */
    struct window touched; /* all of the mask that is not 0                                 */
};

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

static struct window window_of(const struct canvas *canvas, spot low, spot high)
{
    return (struct window){(int64_t)clamp(floor(low.x), 0, (double)canvas->width),
                           (int64_t)clamp(floor(low.y), 0, (double)canvas->height),
                           (int64_t)clamp(ceil(high.x), 0, (double)canvas->width),
                           (int64_t)clamp(ceil(high.y), 0, (double)canvas->height)};
}

static void blend(struct canvas *canvas, int64_t x, int64_t y, uint32_t rgb, double alpha)
{
    unsigned char *pixel = canvas->pixels + 3 * (y * canvas->width + x);
    for (int i = 0; i < 3; i++)
        pixel[i] = (unsigned char)(pixel[i] + alpha * ((double)(rgb >> (16 - 8 * i) & 255) - pixel[i]) + 0.5);
}

/* How much of a pixel's width lies within a round shape whose edge is this far from the pixel's middle. */
static double coverage(double inside)
{
    return clamp(inside + 0.5, 0, 1);
}

/* ---- strokes ----------------------------------------------------------------------------------------------------- */

static double distance(spot p, spot a, spot b)
{
    const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const double t = length > 0 ? clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0, 1) : 0;
    return hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/* The part of a row of pixels, whose middles have this y, that a stroke can reach. */
static struct window reach(const struct canvas *canvas, spot a, spot b, double y, double radius)
{
    double from = 0, to = 1;
    if (a.y != b.y) {
        const double t = (y - radius - a.y) / (b.y - a.y), u = (y + radius - a.y) / (b.y - a.y);
        from = clamp(fmin(t, u), 0, 1);
        to = clamp(fmax(t, u), 0, 1);
    }
    const double p = a.x + from * (b.x - a.x), q = a.x + to * (b.x - a.x);
    return window_of(canvas, (spot){fmin(p, q) - radius, y}, (spot){fmax(p, q) + radius, y});
}

/* Strokes that meet are one shape: the mask keeps the larger coverage, so that no joint shows. */
static void stroke(struct canvas *canvas, spot a, spot b, double radius)
{
    const double r = radius + 1;
    const struct window all = window_of(canvas, (spot){fmin(a.x, b.x) - r, fmin(a.y, b.y) - r},
                                        (spot){fmax(a.x, b.x) + r, fmax(a.y, b.y) + r});
    for (int64_t y = all.top; y < all.bottom; y++) {
        const struct window row = reach(canvas, a, b, (double)y + 0.5, r);
        for (int64_t x = row.left; x < row.right; x++) {
            const spot middle = {(double)x + 0.5, (double)y + 0.5};
            const double covered = 255 * coverage(radius - distance(middle, a, b)) + 0.5;
            unsigned char *mask = canvas->mask + y * canvas->width + x;
            if (covered > *mask)
                *mask = (unsigned char)covered;
        }
    }
    struct window *t = &canvas->touched;
    t->left = all.left < t->left ? all.left : t->left;
    t->top = all.top < t->top ? all.top : t->top;
    t->right = all.right > t->right ? all.right : t->right;
    t->bottom = all.bottom > t->bottom ? all.bottom : t->bottom;
}

/* Puts ink where the mask is set, and clears the mask. */
static void paint(struct canvas *canvas, elbo__ink ink)
{
    const struct window t = canvas->touched;
    for (int64_t y = t.top; y < t.bottom; y++)
        for (int64_t x = t.left; x < t.right; x++) {
            unsigned char *mask = canvas->mask + y * canvas->width + x;
            if (*mask > 0)
                blend(canvas, x, y, ink.rgb, ink.alpha * *mask / 255);
            *mask = 0;
        }
    canvas->touched = (struct window){canvas->width, canvas->height, 0, 0};
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static spot spot_of(double x, double y)
{
    return (spot){ELBO__PIXELS * x, ELBO__PIXELS * y};
}

static void draw_dots(struct canvas *canvas, const elbo__mark *mark, const double *points)
{
    const double radius = ELBO__PIXELS * mark->size;
    for (size_t i = 0; i < mark->count; i++) {
        const spot c = spot_of(points[2 * i], points[2 * i + 1]);
        const double r = radius + 1;
        const struct window w = window_of(canvas, (spot){c.x - r, c.y - r}, (spot){c.x + r, c.y + r});
        for (int64_t y = w.top; y < w.bottom; y++)
            for (int64_t x = w.left; x < w.right; x++) {
                const double inside = radius - hypot((double)x + 0.5 - c.x, (double)y + 0.5 - c.y);
                blend(canvas, x, y, mark->ink.rgb, mark->ink.alpha * coverage(inside));
            }
    }
}

static void draw_line(struct canvas *canvas, const elbo__mark *mark, const double *points)
{
    for (size_t i = 0; i + 1 < mark->count; i++)
        stroke(canvas, spot_of(points[2 * i], points[2 * i + 1]), spot_of(points[2 * i + 2], points[2 * i + 3]),
               ELBO__PIXELS * mark->size / 2);
    paint(canvas, mark->ink);
}

/* The length that two intervals share: of a box and a pixel that begins at `pixel`. */
static double shared(double from, double to, int64_t pixel)
{
    return fmax(0, fmin(to, (double)pixel + 1) - fmax(from, (double)pixel));
}

static void draw_box(struct canvas *canvas, const elbo__mark *mark, const double *points)
{
    (void)points;
    const spot low = spot_of(mark->x, mark->y), high = spot_of(mark->x + mark->width, mark->y + mark->height);
    const struct window w = window_of(canvas, low, high);
    for (int64_t y = w.top; y < w.bottom; y++)
        for (int64_t x = w.left; x < w.right; x++)
            blend(canvas, x, y, mark->ink.rgb, mark->ink.alpha * shared(low.x, high.x, x) * shared(low.y, high.y, y));
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* Where a text is being written. */
struct pen {
    spot at;      /* on the baseline, at the left of the next glyph */
    double pitch; /* from a point of a glyph to the next            */
    bool upward;
};

/* The place of a point of the glyph at the pen, half of whose gap is before it. The baseline is the lower edge of a
 * stroke, not its middle. */
static spot place(const struct pen *pen, int row, int column)
{
    const double along = (column + ELBO__GLYPH_GAP / 2) * pen->pitch,
                 below = (row - ELBO__GLYPH_BASE - 0.5) * pen->pitch;
    return pen->upward ? (spot){pen->at.x + below, pen->at.y - along} : (spot){pen->at.x + along, pen->at.y + below};
}

static bool has_ink(const elbo__glyph *glyph, int row, int column)
{
    return row >= 0 && row < ELBO__GLYPH_ROWS && column >= 0 && column < glyph->width &&
           glyph->rows[row][column] == '#';
}

/* Points side by side or one below the other are joined; on a diagonal, those that no such way joins already. */
static bool joined(const elbo__glyph *glyph, int row, int column, int down, int right)
{
    return has_ink(glyph, row + down, column + right) &&
           (down == 0 || right == 0 || (!has_ink(glyph, row + down, column) && !has_ink(glyph, row, column + right)));
}

/* The strokes from one point to its neighbours, each taken from one end only. A point without any is a dot. */
static void draw_point(struct canvas *canvas, const struct pen *pen, const elbo__glyph *glyph, int row, int column)
{
    static const int ways[8][2] = {{0, 1}, {1, -1}, {1, 0}, {1, 1}, {0, -1}, {-1, 1}, {-1, 0}, {-1, -1}};
    const spot here = place(pen, row, column);
    bool alone = true;
    for (int i = 0; i < 8; i++) {
        if (!joined(glyph, row, column, ways[i][0], ways[i][1]))
            continue;
        alone = false;
        if (i < 4)
            stroke(canvas, here, place(pen, row + ways[i][0], column + ways[i][1]), pen->pitch / 2);
    }
    if (alone)
        stroke(canvas, here, here, 0.7 * pen->pitch);
}

static void draw_text(struct canvas *canvas, const elbo__mark *mark, const double *points)
{
    (void)points;
    static const double parts[] = {[ELBO__START] = 0, [ELBO__MIDDLE] = 0.5, [ELBO__END] = 1};
    const double size = ELBO__PIXELS * mark->size, back = parts[mark->anchor] * elbo__text_width(mark->text, size);
    struct pen pen = {spot_of(mark->x, mark->y), ELBO__FONT_PITCH * size, mark->upward};
    *(pen.upward ? &pen.at.y : &pen.at.x) += pen.upward ? back : -back;
    for (const char *c = mark->text; *c;) {
        const elbo__glyph glyph = elbo__glyph_of(elbo__text_next(&c));
        for (int row = 0; row < ELBO__GLYPH_ROWS; row++)
            for (int column = 0; column < glyph.width; column++)
                if (has_ink(&glyph, row, column))
                    draw_point(canvas, &pen, &glyph, row, column);
        const double advance = (glyph.width - 1 + ELBO__GLYPH_GAP) * pen.pitch;
        *(pen.upward ? &pen.at.y : &pen.at.x) += pen.upward ? -advance : advance;
    }
    paint(canvas, mark->ink);
}

elbo_status elbo__drawing_png(const elbo__drawing *drawing, const char *path)
{
    static void (*const draw_mark[])(struct canvas *, const elbo__mark *, const double *) = {
        [ELBO__DOTS] = draw_dots, [ELBO__LINE] = draw_line, [ELBO__BOX] = draw_box, [ELBO__TEXT] = draw_text};
    const int64_t width = (int64_t)ceil(ELBO__PIXELS * drawing->width),
                  height = (int64_t)ceil(ELBO__PIXELS * drawing->height);
    elbo_tensor pixels = elbo_tensor_new(ELBO_U8, ELBO_SHAPE(height, width, 3));
    struct canvas canvas = {width, height, pixels.data, elbo__calloc((size_t)height, (size_t)width), {0, 0, 0, 0}};
    elbo_status status = pixels.data && canvas.mask ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        canvas.touched = (struct window){width, height, 0, 0};
        memset(canvas.pixels, 255, 3 * (size_t)(width * height)); /* paper */
        for (size_t i = 0; i < drawing->mark_count; i++) {
            const elbo__mark *mark = &drawing->marks[i];
            draw_mark[mark->kind](&canvas, mark, drawing->points + 2 * mark->first);
        }
        status = elbo_png_write(path, &pixels);
    }
    elbo_tensor_free(&pixels);
    elbo__free(canvas.mask);
    return status;
}
