#include "hmc.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"

/* A place with its momentum, (Z) each, and what the density is there. */
typedef struct {
    double *z, *momentum, *gradient, log_density;
} place;

static void copy_place(const elbo__hmc *how, place *to, const place *from)
{
    const size_t size = (size_t)how->dims * sizeof *to->z;
    memcpy(to->z, from->z, size);
    memcpy(to->momentum, from->momentum, size);
    memcpy(to->gradient, from->gradient, size);
    to->log_density = from->log_density;
}

static double energy(const elbo__hmc *how, const place *p)
{
    double square = 0;
    for (int64_t j = 0; j < how->dims; j++)
        square += p->momentum[j] * p->momentum[j];
    return square / 2 - p->log_density;
}

static elbo_status look(const elbo__hmc *how, place *p)
{
    return how->density(how->user, p->z, &p->log_density, p->gradient);
}

static void push(const elbo__hmc *how, place *p, double step)
{
    for (int64_t j = 0; j < how->dims; j++)
        p->momentum[j] += step * p->gradient[j];
}

static elbo_status leap(const elbo__hmc *how, place *p)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < how->leaps && status == ELBO_OK; i++) {
        push(how, p, how->step / 2);
        for (int64_t j = 0; j < how->dims; j++)
            p->z[j] += how->step * p->momentum[j];
        status = look(how, p);
        push(how, p, how->step / 2);
    }
    return status;
}

static elbo_status run(const elbo__hmc *how, uint64_t seed, uint64_t chain, place *at, place *to, double *accepted)
{
    const elbo__random_key momenta = {.seed = seed, .stream = elbo__stream("sampler", "momentum", 0)},
                           chances = {.seed = seed, .stream = elbo__stream("sampler", "accept", 0)};
    int64_t count = 0;
    elbo_status status = look(how, at);
    for (int64_t i = 0; i < how->proposals && status == ELBO_OK; i++) {
        double chance;
        elbo__normal_f64(at->momentum, 1, 1, how->dims, momenta, chain, (uint64_t)i);
        elbo__uniform_f64(&chance, 1, 1, 1, chances, chain, (uint64_t)i);
        copy_place(how, to, at);
        status = leap(how, to);
        const double gained = energy(how, at) - energy(how, to); /* NaN is not accepted */
        if (status == ELBO_OK && log(chance) < gained) {
            copy_place(how, at, to);
            count++;
        }
    }
    *accepted = how->proposals > 0 ? (double)count / (double)how->proposals : 1;
    return status;
}

elbo_status elbo__hmc_run(const elbo__hmc *how, uint64_t seed, uint64_t chain, double *z, double *accepted)
{
    const size_t size = (size_t)how->dims;
    double *room = elbo__calloc(6 * size, sizeof *room), unwanted;
    if (!room)
        return ELBO_NO_MEMORY;
    place at = {.z = room, .momentum = room + size, .gradient = room + 2 * size},
          to = {.z = room + 3 * size, .momentum = room + 4 * size, .gradient = room + 5 * size};
    memcpy(at.z, z, size * sizeof *z);
    elbo_status status = run(how, seed, chain, &at, &to, accepted ? accepted : &unwanted);
    if (status == ELBO_OK)
        memcpy(z, at.z, size * sizeof *z);
    elbo__free(room);
    return status;
}
