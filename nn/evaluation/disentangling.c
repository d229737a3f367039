#include "disentangling.h"

#include <math.h>

#include "../../io/sprites.h"
#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "../runs/run_private.h"
#include "disentangling_private.h"

enum { LEAST_ROWS = 100, BINS = 20 };

bool elbo__is_ordered(const elbo_factored *data, int64_t factor)
{
    return !data->ordered || data->ordered[factor];
}

int elbo__values_of(const elbo_factored *data, int64_t factor)
{
    int32_t most = 0;
    for (int64_t i = 0; i < data->count; i++)
        most = data->values[i * data->factors + factor] > most ? data->values[i * data->factors + factor] : most;
    return most + 1;
}

/* The largest of scores (Z), less the second. */
static double gap_of(const double *scores, int64_t n)
{
    double first = 0, second = 0;
    for (int64_t j = 0; j < n; j++)
        if (scores[j] > first) {
            second = first;
            first = scores[j];
        } else if (scores[j] > second) {
            second = scores[j];
        }
    return first - second;
}

/* ---- mutual information ------------------------------------------------------------------------------------------ */

/* Bins (N) of equal width between the least and the largest value of a code. */
static void find_bins(const elbo_factored *data, int64_t code, int *bins)
{
    double least = INFINITY, most = -INFINITY;
    for (int64_t i = 0; i < data->count; i++) {
        const double z = data->codes[i * data->latent + code];
        least = z < least ? z : least;
        most = z > most ? z : most;
    }
    for (int64_t i = 0; i < data->count; i++) {
        const double share = most > least ? (data->codes[i * data->latent + code] - least) / (most - least) : 0;
        bins[i] = share < 1 ? (int)(share * BINS) : BINS - 1;
    }
}

/* -sum p log p of counts (n) that sum to `all` */
static double entropy_of(const double *counts, int64_t n, double all)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum -= counts[i] > 0 ? counts[i] / all * log(counts[i] / all) : 0;
    return sum;
}

/* I(a; b) = H(a) + H(b) - H(a, b) of bins and the values of a factor; room for values + bins + their products. */
static double information_of(const elbo_factored *data, const int *bins, int64_t factor, int values, double *room)
{
    double *both = room, *of_bins = room + values * BINS, *of_values = of_bins + BINS;
    const double all = (double)data->count;
    for (int k = 0; k < values * BINS + BINS + values; k++)
        room[k] = 0;
    for (int64_t i = 0; i < data->count; i++) {
        const int v = data->values[i * data->factors + factor];
        both[v * BINS + bins[i]]++;
        of_bins[bins[i]]++;
        of_values[v]++;
    }
    return entropy_of(of_bins, BINS, all) + entropy_of(of_values, values, all) - entropy_of(both, values * BINS, all);
}

static double entropy_of_factor(const elbo_factored *data, int64_t factor, int values, double *room)
{
    for (int v = 0; v < values; v++)
        room[v] = 0;
    for (int64_t i = 0; i < data->count; i++)
        room[data->values[i * data->factors + factor]]++;
    return entropy_of(room, values, (double)data->count);
}

static int most_values(const elbo_factored *data)
{
    int most = 1;
    for (int64_t f = 0; f < data->factors; f++)
        most = elbo__values_of(data, f) > most ? elbo__values_of(data, f) : most;
    return most;
}

