#include "machine.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "elementwise.h"
#include "text.h"

static char processor[128];

/* The line "model name : ..." that the kernel has for most processors. */
static bool read_model(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        found = value && strncmp(line, "model name", 10) == 0 && value[1] == ' ' && value[2] > ' ';
        if (found)
            elbo__print(processor, sizeof processor, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
    }
    if (file)
        fclose(file);
    return found;
}

static void find_processor(void)
{
    struct utsname system;
    if (!read_model())
        elbo__print(processor, sizeof processor, "%s", uname(&system) == 0 ? system.machine : "unknown");
}

elbo_machine elbo_machine_describe(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_processor);
    return (elbo_machine){
        .processor = processor,
        .instructions = elbo__kernels_name(),
        .blis = elbo__product_kernels(),
        .own_f32 = elbo__kernels_for(ELBO_F32)->product != NULL,
        .own_f64 = elbo__kernels_for(ELBO_F64)->product != NULL,
    };
}
