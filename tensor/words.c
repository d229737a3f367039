#include "words.h"

#include <string.h>

#include "text.h"

enum { LONGEST = 127 }; /* what follows is not compared */

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return elbo__to_lower(a) == elbo__to_lower(b);
}

int elbo__distance(const char *a, const char *b)
{
    int rows[3][LONGEST + 1]; /* for the first i, i - 1 and i - 2 characters of a */
    int *row = rows[0], *above = rows[1], *second = rows[2];
    const int n = (int)strnlen(b, LONGEST);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= LONGEST && a[i - 1]; i++) {
        int *oldest = second;
        second = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            row[j] = above[j - 1] + !same(a[i - 1], b[j - 1]);
            row[j] = least_of(row[j], least_of(row[j - 1], above[j]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least_of(row[j], second[j - 2] + 1);
        }
    }
    return row[n];
}

elbo__words elbo__words_near(const char *word)
{
    return (elbo__words){.word = word};
}

static bool begins_with(const char *text, const char *start, size_t least)
{
    size_t n = 0;
    while (start[n] && same(text[n], start[n]))
        n++;
    return !start[n] && n >= least;
}

static void put_in_list(elbo__words *near, const char *name)
{
    const size_t room = sizeof near->list - near->used;
    const int length = room ? elbo__print(near->list + near->used, room, "%s%s", near->used ? ", " : "", name) : 0;
    near->used = (size_t)length < room ? near->used + (size_t)length : sizeof near->list;
}

void elbo__words_offer(elbo__words *near, const char *name)
{
    enum { SHORTEST_WORD = 2, SHORTEST_NAME = 3 };
    const int distance = elbo__distance(near->word, name);
    const size_t lengths[] = {strnlen(near->word, LONGEST), strnlen(name, LONGEST)};
    const int longer = (int)(lengths[0] > lengths[1] ? lengths[0] : lengths[1]);
    const bool begins = begins_with(name, near->word, SHORTEST_WORD) || begins_with(near->word, name, SHORTEST_NAME);
    const bool nearer = !near->nearest || (begins == near->begins ? distance < near->distance : begins);
    put_in_list(near, name);
    if (!nearer || (!begins && 3 * distance > longer))
        return;
    near->nearest = name;
    near->begins = begins;
    near->distance = distance;
}

elbo__hint elbo__words_hint(const elbo__words *near)
{
    elbo__hint hint = {""};
    if (near->nearest)
        elbo__print(hint.text, sizeof hint.text, "; the nearest is \"%.100s\"", near->nearest);
    else if (near->used && near->used < sizeof near->list)
        elbo__print(hint.text, sizeof hint.text, "; there are %s", near->list);
    for (char *c = hint.text; *c; c++) /* one line, whatever the names hold */
        *c = (unsigned char)*c < ' ' || *c == '\x7f' ? '?' : *c;
    return hint;
}
