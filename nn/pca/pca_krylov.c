/* A few principal components of wide rows, without their covariance: a randomised block Krylov space (Musco and Musco
 * 2015; Halko, Martinsson and Tropp 2011) with a thick restart (Wu and Simon 2000).
 *
 * With the centred rows Y (N, D) and A = Y^T Y, a block of directions Q_0 (b, D), drawn at random, grows to a basis of
 * span(Q_0, A Q_0, A^2 Q_0, ...), each new block made orthogonal to all the others in f64. Beside the basis Q (m, D)
 * its image W = A Q is kept: the leading eigenpairs (s, z) of Q W^T (m, m) give the Ritz pairs (s, u = Q^T z), and
 * A u - s u is had from W as it is, not as a recurrence would have it. When Q is full, the b leading Ritz vectors take
 * its place, with their images; the next block goes on from them as it would have from all.
 *
 * It ends when |A u_i - s_i u_i| <= ACCURACY s_i + ROUNDING s_1 for all i <= Z. Then s_i is off by no more than that,
 * mostly by its square, and u_i by its quotient with the distance to the nearest other s_j. A random block of b >= Z
 * directions has a part in every eigenvector, and b parts in those of an s_i that occurs b times, so no leading pair is
 * passed over.
 *
 *     multiplications and additions  4 N D b a step, up to 8 b D m to make a block orthogonal and for the Ritz pairs
 *     memory, f64                    2 (m + b) D, m <= 12 b; and B D
 *     rows                           read once for each step
 *
 * How many steps it takes depends on the spectrum: where s_i falls as i^-1.5, as that of pictures does, some 10; where
 * it is flat around s_Z, a hundred. The exact way takes N D n + 4 n^3, n = min(N, D), in units of the time of an
 * operation of a product, whatever the spectrum, and a step another 100 N D for reading and centring. Krylov's space is
 * tried where 12 steps are cheaper, and given up when it is foreseen to take longer than the exact way. */
#include <math.h>
#include <string.h>

#include "../../autograd/plan.h"
#include "../../tensor/eigen.h"
#include "../../tensor/memory.h"
#include "../../tensor/product.h"
#include "../../tensor/random.h"
#include "../../tensor/vectors.h"
#include "pca_private.h"

#define ACCURACY 1e-9
#define ROUNDING 1e-13

enum { CHECK_EVERY = 3 }; /* steps */

typedef struct {
    const elbo_rows *rows;
    elbo_pca *pca;
    const elbo__krylov_limits *limits;
    int64_t have, fresh; /* directions in the basis, the last `fresh` of which have no image yet   */
    int64_t steps;       /* passes so far                                                          */
    int64_t peak_step;   /* after how many of them the residuals were largest                      */
    double peak;         /* and what they came to                                                  */
    double squares;      /* of all centred numbers                                                 */
    double *basis;       /* (most + block, D) Q                                                    */
    double *image;       /* (most, D) W                                                            */
    double *y;           /* (B, D) centred rows of a block                                         */
    double *along;       /* (B, block) their components along the fresh directions                 */
    double *small;       /* (most, most) Q W^T                                                     */
    double *values;      /* (block) leading eigenvalues of that                                    */
    double *vectors;     /* (block, most) and their eigenvectors, have numbers each                */
    double *spare;       /* (block, D)                                                             */
} krylov;

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static elbo__matrix rows_of(double *x, int64_t rows, int64_t columns)
{
    return (elbo__matrix){x, rows, columns, columns, 1};
}

static void multiply(double alpha, elbo__matrix a, elbo__matrix b, double beta, elbo__matrix y)
{
    elbo__product_shared(alpha, &a, &b, beta, &y, elbo_threads());
}

/* ---- a step ------------------------------------------------------------------------------------------------------ */

