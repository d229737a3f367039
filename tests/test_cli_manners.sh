#!/bin/sh
# How the program behaves towards people and scripts: what goes to stderr, --quiet, pictures in the terminal, its help.
# See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
silent() { unusual | grep -q . && complain "$1: something on stderr:"; }

# ---- --quiet: neither progress nor notes, but warnings and errors ---------------------------------------------------

runs 'train' "$elbo" train vae $small --out run
grep -q '^epoch 2/2, [0-9.]* s in all, ' err || complain 'no line for an epoch'
mv out loud
for way in --quiet -q; do
    runs "train $way" "$elbo" train vae $small $way --out run --force
    silent "train $way"
    cmp -s loud out || complain "train $way: other results on stdout"
done
runs 'quiet before the command' "$elbo" -q train vae $small --out run --force
silent 'quiet before the command'
mkdir train-only && cp data/train-* train-only
runs 'train without a test part' "$elbo" train vae $small --data train-only --quiet --out other
silent 'a note'
runs 'evaluate without a test part' "$elbo" evaluate other --quiet
silent 'a note'
fails 1 'nowhere' "$elbo" sample nowhere --quiet
"$elbo" train vae $small --quiet=no --out run --force 2>err >out
grep -q '^epoch 2/2' err || complain '--quiet=no: no line for an epoch'

# ---- --preview: the picture on stderr, stdout as without ------------------------------------------------------------

runs 'train for pictures' "$elbo" train cvae --data data --hidden 16 --latent 2 --batch 16 --epochs 2 --out runs/digits
runs 'train for large pictures' "$elbo" train vae $small --out large
runs 'sample' "$elbo" sample runs/digits -n 4 -o four.png
mv out plain
for command in sample reconstruct interpolate traverse manifold features; do
    runs "$command --preview" "$elbo" $command runs/digits --preview -o picture.png
    [ "$(wc -l <out)" -eq 1 ] || complain "$command --preview: something else on stdout"
    unusual | grep -q . || complain "$command --preview: no preview"
    unusual | grep -q '[^][ .:=+*#%@-]' && complain "$command --preview: other than shades where there is no terminal"
done
runs 'scatter --preview' "$elbo" scatter runs/digits --preview
unusual | grep -q . || complain 'scatter --preview: no preview'
# what cannot be shown is refused before anything is written
for name in a.npy a.csv; do
    fails 64 "\"preview\": \"$name\" is no picture" "$elbo" sample runs/digits --preview -o $name
done
fails 64 '"preview": "a.svg" is no picture' "$elbo" scatter runs/digits --preview -o a.svg
rm -f samples.png
fails 64 'no picture is drawn with --npy alone' "$elbo" sample runs/digits --preview --npy a.npy
for file in a.npy a.csv a.svg samples.png; do [ -e $file ] && complain "a refused preview left $file"; done
runs 'sample --npy with a picture' "$elbo" sample runs/digits -n 4 --preview --npy a.npy -o a.png
[ -f a.npy ] && [ -f a.png ] || complain 'sample --npy -o --preview: not both files'
runs 'sample --preview' "$elbo" sample runs/digits -n 4 -o four.png --preview
cmp -s out plain || complain 'sample --preview: another stdout'
# four images of 8 x 8 with lines of two pixels around each, in characters that are twice as high as wide
[ "$(wc -l <err)" -eq 6 ] || complain "sample --preview: not 6 rows"
[ "$(awk 'length != 42' err | wc -l)" -eq 0 ] || complain "sample --preview: not 42 columns"
head -n 1 err | grep -qx ' *' || complain 'sample --preview: the line around is not black'
runs 'sample --preview --quiet' "$elbo" sample runs/digits -n 4 -o four.png --preview --quiet
[ -s err ] || complain 'sample --preview --quiet: what was asked for is not there'
runs 'a large picture' "$elbo" sample large -n 400 -o large.png --preview
[ "$(awk 'length > 80' err | wc -l)" -eq 0 ] || complain 'a large picture: wider than 80 columns'

