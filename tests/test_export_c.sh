#!/bin/sh
# Decoders and encoders as C files: every kind of run is exported, compiled by a strict compiler, run, and compared with
# what the program itself computes. See cli.sh; export_runs.c says what the runs are.
here=$(cd "$(dirname "$0")" && pwd)
export_runs=$(realpath "${EXPORT_RUNS:-tests/export_runs}") || exit 99
. "$here/cli.sh"

cc=${CC_FOR_EXPORTS:-cc}
command -v "$cc" >where || { echo "SKIP: there is no C compiler \"$cc\""; exit 77; }
mkdir runs
"$export_runs" write runs || exit 99

# agree FILE EXPECTED: as many numbers, each within 1e-5 of its size, or of 1
agree() {
    awk -v expected="$2" '
        { for (i = 1; i <= NF; i++) { got[n++] = $i; wrong += $i !~ /^-?[0-9]/ } } # nan
        END {
            while ((getline line < expected) > 0) {
                fields = split(line, part, " ")
                for (i = 1; i <= fields; i++) {
                    x = part[i]; d = got[m++] - x; size = x < 0 ? -x : x
                    if (!(d * d <= 1e-10 * (size > 1 ? size * size : 1))) wrong++
                }
            }
            exit !(m > 0 && m == n && !wrong)
        }' "$1"
}

# computes RUN ROLE INPUT EXPECTED: as C, what the program computes
computes() {
    runs "export $1 $2" "$export_runs" export "runs/$1" --c code.c --role "$2"
    grep -qx "c $2 code.c" out || complain "export $1: does not say what it wrote"
    "$cc" -std=c99 -Wall -Wextra -Werror -pedantic -O1 \
        "-D$(sed -n 's/^#ifdef \(.*_MAIN\)$/\1/p' code.c)" code.c -lm -o code 2>err || complain "$1 $2: cc"
    cp "runs/$1/$3" in
    if [ "$1" = table ] && [ "$2" = encode ]; then # takes labels, but not here
        cut -d ' ' -f 2- "runs/$1/$3" >in
    fi
    ./code <in >got 2>err || complain "$1 $2: does not run"
    agree got "runs/$1/$4" || complain "$1 $2: computes something else"
}

kinds=0
for kind in runs/*/; do
    name=$(basename "$kind")
    computes "$name" decode codes decoded
    computes "$name" encode images encoded
    kinds=$((kinds + 1))
done
[ $kinds -ge 20 ] || complain "only $kinds kinds of runs"

# Without the program it is a function without a main: any number of them in one program.
for part in 'vae decode' 'vae encode' 'cvae decode'; do
    set -- $part
    runs "export $part" "$elbo" export "runs/$1" --c "$1-$2.c" --role "$2"
done
cat >three.c <<'END'
void vae_decode(const float *z, float *x, float *work);
void vae_encode(const float *x, float *mean, float *logvar, float *work);
void cvae_decode(const float *z, int label, float *x, float *work);
int main(void)
{
    static float z[4], x[42], logvar[4], work[1000];
    vae_decode(z, x, work);
    vae_encode(x, z, logvar, work);
    cvae_decode(z, 1, x, work);
    return !(x[0] > 0 && x[0] < 1);
}
END
runs 'three functions in one program' "$cc" -std=c99 three.c vae-decode.c vae-encode.c cvae-decode.c -lm -o three
runs 'their calls' ./three

# The program says what is wrong with its input, after the results of what was right.
# refuses WHY INPUT [LINES]
refuses() {
    printf '%s\n' "$2" | ./asked >got 2>err
    [ $? -eq 1 ] || complain "takes as input: $2"
    [ "$(cat err)" = "$1" ] || complain "input \"$2\": says something else"
    [ "$(wc -l <got)" -eq "${3:-0}" ] || complain "input \"$2\": prints another number of results"
}
codes=$(sed -n 1p runs/cvae/codes | cut -d ' ' -f 2-)
"$cc" -std=c99 -DCVAE_DECODE_MAIN cvae-decode.c -lm -o asked || complain 'cvae: cc'
refuses 'image 1: its label is no whole number from 0 to 2' "3 $codes"
refuses 'image 1: its label is no whole number from 0 to 2' "-1 $codes"
refuses 'image 1: its label is no whole number from 0 to 2' "1.5 $codes"
refuses 'image 1: its label is no whole number from 0 to 2' "nan $codes"
refuses 'image 2: what comes next is no number' "1 $codes cat $codes" 1
refuses 'image 2: there are fewer than 4 numbers after its label' "1 $codes 2" 1
"$cc" -std=c99 -DVAE_DECODE_MAIN vae-decode.c -lm -o asked || complain 'vae: cc'
refuses 'image 3: there are fewer than 4 numbers' '1 2 3 4 5 6 7 8 9' 2
refuses 'image 1: what comes next is no number' '1 x'
printf '' | ./asked >got 2>err || complain 'no input is an error'

runs 'both halves' "$elbo" export runs/vae --c it.c --role both
grep -qx 'c decode it-decode.c' out && grep -qx 'c encode it-encode.c' out || complain 'does not say what it wrote'
cmp -s it-encode.c vae-encode.c || complain 'the encoder of both is another one'
runs 'as JSON' "$elbo" export runs/vae --c it.c --role both --json
[ "$(tr -d ' \n' <out)" = '{"c_decode":"it-decode.c","c_encode":"it-encode.c"}' ] || complain 'another object'
mkdir some.where
runs 'a name with points' "$elbo" export runs/vae --c some.where/it.2.C --role both
[ -e some.where/it.2-decode.C ] && [ -e some.where/it.2-encode.C ] || complain 'a name with points: other names'
fails 64 'does not end in .c' "$elbo" export runs/vae --c some.where/it
fails 64 'does not end in .c' "$elbo" export runs/vae --c some.where/.c
fails 1 'nowhere/code.c' "$elbo" export runs/vae --c nowhere/code.c
fails 64 'no format is named' "$elbo" export runs/vae
fails 64 'is the name of a part of a run' "$elbo" export runs/vae --c runs/vae/model.safetensors
fails 64 'is no name of a file' "$elbo" export runs/vae --c ''
fails 64 'is no name of a file' "$elbo" export runs/vae --c runs/
fails 64 'role' "$elbo" export runs/vae --c it.c --role sample
verdict
