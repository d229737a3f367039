#include "font.h"

#include <stdbool.h>

#include "../tensor/memory.h"

enum { FIRST = ' ', LAST = '~', IN_BAND = 12, CELL = 9, SPACE_WIDTH = 2, MINUS = 0x2212, DASH = 0x2013 };

/* Twelve glyphs in a band, each at the left of a cell of nine columns. */
static const char *const bands[8][ELBO__GLYPH_ROWS] = {
    {
        /* space ! " # $ % & ' ( ) * + */
        "         #        # #                 #       ##    #   ##     #          #      #          #               ",
        "         #        # #        #  #    ####    #  #  #   #  #    #         #        #       # # #             ",
        "         #        # #        #  #   # #      #  #  #   #  #    #         #        #        ###        #     ",
        "         #                  ######  # #       ##  #     ##              #          #      # # #       #     ",
        "         #                   #  #   # #          #     ##               #          #        #         #     ",
        "         #                  #  #     ###        #     #  #  #           #          #               #######  ",
        "         #                  #  #      # #      #  ##  #   # #           #          #                  #     ",
        "                           ######     # #     #  #  # #    #            #          #                  #     ",
        "                            #  #    ####      #  #  # #   # #           #          #                  #     ",
        "         #                  #  #      #      #    ##   ###  #            #        #                         ",
        "                                                                         #        #                         ",
        "                                                                          #      #                          ",
        "                                                                                                            ",
    },
    {
        /* , - . / 0 1 2 3 4 5 6 7 */
        "                               #      ##        #      ####     ####        #    ######     ###    ######   ",
        "                               #     #  #      ##     #    #   #    #      ##    #         #            #   ",
        "                              #     #    #    # #     #    #        #     # #    #        #             #   ",
        "                              #     #    #      #          #        #     # #    #        #            #    ",
        "                             #      #    #      #         #      ###     #  #    #####    #####        #    ",
        "         #####               #      #    #      #        #          #    #  #         #   #    #      #     ",
        "                            #       #    #      #       #           #   #   #         #   #    #      #     ",
        "                            #       #    #      #      #            #   ######        #   #    #     #      ",
        "                           #         #  #       #     #        #    #       #    #    #   #    #     #      ",
        " #                #        #          ##      #####   ######    ####        #     ####     ####      #      ",
        " #                                                                                                          ",
        "#                                                                                                           ",
        "                                                                                                            ",
    },
    {
        /* 8 9 : ; < = > ? @ A B C */
        " ####     ####                                                  ####                #     #####      ####   ",
        "#    #   #    #                                                #    #     ####      #     #    #    #    #  ",
        "#    #   #    #                        #              #        #    #    #    #    # #    #    #   #        ",
        "#    #   #    #                       #                #            #   #  ##  #   # #    #    #   #        ",
        " ####    #    #   #         #        #       ######     #          #    # # #  #   # #    #####    #        ",
        "#    #    #####                     #                    #        #     # # #  #  #   #   #    #   #        ",
        "#    #        #                      #       ######     #        #      # # #  #  #####   #    #   #        ",
        "#    #        #                       #                #         #      #  ####   #   #   #    #   #        ",
        "#    #       #                         #              #                 #        #     #  #    #    #    #  ",
        " ####     ###     #         #                                    #       #       #     #  #####      ####   ",
        "                            #                                             ####                              ",
        "                           #                                                                                ",
        "                                                                                                            ",
    },
    {
        /* D E F G H I J K L M N O */
        "#####    ######   ######     ####   #     #  #            #    #    #   #        #     #  #     #    ###    ",
        "#    #   #        #         #    #  #     #  #            #    #   #    #        ##   ##  ##    #   #   #   ",
        "#     #  #        #        #        #     #  #            #    #  #     #        # # # #  # #   #  #     #  ",
        "#     #  #        #        #        #     #  #            #    # #      #        # # # #  # #   #  #     #  ",
        "#     #  #####    #####    #        #######  #            #    ##       #        #  #  #  #  #  #  #     #  ",
        "#     #  #        #        #   ###  #     #  #            #    # #      #        #  #  #  #  #  #  #     #  ",
        "#     #  #        #        #     #  #     #  #            #    # #      #        #     #  #   # #  #     #  ",
        "#     #  #        #        #     #  #     #  #        #   #    #  #     #        #     #  #   # #  #     #  ",
        "#    #   #        #         #    #  #     #  #        #   #    #   #    #        #     #  #    ##   #   #   ",
        "#####    ######   #          ####   #     #  #         ###     #    #   ######   #     #  #     #    ###    ",
        "                                                                                                            ",
        "                                                                                                            ",
        "                                                                                                            ",
    },
    {
        /* P Q R S T U V W X Y Z [ */
        "#####      ###    #####     ####    #######  #     #  #     #  #  #  #  #     #  #     #  ######   ###      ",
        "#    #    #   #   #    #   #    #      #     #     #  #     #  #  #  #   #   #    #   #        #   #        ",
        "#    #   #     #  #    #   #           #     #     #   #   #   #  #  #   #   #    #   #       #    #        ",
        "#    #   #     #  #    #   #           #     #     #   #   #   #  #  #    # #      # #        #    #        ",
        "#    #   #     #  #####     ####       #     #     #   #   #   # # # #     #       # #       #     #        ",
        "#####    #     #  #  #          #      #     #     #    # #    # # # #     #        #       #      #        ",
        "#        #  #  #  #  #          #      #     #     #    # #    # # # #    # #       #      #       #        ",
        "#        #   # #  #   #         #      #     #     #    # #     #   #    #   #      #      #       #        ",
        "#         #   #   #   #    #    #      #      #   #      #      #   #    #   #      #     #        #        ",
        "#          ### #  #    #    ####       #       ###       #      #   #   #     #     #     ######   #        ",
        "                                                                                                   #        ",
        "                                                                                                   ###      ",
        "                                                                                                            ",
    },
    {
        /* \ ] ^ _ ` a b c d e f g */
        "#        ###        #               #                 #                     #               ##              ",
        "#          #       # #               #                #                     #              #                ",
        " #         #       # #                                #                     #              #                ",
        " #         #      #   #                       ###     ####      ###      ####     ###     ####      ####    ",
        "  #        #                                     #    #   #    #   #    #   #    #   #     #       #   #    ",
        "  #        #                                     #    #   #    #        #   #    #   #     #       #   #    ",
        "   #       #                                  ####    #   #    #        #   #    #####     #       #   #    ",
        "   #       #                                 #   #    #   #    #        #   #    #         #       #   #    ",
        "    #      #                                 #   #    #   #    #   #    #   #    #   #     #       #   #    ",
        "    #      #                                  ####    ####      ###      ####     ###      #        ####    ",
        "           #                                                                                           #    ",
        "         ###               ######                                                                      #    ",
        "                                                                                                    ###     ",
    },
    {
        /* h i j k l m n o p q r s */
        "#        #          #      #        #                                                                       ",
        "#                          #        #                                                                       ",
        "#                          #        #                                                                       ",
        "####     #          #      #   #    #        ######   ####      ###     ####      ####    # ##      ####    ",
        "#   #    #          #      #  #     #        #  #  #  #   #    #   #    #   #    #   #    ##       #        ",
        "#   #    #          #      # #      #        #  #  #  #   #    #   #    #   #    #   #    #        #        ",
        "#   #    #          #      ##       #        #  #  #  #   #    #   #    #   #    #   #    #         ###     ",
        "#   #    #          #      # #      #        #  #  #  #   #    #   #    #   #    #   #    #            #    ",
        "#   #    #          #      #  #     #        #  #  #  #   #    #   #    #   #    #   #    #            #    ",
        "#   #    #          #      #   #     #       #  #  #  #   #     ###     ####      ####    #        ####     ",
        "                    #                                                   #            #                      ",
        "                    #                                                   #            #                      ",
        "                  ##                                                    #            #                      ",
    },
    {
        /* t u v w x y z { | } ~ unknown */
        "                                                                 ##     #        ##                #####    ",
        " #                                                              #       #          #               #   #    ",
        " #                                                              #       #          #               #   #    ",
        "####     #   #    #   #    #  #  #  #   #    #   #    #####     #       #          #               #   #    ",
        " #       #   #    #   #    #  #  #  #   #    #   #        #     #       #          #               #   #    ",
        " #       #   #    #   #    #  #  #   # #     #   #       #     #        #           #      ##   #  #   #    ",
        " #       #   #     # #     # # # #    #       # #       #       #       #          #      #  ###   #   #    ",
        " #       #   #     # #     # # # #   # #      # #      #        #       #          #               #   #    ",
        " #       #   #      #       #   #   #   #     # #     #         #       #          #               #   #    ",
        "  ##      ####      #       #   #   #   #      #      #####     #       #          #               #####    ",
        "                                               #                #       #          #                        ",
        "                                              #                  ##     #        ##                         ",
        "                                             #                                                              ",
    },
};