# terminal TYPE VARIABLE... COMMAND: what comes to a terminal of 60 columns of that type, in UTF-8, in the file seen
terminal() {
    type=$1
    shift
    script -qec "stty cols 60; env LC_ALL=C.UTF-8 TERM=$type $*" /dev/null </dev/null >seen
}
if command -v script >/dev/null && command -v stty >/dev/null; then
    sample="$elbo sample runs/digits -n 4 -o four.png --preview"
    escape=$(printf '\033')
    terminal xterm "$sample"
    [ "$(grep -c "$escape.38;2;" seen)" -eq 6 ] || complain 'a terminal: not 6 rows of colour'
    for other in 'dumb' 'xterm NO_COLOR=1' 'xterm LC_ALL=C'; do
        terminal $other "$sample"
        grep -q "$escape.38" seen && complain "$other: colours"
        [ "$(grep -c '^[ .:=+*#%@-]*.$' seen)" -eq 6 ] || complain "$other: not 6 rows of shades"
    done
    terminal xterm "$elbo sample large -n 400 -o large.png --preview"
    [ "$(grep "$escape.38" seen | head -n 1 | grep -o "$escape.38" | wc -l)" -eq 60 ] || complain 'not 60 columns'

    # A live line is left as it is or without whole fields. The epochs are long, so that there is one.
    terminal xterm "$elbo train vae --data data --latent 2 --batch 1 --hidden 3000,3000 --epochs 3 --out live"
    tr '\r' '\n' <seen | sed "s/^$escape.K//" | grep '^epoch [0-9/]*, step' >live-lines || complain 'no live line'
    figure=', [a-zA-Z]* [0-9]*[.][0-9][0-9][0-9]*'
    whole="^epoch [0-9/]*, step [0-9/]*(, [0-9]* images/s(, [0-9:]* left($figure)*)?)?\$"
    grep -Ev "$whole" live-lines >err && complain 'a live line is cut within a field'
    [ "$(awk 'length >= 60' live-lines | wc -l)" -eq 0 ] || complain 'a live line is wider than the terminal'
    runs 'train many dimensions' "$elbo" train vae $small --latent 12 --out many
    for columns in 100 40; do
        script -qec "stty cols $columns; $elbo evaluate many" /dev/null </dev/null >seen
        [ "$(grep -m 1 -o 'z[0-9]*: ' seen | wc -l)" -eq $(((columns + 1) / 15)) ] ||
            complain "$columns columns: the row"
    done
    "$elbo" evaluate many 2>err | grep -A 3 '^KL of' | awk 'length > 80 { bad = 1 } END { exit bad }' ||
        complain 'evaluate: wider than 80 columns'

    # Pixel for pixel as another reader of the file sees it.
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import cv2' 2>/dev/null && break
    done
    terminal xterm "$sample"
    if "$python" -c 'import cv2' 2>/dev/null; then
        "$python" - >err 2>&1 <<'END' || complain 'the preview shows other pixels than the picture has'
import re, cv2
rows = [r for r in open("seen", "rb").read().decode().split("\n") if "\u2580" in r]
picture = cv2.imread("four.png")[:, :, ::-1]
assert picture.shape == (12, 42, 3), picture.shape
for y, row in enumerate(rows):
    cells = re.findall(r"\x1b\[38;2;(\d+);(\d+);(\d+)m\x1b\[48;2;(\d+);(\d+);(\d+)m\u2580", row)
    assert len(cells) == 42, (y, len(cells))
    for x, cell in enumerate(cells):
        both = [int(c) for c in cell]
        assert both == [int(c) for c in (*picture[2 * y, x], *picture[2 * y + 1, x])], (x, y, both)
END
    fi
fi

# ---- what is asked for wrongly --------------------------------------------------------------------------------------

fails 64 "runs/digits is a run, and \`plan' takes a model, such as that of the run: cvae" "$elbo" plan runs/digits
fails 64 "runs/digits is a run, and \`train' takes a model" "$elbo" train runs/digits
fails 1 'dimension 3: the latent space has 2, the first being 1' "$elbo" traverse runs/digits --dims 1,3
fails 64 'option "dims": "a" is not a list of integers' "$elbo" traverse runs/digits --dims a
for command in sample encode scatter evaluate; do
    option=-o
    [ $command = evaluate ] && option=--per-image
    fails 64 '"-" is no name of a file; /dev/stdout is' "$elbo" $command runs/digits $option -
done
[ -e - ] && complain 'a file is called -'
fails 64 '"a.gif": expected a name that ends in one of .svg, .png' "$elbo" scatter runs/digits -o a.gif
fails 64 '"a.png": codes are no picture' "$elbo" encode runs/digits -o a.png
"$elbo" sample runs/digits -n 4 -o /dev/stdout | head -c 4 | tail -c 3 | grep -qx PNG ||
    complain '-o /dev/stdout: no picture'
