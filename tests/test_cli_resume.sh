#!/bin/sh
# Trainings that are stopped and killed at any moment go on to the same bytes. See cli.sh; KILLS is how often each.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 64 --latent 4 --batch 2 --epochs 16 --val 0.2 --ema 0.9 --sample-every 2'

# A number from 0 to 99: another each time, the same in every run of the test.
state=7
draw() {
    state=$(((state * 1103515245 + 12345) % 2147483648))
    number=$((state / 65536 % 100))
}

# same WHAT A B: all that a run leaves but its timing
same() {
    for file in model.safetensors resume.safetensors metrics.csv config.ini samples.png reconstruction.png \
        samples-0002.png samples-0016.png; do
        cmp -s "$2/$file" "$3/$file" || complain "$1: $file is another"
    done
}

runs 'the whole training' "$elbo" train vae $small --out whole
[ "$(wc -l <whole/metrics.csv)" -eq 17 ] || complain 'not sixteen epochs'

# begin ARGUMENT...: a training in the background that says what it does through the pipe
mkfifo said
begin() {
    "$elbo" train "$@" >out 2>said &
    process=$!
    exec 3<said
    : >err
}

# hear LINES: waits until the training has said so much, or is over
hear() {
    for line in $(seq "$1"); do
        read -r line <&3 || return
        printf '%s\n' "$line" >>err
    done
}

# The training is sent SIGNAL after a random number of epochs and a random part of one more (told by what it says,
# so that a machine whose speed changes is not too late), the first time often only when it has something to go on
# from; what it left goes on, and is interrupted again, until it is over.
interrupted() {
    signal=$1 run=$2
    shift 2
    resumed=0
    begin vae $small --out "$run"
    draw
    [ "$number" -ge 70 ] || hear 3 # the data, and two epochs
    while :; do
        draw
        hear $((number % 6))
        draw
        [ "$number" -ge 70 ] || sleep "0.0$((number % 30 + 10))"
        kill -"$signal" $process 2>/dev/null
        wait $process 2>/dev/null
        got=$?
        cat <&3 >>err
        case $got in
            0) return ;;
            130 | 137 | 143) ;;
            *) complain "after $signal: exit status $got"; return ;;
        esac
        if [ ! -f "$run/resume.safetensors" ] && [ ! -f "$run/.incomplete/resume.safetensors" ]; then
            begin vae $small --out "$run" --force # before its first checkpoint
        else
            resumed=$((resumed + 1))
            begin --resume "$run"
        fi
    done
}

total=0
# interruptions SIGNAL N
interruptions() {
    interrupted "$1" "$1-$2"
    total=$((total + resumed))
    same "$1 $2" whole "$1-$2"
}
times=${KILLS:-3}
for signal in INT KILL TERM; do
    for i in $(seq "$times"); do interruptions $signal "$i"; done
done
[ $total -gt 3 ] || complain "only $total trainings went on: the test says little"

# ---- several seeds --------------------------------------------------------------------------------------------------

some='--data data --hidden 64 --latent 4 --batch 4 --epochs 8 --seed 3 --seeds 3'
runs 'three seeds' "$elbo" train vae $some --out three
grep '^test ELBO .* +- ' out >spread || complain 'no mean and deviation'
begin vae $some --out again
hear 13 # the data, a seed and its eight epochs, the next seed and two epochs
kill -INT $process
wait $process
cat <&3 >>err
[ -d again/seed-5 ] && complain 'the third seed began too soon for this test'
fails 1 'again: holds runs of several seeds' "$elbo" train vae $some --out again
runs 'the rest of them' "$elbo" train --resume again
grep '^test ELBO .* +- ' out | cmp -s - spread || complain 'another mean and deviation'
for seed in 3 4 5; do
    for file in model.safetensors resume.safetensors metrics.csv samples.png; do
        cmp -s three/seed-$seed/$file again/seed-$seed/$file || complain "seed $seed: $file is another"
    done
done
runs 'seeds beside each other' "$elbo" compare three again
says '^mean +- standard deviation over seeds'

# ---- what is said --------------------------------------------------------------------------------------------------

begin vae $small --epochs 100000 --out long
hear 4
kill -INT $process
wait $process
[ $? -eq 130 ] || complain 'SIGINT is not 130'
cat <&3 >>err
[ -s out ] && complain 'an interrupted training printed a result'
grep -q '^elbo: stopped; long holds epoch [0-9]*, and `elbo train --resume long. goes on$' err ||
    complain 'does not say how to go on'

runs 'nothing left' "$elbo" train --resume whole
grep -q 'nothing was left to do' err || complain 'does not say that nothing was left'
says '^test ELBO -'
runs 'more epochs' "$elbo" train --resume whole --epochs 17
[ "$(wc -l <whole/metrics.csv)" -eq 18 ] || complain 'not seventeen epochs'

fails 1 'nowhere: holds no resume.safetensors' "$elbo" train --resume nowhere
fails 64 'too many arguments' "$elbo" train vae --resume whole
fails 64 'option "batch": a training that goes on keeps what it began with' "$elbo" train --resume whole --batch 3
fails 64 'is empty' "$elbo" train --resume ''
mkdir other
"$tiny_data" other
printf 'x' | dd of=other/train-images-idx3-ubyte bs=1 seek=100 conv=notrunc 2>/dev/null
fails 1 'these training images are not those that the training began with' "$elbo" train --resume whole --data other \
    --epochs 20

verdict
