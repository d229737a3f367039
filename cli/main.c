#include <elbo.h>

int main(int argc, char **argv)
{
    return elbo_main(argc, argv, elbo_models);
}
