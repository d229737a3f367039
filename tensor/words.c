#include "words.h"

#include <string.h>

int elbo__distance(const char *a, const char *b)
{
    enum { LONGEST = 127 }; /* what follows is not compared */
    int row[LONGEST + 1];
    int n = (int)strnlen(b, LONGEST);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1] && i <= LONGEST; i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int replaced = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            int inserted = row[j - 1] + 1, deleted = row[j] + 1;
            row[j] = replaced < inserted ? replaced : inserted;
            row[j] = row[j] < deleted ? row[j] : deleted;
        }
    }
    return row[n];
}
