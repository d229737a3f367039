#include "palette.h"

#include <math.h>

/* A colour of this hue (degrees), lightness and saturation as 0xrrggbb. */
static uint32_t colour(double hue, double lightness, double saturation)
{
    static const int phases[] = {0, 8, 4}; /* of red, green and blue, in twelfths of the circle */
    const double depth = saturation * fmin(lightness, 1 - lightness);
    uint32_t rgb = 0;
    for (int i = 0; i < 3; i++) {
        const double k = fmod(phases[i] + hue / 30, 12);
        rgb = rgb << 8 | (uint32_t)lround(255 * (lightness - depth * fmax(-1, fmin(fmin(k - 3, 9 - k), 1))));
    }
    return rgb;
}

/* Ten colours chosen by hand, all dark enough for white paper and far from each other. Those after them go round the
 * circle by the golden angle, which comes back to no hue soon, and are dark, light and neither in turn. */
uint32_t elbo__class_colour(int label)
{
    static const uint32_t chosen[] = {0x2b6cb8, 0xf0871a, 0x2f9e44, 0xd6303a, 0x8e55c4,
                                      0x8a5a3c, 0xe667b3, 0x6f7780, 0xb0a716, 0x19b3c6};
    static const double lightness[] = {0.28, 0.66, 0.47};
    enum { CHOSEN = sizeof chosen / sizeof chosen[0] };
    if (label < CHOSEN)
        return chosen[label];
    return colour(fmod(255 + 137.508 * (label - CHOSEN), 360), lightness[(label - CHOSEN) % 3], 0.7);
}
