/* generic_kernels: prints the number that stands for plain C kernels in BLIS_ARCH_TYPE, for tests/test_cli.sh. It is
 * another one in each version of BLIS. */
#include <stdio.h>

#include <blis.h>

int main(void)
{
    printf("%d\n", (int)BLIS_ARCH_GENERIC);
    return 0;
}
