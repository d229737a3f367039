#include "pictures.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

picture picture_read(const char *name)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert_msg(png_image_begin_read_from_file(&image, scratch_path(name)), "%s: %s", name, image.message);
    image.format = PNG_FORMAT_RGB;
    picture p = {(int)image.width, (int)image.height, malloc(PNG_IMAGE_SIZE(image))};
    ck_assert_msg(png_image_finish_read(&image, NULL, p.pixels, 0, NULL), "%s: %s", name, image.message);
    return p;
}

uint32_t picture_at(const picture *p, int x, int y)
{
    if (x < 0 || x >= p->width || y < 0 || y >= p->height)
        ck_abort_msg("(%d, %d) is outside of the picture", x, y);
    const unsigned char *pixel = p->pixels + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
    return (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
}

double picture_ink(const picture *p, int left, int top, int right, int bottom)
{
    double ink = 0;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            ink += 1 - (picture_at(p, x, y) & 255) / 255.0;
    return ink;
}

double picture_all_ink(const picture *p)
{
    return picture_ink(p, 0, 0, p->width, p->height);
}

/* ---- SVG --------------------------------------------------------------------------------------------------------- */

static const char *skip_name(const char *at)
{
    while (isalnum((unsigned char)*at) || *at == '-')
        at++;
    return at;
}

/* From '<' to behind '>'; *closed tells whether the element ended with "/>". */
static const char *skip_tag(const char *at, int *closed)
{
    for (at = skip_name(at + 1); *at == ' ';) {
        at = skip_name(at + 1);
        if (at[0] != '=' || at[1] != '"')
            ck_abort_msg("expected =\" at %.20s", at);
        const char *end = strchr(at + 2, '"');
        if (!end || memchr(at, '<', (size_t)(end - at)))
            ck_abort_msg("an attribute without an end at %.20s", at);
        at = end + 1;
    }
    *closed = *at == '/';
    at += *closed;
    if (*at != '>')
        ck_abort_msg("expected > at %.20s", at);
    return at + 1;
}

static void assert_well_formed(const char *text)
{
    const char *open[16];
    int depth = 0;
    for (const char *at = text; *at;) {
        if (*at == '&' && strncmp(at, "&lt;", 4) && strncmp(at, "&gt;", 4) && strncmp(at, "&amp;", 5) &&
            strncmp(at, "&quot;", 6))
            ck_abort_msg("no entity at %.20s", at);
        if (*at != '<') {
            at++;
        } else if (at[1] == '/') {
            const size_t length = (size_t)(skip_name(at + 2) - at - 2);
            if (depth == 0 || strncmp(open[--depth] + 1, at + 2, length) || at[2 + length] != '>')
                ck_abort_msg("closes what is not open: %.20s", at);
            at += length + 3;
        } else {
            int closed;
            ck_assert_int_lt(depth, 16);
            open[depth] = at;
            at = skip_tag(at, &closed);
            depth += !closed;
        }
    }
    ck_assert_int_eq(depth, 0);
}

char *svg_read(const char *name)
{
    enum { MOST = 1 << 24 };
    char *text = malloc(MOST);
    const size_t size = scratch_read(name, text, MOST - 1);
    text[size] = '\0';
    ck_assert_uint_eq(strlen(text), size);
    ck_assert_msg(strncmp(text, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39) == 0, "no SVG: %.60s", text);
    assert_well_formed(text);
    return text;
}

const char *svg_next(const char *at, const char *name)
{
    while (*at && (at = strchr(at + 1, '<')) != NULL)
        if (strncmp(at + 1, name, strlen(name)) == 0 && skip_name(at + 1) == at + 1 + strlen(name))
            return at;
    return NULL;
}

svg_value svg_attribute(const char *at, const char *name)
{
    svg_value value = {""};
    char start[32];
    const int length = snprintf(start, sizeof start, " %s=\"", name);
    const char *found = strstr(at, start);
    if (found && found < strchr(at, '>'))
        snprintf(value.text, sizeof value.text, "%.*s", (int)strcspn(found + length, "\""), found + length);
    return value;
}

double svg_number(const char *at, const char *name)
{
    const svg_value value = svg_attribute(at, name);
    return value.text[0] ? scratch_number(value.text, NULL) : NAN;
}

uint32_t svg_colour(const char *at, const char *name)
{
    const svg_value value = svg_attribute(at, name);
    ck_assert_msg(value.text[0] == '#' && strlen(value.text) == 7, "no colour: %s", value.text);
    return (uint32_t)strtoul(value.text + 1, NULL, 16);
}

svg_value svg_content(const char *at)
{
    svg_value value;
    at = strchr(at, '>') + 1;
    snprintf(value.text, sizeof value.text, "%.*s", (int)strcspn(at, "<"), at);
    return value;
}