elbo__glyph elbo__glyph_of(uint32_t code)
{
    if (code == MINUS || code == DASH)
        code = '-';
    const int index = code >= FIRST && code <= LAST ? (int)code - FIRST : LAST + 1 - FIRST;
    elbo__glyph glyph = {.width = code == ' ' ? SPACE_WIDTH : 1};
    for (int row = 0; row < ELBO__GLYPH_ROWS; row++) {
        glyph.rows[row] = bands[index / IN_BAND][row] + index % IN_BAND * CELL;
        for (int column = 0; column < CELL; column++)
            if (glyph.rows[row][column] == '#' && column >= glyph.width)
                glyph.width = column + 1;
    }
    return glyph;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* What XML 1.0 allows, without the control characters. */
static bool is_character(uint32_t code)
{
    return code >= ' ' && !(code >= 0x7f && code < 0xa0) && !(code >= 0xd800 && code < 0xe000) && code != 0xfffe &&
           code != 0xffff && code <= 0x10ffff;
}

uint32_t elbo__text_next(const char **text)
{
    static const struct {
        unsigned char mask, lead; /* of the first byte */
        uint32_t least;           /* what fewer bytes can say is not said with so many */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *byte = (const unsigned char *)*text;
    *text += 1;
    for (int more = 0; more < 4; more++) {
        if ((byte[0] & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t code = byte[0] & (unsigned char)~forms[more].mask;
        for (int i = 1; i <= more; i++) {
            if ((byte[i] & 0xc0) != 0x80) /* the end of the text too */
                return ELBO__NO_CODE;
            code = code << 6 | (byte[i] & 0x3f);
        }
        if (code < forms[more].least || !is_character(code))
            return ELBO__NO_CODE;
        *text += more;
        return code;
    }
    return ELBO__NO_CODE;
}

/* From the first column of a character to that of the next, in pitches. */
static double advance(uint32_t code)
{
    return elbo__glyph_of(code).width - 1 + ELBO__GLYPH_GAP;
}

double elbo__text_width(const char *text, double size)
{
    double pitches = 0;
    for (const char *c = text; *c;)
        pitches += advance(elbo__text_next(&c));
    return pitches * ELBO__FONT_PITCH * size;
}

char *elbo__text_fit(const char *text, double size, double width)
{
    static const char dots[] = "...";
    if (elbo__text_width(text, size) <= width)
        return elbo__strdup(text);
    const char *end = text;
    double left = (width - elbo__text_width(dots, size)) / (ELBO__FONT_PITCH * size); /* in pitches */
    for (const char *c = text; *c; end = c) {
        left -= advance(elbo__text_next(&c));
        if (left < 0)
            break;
    }
    return elbo__format("%.*s%s", (int)(end - text), text, dots);
}
