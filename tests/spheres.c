#include "spheres.h"

#include <math.h>

const double figures[FIGURES][4] = {
    {3, 1, 0.3130353, 0.1515959},     {3, 50, 0.98, 3.6051702},     {11, 2, 0.1769661, 0.1745780},
    {11, 100, 0.9510096, 12.0692644}, {2, 5, 0.8933831, 1.1622339}, {41, 20, 0.4090014, 3.7389502},
};
void some_direction(int dims, double sign, double *m)
{
    double square = 0;
    for (int i = 0; i < dims; i++) {
        m[i] = i == 0 ? sign * 0.4 : 0.3 + 0.1 * ((7 * i) % 5) * (i % 2 ? 1 : -1);
        square += m[i] * m[i];
    }
    for (int i = 0; i < dims; i++)
        m[i] /= sqrt(square);
}

elbo_dist vmf(rig *r, int dims, double k, double sign)
{
    double m[MOST_DIMS];
    some_direction(dims, sign, m);
    return elbo_von_mises_fisher(rig_input(r, "m", ELBO_SHAPE(1, dims), m), rig_input(r, "k", ELBO_SHAPE(1, 1), &k));
}
