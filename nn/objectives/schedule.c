#include "schedule.h"

#include <math.h>
#include <string.h>

const char *const elbo_schedule_names[] = {"constant", "linear", "cyclic", NULL};

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