elbo_status elbo__find_mig(const elbo_factored *data, elbo_disentangling *out)
{
    const size_t values = (size_t)most_values(data);
    double *room = elbo__calloc(values * (BINS + 1) + BINS, sizeof *room);
    int *bins = elbo__calloc((size_t)data->count, sizeof *bins);
    const bool enough = room && bins;
    for (int64_t j = 0; j < data->latent && enough; j++) {
        find_bins(data, j, bins);
        for (int64_t f = 0; f < data->factors; f++)
            out->information[f * data->latent + j] = information_of(data, bins, f, elbo__values_of(data, f), room);
    }
    for (int64_t f = 0; f < data->factors && enough; f++) {
        out->entropy[f] = entropy_of_factor(data, f, elbo__values_of(data, f), room);
        out->mig += gap_of(out->information + f * data->latent, data->latent) / out->entropy[f] / (double)data->factors;
    }
    elbo__free(room);
    elbo__free(bins);
    return enough ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- separated attribute predictability -------------------------------------------------------------------------- */

/* The squared correlation of a code and a factor. */
static double correlation(const elbo_factored *data, int64_t code, int64_t factor)
{
    double z = 0, v = 0, zz = 0, vv = 0, zv = 0;
    for (int64_t i = 0; i < data->count; i++) { /* squares about the means so far */
        const double from_z = data->codes[i * data->latent + code] - z,
                     from_v = data->values[i * data->factors + factor] - v;
        z += from_z / (double)(i + 1);
        v += from_v / (double)(i + 1);
        zz += from_z * (data->codes[i * data->latent + code] - z);
        vv += from_v * (data->values[i * data->factors + factor] - v);
        zv += from_z * (data->values[i * data->factors + factor] - v);
    }
    return zz > 0 && vv > 0 ? zv * zv / (zz * vv) : 0;
}

/* The share of a code's variance that lies between the values of a factor; sums, counts (values) are room. */
static double correlation_ratio(const elbo_factored *data, int64_t code, int64_t factor, int values, double *room)
{
    double *sums = room, *counts = room + values, mean = 0, squares = 0, between = 0;
    for (int v = 0; v < 2 * values; v++)
        room[v] = 0;
    for (int64_t i = 0; i < data->count; i++)
        mean += data->codes[i * data->latent + code] / (double)data->count;
    for (int64_t i = 0; i < data->count; i++) {
        const double z = data->codes[i * data->latent + code] - mean;
        const int v = data->values[i * data->factors + factor];
        squares += z * z;
        sums[v] += z;
        counts[v]++;
    }
    for (int v = 0; v < values; v++)
        between += counts[v] > 0 ? sums[v] * sums[v] / counts[v] : 0;
    return squares > 0 ? between / squares : 0;
}

elbo_status elbo__find_sap(const elbo_factored *data, elbo_disentangling *out)
{
    double *room = elbo__calloc(2 * (size_t)most_values(data), sizeof *room);
    double *scores = elbo__calloc((size_t)data->latent, sizeof *scores);
    const bool enough = room && scores;
    for (int64_t f = 0; f < data->factors && enough; f++) {
        const int values = elbo__values_of(data, f);
        for (int64_t j = 0; j < data->latent; j++)
            scores[j] = elbo__is_ordered(data, f) ? correlation(data, j, f)
                                                  : correlation_ratio(data, j, f, values, room);
        out->sap += gap_of(scores, data->latent) / (double)data->factors;
    }
    elbo__free(room);
    elbo__free(scores);
    return enough ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

static elbo_status check(const elbo_factored *data)
{
    if (data->count < LEAST_ROWS)
        return elbo__fail(ELBO_INVALID, "%lld images: at least %d are needed to see how codes go with factors",
                          (long long)data->count, LEAST_ROWS);
    for (int64_t i = 0; i < data->count * data->latent; i++)
        if (!isfinite(data->codes[i]))
            return elbo__fail(ELBO_INVALID, "the code of image %lld is not finite", (long long)(i / data->latent));
    for (int64_t f = 0; f < data->factors; f++) {
        bool varies = false;
        for (int64_t i = 0; i < data->count; i++) {
            if (data->values[i * data->factors + f] < 0)
                return elbo__fail(ELBO_INVALID, "factor %lld of image %lld is %d: expected values from 0 on",
                                  (long long)f, (long long)i, data->values[i * data->factors + f]);
            varies |= data->values[i * data->factors + f] != data->values[f];
        }
        if (!varies)
            return elbo__fail(ELBO_INVALID, "factor %lld is %d in all images", (long long)f, data->values[f]);
    }
    return ELBO_OK;
}

static elbo_status make_room(const elbo_factored *data, elbo_disentangling *out)
{
    const size_t f = (size_t)data->factors, z = (size_t)data->latent;
    *out = (elbo_disentangling){.images = data->count,
                                .latent = data->latent,
                                .factors = data->factors,
                                .information = elbo__calloc(f * z, sizeof(double)),
                                .importance = elbo__calloc(f * z, sizeof(double)),
                                .entropy = elbo__calloc(f, sizeof(double))};
    return out->information && out->importance && out->entropy ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo_disentangling_of(const elbo_factored *data, int64_t seed, elbo_disentangling *out)
{
    *out = (elbo_disentangling){.images = 0};
    elbo_status status = check(data);
    if (status == ELBO_OK)
        status = make_room(data, out);
    if (status == ELBO_OK)
        status = elbo__find_mig(data, out);
    if (status == ELBO_OK)
        status = elbo__find_sap(data, out);
    if (status == ELBO_OK)
        status = elbo__find_dci(data, seed, out);
    if (status == ELBO_OK)
        status = elbo__find_scores(data, seed, out);
    if (status != ELBO_OK)
        elbo_disentangling_free(out);
    return status;
}

/* Which factors of the sprites lie in a row. */
static elbo_status find_ordered(int64_t factors, bool *ordered)
{
    for (int64_t f = 0; f < factors; f++) {
        if (!elbo_sprite_factors[f].name)
            return elbo__fail(ELBO_INVALID, "%lld factors: more than the sprites have", (long long)factors);
        ordered[f] = elbo_sprite_factors[f].ordered;
    }
    return ELBO_OK;
}

elbo_status elbo_run_disentangling(elbo_run *run, const elbo_images *images, int64_t count, int64_t seed,
                                   elbo_disentangling *out)
{
    *out = (elbo_disentangling){.images = 0};
    if (!images->factors.data)
        return elbo__fail(ELBO_INVALID,
                          "nobody knows what factors these images were made from; of sprites it is known");
    if (count < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)count);
    const elbo_images some = elbo_images_first(images, count > 0 ? count : images->count);
    const int64_t n = some.count, factors = some.factors.layout.shape.dim[1];
    float *codes = elbo__calloc((size_t)n, (size_t)run->latent * sizeof *codes);
    int32_t *values = elbo__calloc((size_t)n, (size_t)factors * sizeof *values);
    bool *ordered = elbo__calloc((size_t)factors, sizeof *ordered);
    elbo_status status = codes && values && ordered ? ELBO_OK : ELBO_NO_MEMORY;
    const elbo_tensor to = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(n, factors), values);
    if (status == ELBO_OK)
        status = find_ordered(factors, ordered);
    if (status == ELBO_OK)
        status = elbo_run_encode_images(run, &some, codes, NULL);
    if (status == ELBO_OK) {
        elbo_tensor_copy(&to, &some.factors);
        status = elbo_disentangling_of(&(elbo_factored){n, run->latent, factors, codes, values, ordered}, seed, out);
    }
    elbo__free(codes);
    elbo__free(values);
    elbo__free(ordered);
    return status;
}

void elbo_disentangling_free(elbo_disentangling *d)
{
    if (!d)
        return;
    elbo__free(d->information);
    elbo__free(d->importance);
    elbo__free(d->entropy);
    *d = (elbo_disentangling){.images = 0};
}