/* image of the fresh directions += y^T y of them */
static elbo_status add_to_image(void *state, const float *x, int64_t first, int64_t n)
{
    krylov *k = state;
    const int64_t width = k->pca->columns, old = k->have - k->fresh;
    const elbo__matrix y = rows_of(k->y, n, width), along = rows_of(k->along, n, k->fresh);
    (void)first;
    elbo__pca_centre(k->pca, x, n, k->y);
    if (k->steps == 0)
        k->squares += elbo__sum_of_squares(k->y, n * width);
    multiply(1, y, elbo__transposed(rows_of(k->basis + old * width, k->fresh, width)), 0, along);
    multiply(1, elbo__transposed(along), y, 1, rows_of(k->image + old * width, k->fresh, width));
    return ELBO_OK;
}

static elbo_status step(krylov *k)
{
    const int64_t width = k->pca->columns, count = k->rows->count, old = k->have - k->fresh;
    memset(k->image + old * width, 0, (size_t)(k->fresh * width) * sizeof *k->image);
    elbo_status status = elbo__pca_each_block(k->rows, "krylov", k->steps * count, k->limits->steps * count, k,
                                              add_to_image);
    k->steps++;
    return status;
}

/* The last block's image, made orthogonal to the basis, follows it. */
static elbo_status extend(krylov *k)
{
    const int64_t width = k->pca->columns, more = least_of(k->fresh, width - k->have);
    memcpy(k->basis + k->have * width, k->image + (k->have - k->fresh) * width,
           (size_t)(more * width) * sizeof *k->basis);
    elbo_status status = elbo__basis_extend(k->basis, k->have, more, width, elbo_threads());
    k->have += more;
    k->fresh = more;
    return status;
}

/* ---- Ritz pairs -------------------------------------------------------------------------------------------------- */

static elbo_status find_pairs(krylov *k)
{
    const int64_t width = k->pca->columns, pairs = least_of(k->limits->block, k->have);
    multiply(1, rows_of(k->basis, k->have, width), elbo__transposed(rows_of(k->image, k->have, width)), 0,
             rows_of(k->small, k->have, k->have));
    return elbo__eigen_leading(k->have, k->small, pairs, k->values, k->vectors, elbo_threads());
}

/* Sets the axes to the leading Ritz vectors. The largest quotient of a residual by what is allowed of it: 1 and less
 * will do. */
static double inaccuracy(krylov *k)
{
    const int64_t width = k->pca->columns, wanted = k->pca->components;
    const elbo__matrix vectors = rows_of(k->vectors, wanted, k->have);
    double worst = 0;
    multiply(1, vectors, rows_of(k->basis, k->have, width), 0, rows_of(k->pca->axes, wanted, width));
    multiply(1, vectors, rows_of(k->image, k->have, width), 0, rows_of(k->spare, wanted, width));
    for (int64_t i = 0; i < wanted; i++) {
        double *rest = k->spare + i * width;
        elbo__add_scaled(rest, -k->values[i], k->pca->axes + i * width, width);
        const double residual = sqrt(elbo__sum_of_squares(rest, width));
        const double allowed = ACCURACY * fabs(k->values[i]) + ROUNDING * fabs(k->values[0]);
        worst = residual > 0 ? fmax(worst, residual / allowed) : worst;
    }
    return worst;
}

/* Whether it would take more steps than are left even if it became twice as fast as it has been since residuals were at
 * their worst */
static bool hopeless(krylov *k, double worst)
{
    if (worst >= k->peak) {
        k->peak = worst;
        k->peak_step = k->steps;
        return false;
    }
    const double fallen = log(k->peak / worst) / (double)(k->steps - k->peak_step);
    return fallen * 2 * (double)(k->limits->steps - k->steps) < log(worst);
}

/* x (have, D) becomes the leading Ritz vectors (block, D), or their images; what follows moves up behind them. */
static void compress(krylov *k, double *x, int64_t have)
{
    const int64_t width = k->pca->columns, kept = k->limits->block;
    multiply(1, rows_of(k->vectors, kept, have), rows_of(x, have, width), 0, rows_of(k->spare, kept, width));
    memcpy(x, k->spare, (size_t)(kept * width) * sizeof *x);
}

