#include "schedule.h"

#include <math.h>
#include <string.h>

const char *const elbo_schedule_names[] = {"constant", "linear", "cyclic", NULL};

/* ---- beta -------------------------------------------------------------------------------------------------------- */

static double linear(const elbo_values *options, double epoch, double epochs)
{
    (void)epochs;
    return fmin(1, epoch / elbo_values_number(options, "warmup"));
}

static double cyclic(const elbo_values *options, double epoch, double epochs)
{
    const double cycles = (double)elbo_values_integer(options, "cycles"), at = epoch * cycles / epochs;
    return at >= cycles ? 1 : fmin(1, 2 * (at - floor(at)));
}

double elbo_beta_at(const elbo_values *options, double epoch, double epochs)
{
    static const struct {
        const char *name;
        double (*share)(const elbo_values *options, double epoch, double epochs);
    } schedules[] = {{"linear", linear}, {"cyclic", cyclic}};
    const elbo_value *beta = elbo_values_get(options, "beta", ELBO_NUMBER);
    const elbo_value *schedule = elbo_values_get(options, "beta-schedule", ELBO_CHOICE);
    if (!beta)
        return 1;
    for (size_t i = 0; schedule && i < sizeof schedules / sizeof schedules[0]; i++)
        if (strcmp(schedules[i].name, schedule->text) == 0)
            return beta->number * schedules[i].share(options, epoch, epochs);
    return beta->number;
}

/* ---- the learning rate ------------------------------------------------------------------------------------------- */

/* Where a training is. */
typedef struct {
    const elbo_values *options;
    double decay, epoch, epochs;
    int64_t drops;
} moment;

static double constant(const moment *m)
{
    (void)m;
    return 1;
}

static double step(const moment *m)
{
    return pow(m->decay, floor(m->epoch / (double)elbo_values_integer(m->options, "lr-every")));
}

static double milestones(const moment *m)
{
    const elbo_sizes at = elbo_values_sizes(m->options, "lr-at");
    int passed = 0;
    for (int i = 0; i < at.n; i++)
        passed += m->epoch >= (double)at.at[i];
    return pow(m->decay, passed);
}

static double cosine(const moment *m)
{
    return m->decay + (1 - m->decay) * (1 + cos(M_PI * fmin(1, m->epoch / m->epochs))) / 2;
}

static double plateau(const moment *m)
{
    return pow(m->decay, (double)m->drops);
}

/* One list for both tables. */
#define LR_SCHEDULES(ROW) ROW(constant) ROW(step) ROW(milestones) ROW(cosine) ROW(plateau)
#define ENTRY(name) {#name, name},
#define NAME(name) #name,
static const struct {
    const char *name;
    double (*factor)(const moment *m);
} lr_schedules[] = {LR_SCHEDULES(ENTRY)};
const char *const elbo_lr_schedule_names[] = {LR_SCHEDULES(NAME) NULL};

double elbo_lr_factor(const elbo_values *options, double epoch, double epochs, int64_t drops)
{
    const moment m = {options, elbo_values_number(options, "lr-decay"), epoch, epochs, drops};
    const double warmup = elbo_values_number(options, "lr-warmup");
    const char *name = elbo_values_choice(options, "lr-schedule");
    double factor = 1;
    for (size_t i = 0; i < sizeof lr_schedules / sizeof lr_schedules[0]; i++)
        if (strcmp(lr_schedules[i].name, name) == 0)
            factor = lr_schedules[i].factor(&m);
    return epoch < warmup ? factor * epoch / warmup : factor;
}