fails 64 'no command "eval"; the nearest is "evaluate"' "$elbo" eval
fails 64 "no command \"generate\"; \`elbo --help' lists them" "$elbo" generate
fails 64 'no command "sampel"; the nearest is "sample"' "$elbo" sampel

# ---- help: fits 100 columns, shows an example, and every example works ----------------------------------------------

fits() {
    [ "$(awk 'length > 100' out | wc -l)" -eq 0 ] || complain "$1: wider than 100 columns"
    grep -q '^  *$' out && complain "$1: a line of blanks"
    [ -s err ] && complain "$1: something on stderr"
}
runs 'help' "$elbo" --help
fits 'help'
for status in 0 1 64 128+N; do says "^  $status  "; done
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' out | grep -vx help)
runs 'models' "$elbo" models
models=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' out)
[ "$(echo $commands | wc -w)" -ge 15 ] && [ "$(echo $models | wc -w)" -ge 5 ] || complain 'too few commands or models'
for command in $commands; do
    runs "help of $command" "$elbo" $command --help
    fits "help of $command"
    sed -n '/^Examples:/,/^$/s/^  \(elbo .*\)/\1/p' out >>examples
    tail -n 1 examples | grep -q "^elbo $command" || complain "$command: no example in its help"
done
for command in train plan; do
    for model in $models; do
        runs "help of $command $model" "$elbo" $command $model --help
        fits "help of $command $model"
        sed -n '/^Examples:/,/^$/s/^  \(elbo .*\)/\1/p' out >>examples
    done
done
runs 'help help' "$elbo" help help
fits 'help help'
says '^Usage: elbo .OPTION...\] COMMAND'

for way in -h '-?' --help; do
    runs "help by $way" "$elbo" sample $way
    says '^  -h, --help  *print help$'
    runs "help by $way of all" "$elbo" $way
    says '^  -h, --help  *print help$'
done
runs 'usage' "$elbo" sample --usage
says '^Usage: elbo sample '
for way in -V --version; do
    runs "$way" "$elbo" $way
    grep -q '^elbo [0-9]' out || complain "$way: no version"
    runs "$way of a command" "$elbo" sample $way
    grep -q '^elbo [0-9]' out || complain "$way of a command: no version"
done
runs 'help of train' "$elbo" train --help
says '^  or: *elbo train \[OPTION...\] --resume RUN$'
says '^  or: *elbo train \[OPTION...\] --config FILE$'
runs 'help of train vae' "$elbo" train vae --help
tr '\n' ' ' <out | sed 's/  */ /g' | grep -q 'of no use without --net conv' || complain 'help: not what an option needs'

# On small data where they look for MNIST and for pictures of one's own.
ln -s . data/mnist
"$tiny_data" --png pictures || exit 99
rm -f pictures/*.* # what is no picture
mv runs/digits trained
runs 'train an autoencoder' "$elbo" train ae --data data --hidden none --likelihood squared-error --latent 2 \
    --batch 16 --epochs 1 --out runs/linear
runs 'train an autoencoder to draw from' "$elbo" train ae --data data --hidden none --latent 2 --batch 16 --epochs 1 \
    --out runs/ae
printf '%s\n' age,job 20,a 30,a 40,a 50,b 60,b 70,b 80,b 90,b >people.csv
runs 'train on a table' "$elbo" train vae --data people.csv --likelihood columns --hidden 4 --latent 1 --epochs 1 \
    --out runs/people
printf 'age,job\n20,\n,b\n' >people.csv
runs 'train on images alone' "$elbo" train vae --data data --hidden 4 --latent 2 --epochs 1 --out runs/vae
runs 'images for the examples' "$elbo" sample trained -n 4 --npy holes.npy
runs 'train pca' "$elbo" train pca --data data --latent 2 --out runs/pca
runs 'train a classifier' "$elbo" train classifier --data data --batch 16 --epochs 1 --out runs/classifier
runs 'codes for the examples' "$elbo" encode trained -o codes.csv
sort -u examples | while read -r program line; do
    case $line in
    *'--data pictures'*) [ "${line%% *}" = train ] || continue ;; # of other images than the run's
    esac
    rm -rf runs/digits runs/again && cp -r trained runs/digits
    case $line in *'--out runs/digits'*) rm -r runs/digits ;; esac
    "$elbo" $line >out 2>err </dev/null && continue
    # what is so of the model, or of data as small as these
    grep -q 'is fitted: it has no training step$\|leave no variance for the noise' err && continue
    complain "the example \`$program $line' does not work"
    echo "$line" >>broken
done
[ ! -e broken ] || complain 'examples that do not work'

verdict