static void restart(krylov *k)
{
    const int64_t width = k->pca->columns, old = k->have - k->fresh, kept = k->limits->block;
    compress(k, k->basis, old);
    compress(k, k->image, old);
    memmove(k->basis + kept * width, k->basis + old * width, (size_t)(k->fresh * width) * sizeof *k->basis);
    k->have = kept + k->fresh;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static elbo_status start(krylov *k)
{
    const elbo__random_key key = {.stream = elbo__stream("pca", "krylov", 0)};
    k->have = k->fresh = least_of(k->limits->block, k->pca->columns);
    elbo__normal_f64(k->basis, k->fresh, 1, k->pca->columns, key, 0, 0);
    return elbo__basis_extend(k->basis, 0, k->fresh, k->pca->columns, elbo_threads());
}

static elbo_status iterate(krylov *k, bool *converged)
{
    elbo_status status = start(k);
    while (status == ELBO_OK && !*converged) {
        status = step(k);
        const bool whole = k->have == k->pca->columns, over = whole || k->steps == k->limits->steps;
        const bool full = k->have + k->fresh > k->limits->most;
        if (status == ELBO_OK && (over || full || k->steps % CHECK_EVERY == 0)) {
            status = find_pairs(k);
            const double worst = status == ELBO_OK ? inaccuracy(k) : INFINITY;
            *converged = worst <= 1;
            if (status == ELBO_OK && !*converged && (over || hopeless(k, worst)))
                break;
        }
        if (status == ELBO_OK && !*converged)
            status = extend(k);
        if (status == ELBO_OK && !*converged && full)
            restart(k);
    }
    return status;
}

elbo_status elbo__pca_krylov(const elbo_rows *rows, elbo_pca *pca, const elbo__krylov_limits *limits, bool *converged)
{
    const int64_t width = rows->columns, block = limits->block, most = limits->most, length = elbo__pca_block(rows);
    krylov k = {.rows = rows,
                .pca = pca,
                .limits = limits,
                .basis = elbo__pca_room(most + block, width),
                .image = elbo__pca_room(most, width),
                .y = elbo__pca_room(length, width),
                .along = elbo__pca_room(length, block),
                .small = elbo__pca_room(most, most),
                .values = elbo__pca_room(block, 1),
                .vectors = elbo__pca_room(block, most),
                .spare = elbo__pca_room(block, width)};
    const bool room = k.basis && k.image && k.y && k.along && k.small && k.values && k.vectors && k.spare;
    *converged = false;
    elbo_status status = room ? iterate(&k, converged) : ELBO_NO_MEMORY;
    if (status == ELBO_OK && *converged) {
        memcpy(pca->variances, k.values, (size_t)pca->components * sizeof *k.values);
        elbo__pca_finish(pca, k.squares, "krylov");
    }
    elbo__free(k.basis);
    elbo__free(k.image);
    elbo__free(k.y);
    elbo__free(k.along);
    elbo__free(k.small);
    elbo__free(k.values);
    elbo__free(k.vectors);
    elbo__free(k.spare);
    return status;
}

elbo__krylov_limits elbo__krylov_limits_for(int64_t count, int64_t columns, int64_t components)
{
    enum { LEAST_STEPS = 12, NUMBERS = 1 << 26 /* in the basis */ };
    const int64_t block = components + components / 2 + 10, fitting = NUMBERS / columns / block;
    const int64_t blocks = fitting < 4 ? 4 : least_of(fitting, 12);
    const double n = (double)count, d = (double)columns, b = (double)block, small = fmin(n, d);
    const double exact = n * d * small + 4 * small * small * small;
    const double reading = 100 * n * d, each = reading + 4 * n * d * b + 12 * b * d * (double)blocks * b;
    const int64_t steps = (int64_t)(exact / each);
    if (small <= ELBO__EIGEN_DIRECT || steps < LEAST_STEPS)
        return (elbo__krylov_limits){.steps = 0};
    return (elbo__krylov_limits){block, blocks * block, steps};
}
