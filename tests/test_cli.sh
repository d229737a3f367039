#!/bin/sh
# The program as a user meets it: what it writes, what it says, and what bad input gets. See cli.sh; the path of
# `generic_kernels` is in GENERIC_KERNELS.
here=$(cd "$(dirname "$0")" && pwd)
generic=$("${GENERIC_KERNELS:-tests/generic_kernels}") || exit 99
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'

# ---- what works -----------------------------------------------------------------------------------------------------

runs version "$elbo" --version
says '^elbo [0-9]'
runs help "$elbo" --help
says 'reconstruct'
for command in train sample reconstruct interpolate traverse manifold scatter features encode decode angles \
    anomaly classify compare evaluate frechet plan info models; do
    runs "help of $command" "$elbo" $command --help
    says "Usage: elbo $command"
done
runs 'help of a model' "$elbo" train cvae --help
says '--latent-dim'
says '--batch-size'
says '--out'
runs models "$elbo" models
says '^Variational autoencoders:$'
says '^  cvae  *variational autoencoder conditioned on the label$'
says '^  iaf-vae  *VAE with'
runs 'options of models' "$elbo" models cvae iaf-vae
says '^cvae: '
says '^iaf-vae: '
says '^  --latent-dim=N  *.* (20)$'
runs info "$elbo" info
says '^threads [1-9]'
says '^processor .'
says '^elementwise kernels [a-z]'
says '^f32 product kernels [a-z]'
says '^f64 product kernels [a-z0-9]* (BLIS)$'

# Help by any of its names, and options in any order.
"$elbo" --help >help
for way in help -h -?; do
    runs "$way" "$elbo" $way
    cmp -s out help || complain "elbo $way is not elbo --help"
done
for command in train 'train vae' sample models; do
    "$elbo" $command --help >help
    runs "help $command" "$elbo" help $command
    cmp -s out help || complain "elbo help $command is not elbo $command --help"
    runs "$command -h" "$elbo" $command -h
    cmp -s out help || complain "elbo $command -h is not elbo $command --help"
done
runs 'the model in the middle' "$elbo" train --data data --hid 16 --latent=3 --force vae --batch 16 --epochs 2 \
    --out middle
runs 'the model at the end' "$elbo" train $small --out end --seed 1 vae
runs 'the model at the beginning' "$elbo" train vae $small --out beginning
for run in middle end; do
    cmp -s beginning/model.safetensors $run/model.safetensors || complain "the model at the $run: other weights"
done
runs 'plan with the model at the end' "$elbo" plan --role decode --time --data data --batch 1 --threads 1 vae

runs 'train vae' "$elbo" train vae $small --out runs/a
tail -n 1 out | grep -qx 'test ELBO -[0-9.]* nats per image' || complain 'no test ELBO in the last line'
says '^run runs/a$'
says 'runs/a/samples.png'
says 'runs/a/reconstruction.png'
for file in model.safetensors config.ini metrics.csv samples.png reconstruction.png; do
    [ -s runs/a/$file ] || complain "no runs/a/$file"
done
[ "$(wc -l <runs/a/metrics.csv)" -eq 3 ] || complain 'metrics.csv has not a header and two rows'
grep -qx 'latent-dim = 3' runs/a/config.ini || complain 'config.ini lacks latent-dim'
grep -qx "data = $(realpath data)" runs/a/config.ini || complain 'config.ini lacks data'

# The figure of the training again, from the file alone.
trained=$(sed -n 's/^# test-elbo = //p' runs/a/config.ini)
runs evaluate "$elbo" evaluate runs/a
figure ELBO "$(printf %.2f "$trained")" 'nats per image'
says 'grey levels'
runs 'evaluate with draws' "$elbo" evaluate runs/a/model.safetensors --draws 20 --part train
says '^log p(x)'
runs sample "$elbo" sample runs/a -n 5 -o five.png
[ -s five.png ] || complain 'no five.png'
runs reconstruct "$elbo" reconstruct runs/a -n 5 -o pairs.png
[ -s pairs.png ] || complain 'no pairs.png'
runs 'info of a run' "$elbo" info runs/a
says '^model vae$'
says '^parameters [1-9]'

runs 'train cvae' "$elbo" train cvae $small --classes 4 --out runs/c
runs 'sample a class' "$elbo" sample runs/c --label 2 -o two.png
runs 'sample each class' "$elbo" sample runs/c -o each.png

# The same seed, the same file; whatever the number of threads.
runs 'train with one thread' "$elbo" train vae $small --threads 1 --out runs/one
cmp -s runs/a/model.safetensors runs/one/model.safetensors || complain 'one thread gives other weights'
# AVX2 and AVX-512 add in the same order. (A lesser processor has its only set in both runs.)
runs 'train with AVX2' env ELBO_KERNELS=avx2 "$elbo" train vae $small --out runs/avx2
cmp -s runs/a/model.safetensors runs/avx2/model.safetensors || complain 'other kernels, other weights'
runs 'train with another seed' "$elbo" train vae $small --seed 2 --out runs/two
cmp -s runs/a/model.safetensors runs/two/model.safetensors && complain 'another seed gives the same weights'

runs 'train without --out' "$elbo" train vae $small --epochs 1
says '^run runs/vae-20'

gzip -k data/*
mkdir zipped && mv data/*.gz zipped
runs 'train on gzip' "$elbo" train vae $small --data zipped --epochs 1 --out runs/z

# ---- plans ----------------------------------------------------------------------------------------------------------

runs 'plan vae' "$elbo" plan vae --latent 7 --hidden 33 --batch 50
says '^plan of f32: .* in [1-9][0-9]* stages$'
says 'gather(images(60000, 784) whole, rows(50))$'
says ' = matmul(.*(50, 784), encoder.hidden.weight(784, 33) whole)$'
says '^ *adam.v:encoder.logvar.bias = '
says '  shared[0-9]*, 0 to '
[ -s err ] && complain 'plan vae: something on stderr'
mv out planned
runs 'plan vae again' "$elbo" plan vae --latent 7 --hidden 33 --batch 50
cmp -s planned out || complain 'the same plan has another description'
runs 'plan cvae on data' "$elbo" plan cvae --data data --batch 16 --optimiser sgd
says 'gather(images(64, 64) whole, rows(16))$'
grep -q adam out && complain 'plan cvae: sgd has moments of adam'
runs 'plan of a role' "$elbo" plan vae --role decode --batch 1
says 'matmul(z(1, 20), '
runs 'plan with times' "$elbo" plan vae --data data --batch 16 --hidden 8 --time
says ' us a run, the mean of the quicker 25 of 50; '
says ' %  waiting for other threads, between stages and at the end$'
says ' us  *[0-9.]* %  *[0-9.]* G[A-Z]*/s  *shared[0-9]*([0-9, ]*) = '

# ---- kernels: a warning where BLIS's plain C is what products run on, and only there --------------------------------

# Without a kernel of our own, which no processor has in the base set but those of AArch64.
slow="env ELBO_KERNELS=base BLIS_ARCH_TYPE=$generic"
runs 'info of lesser kernels' env ELBO_KERNELS=base "$elbo" info
says '^elementwise kernels base$'
if grep -q 'those of BLIS' out && $slow "$elbo" info 2>err | grep -q '^f64 product kernels generic'; then
    for command in info "evaluate runs/a" "plan vae --data data --batch 16 --time" \
        "train vae $small --epochs 1 --out slow --force"; do
        runs "slow $command" $slow "$elbo" $command
        [ "$(grep -c '^elbo: warning: .*generic kernels.*BLIS_ARCH_TYPE' err)" -eq 1 ] ||
            complain "$command: not one warning of generic kernels"
    done
    runs 'slow models' $slow "$elbo" models
    [ -s err ] && complain 'models: a warning of what it does not do'
    env -u ELBO_KERNELS -u BLIS_ARCH_TYPE "$elbo" info >out 2>err
    if ! grep -q 'those of BLIS' out; then
        env -u ELBO_KERNELS BLIS_ARCH_TYPE="$generic" "$elbo" info >out 2>err
        says '^f64 product kernels generic (BLIS)$'
        grep -q warning err && complain 'a warning of kernels that f32 does not use'
    fi
    env -u BLIS_ARCH_TYPE ELBO_KERNELS=base "$elbo" info >out 2>err
    grep -q '^f64 product kernels generic' out || ! grep -q warning err || complain 'a warning without generic kernels'
fi

# ---- wrong usage ----------------------------------------------------------------------------------------------------

"$elbo" >out 2>err
[ $? -eq 64 ] && [ ! -s out ] || complain 'no command: not 64, or something on stdout'
head -n 1 err | grep -qx 'elbo: a command is missing' && grep -q '^  train  ' err ||
    complain 'no command: no list of them'
fails 64 '"trian"' "$elbo" trian
fails 64 '--colour' "$elbo" train vae --colour
fails 64 '"vaee"' "$elbo" train vaee
fails 64 "the model is missing: \`elbo models' lists them" "$elbo" train --lr 3
fails 64 'the model is missing' "$elbo" train
fails 64 'empty' "$elbo" train vae --out ''
fails 64 'the model is missing' "$elbo" train --data data --latent 3
fails 64 'the model is missing' "$elbo" plan
fails 64 'the model is missing' "$elbo" train --out vae
fails 64 'no model "vaee"; the nearest is "vae"' "$elbo" train --hidden 8 vaee --out vae
fails 64 '"trian"' "$elbo" help trian
fails 64 "no model \"foo\"; \`elbo models' lists them" "$elbo" plan foo
fails 64 "no model \"foo\"; \`elbo models' lists them" "$elbo" models vae foo
fails 64 'no model "iaf-ave"; the nearest is "iaf-vae"' "$elbo" models iaf-ave
fails 64 'option "latent-dim": 0 is less than 1' "$elbo" plan vae --latent 0
fails 64 'option "role": "dance" is not one of train, evaluate' "$elbo" plan vae --role dance
fails 64 'too many arguments: more' "$elbo" plan vae more
fails 1 'a batch of 60001 from 60000 images' "$elbo" plan vae --batch 60001
fails 1 'nowhere' "$elbo" plan vae --data nowhere
fails 64 'RUN is missing' "$elbo" sample
fails 64 'too many arguments: more' "$elbo" sample runs/a more
fails 64 'option "epochs": 0 is less than 1' "$elbo" train vae --epochs 0
fails 64 'option "epochs": "ten"' "$elbo" train vae --epochs ten
fails 64 'option "batch-size": -3' "$elbo" train vae --batch -3
fails 64 'option "lr": 0 is not greater than 0' "$elbo" train vae --lr 0
fails 64 'option "lr": "nan"' "$elbo" train vae --lr nan
fails 64 'option "latent-dim"' "$elbo" train vae --latent 0
fails 64 'option "hidden"' "$elbo" train vae --hidden 400,,200
fails 64 'option "beta"' "$elbo" train vae --beta -1
fails 64 'option "likelihood": "cauchy"' "$elbo" train vae --likelihood cauchy
fails 64 'option "draws"' "$elbo" train vae --draws 0
fails 64 'option "optimiser"' "$elbo" train vae --optimizer newton
fails 64 'option "seed"' "$elbo" train vae --seed -1
fails 64 'option "threads"' "$elbo" train vae --threads -1
fails 64 'option "count"' "$elbo" sample runs/a -n 0

# ---- bad data: the reason names the file, and neither a new folder nor the old run shows a trace --------------------

images=train-images-idx3-ubyte
labels=train-labels-idx1-ubyte
snapshot() { find runs -exec ls -ldi --time-style=+ {} + | sort -k 8 && find runs -type f -exec cksum {} + | sort; }
before=$(snapshot)

# with_data REASON CHANGE...: a copy of the data, changed there by the command, is refused by a fresh and a forced
# training
with_data() {
    reason=$1
    shift
    rm -rf bad
    cp -r data bad
    (cd bad && "$@")
    fails 1 "$reason" "$elbo" train cvae $small --classes 4 --data bad --out fresh
    fails 1 "$reason" "$elbo" train cvae $small --classes 4 --data bad --out runs/a --force
    [ -e fresh ] && complain "$reason: left a folder behind"
}
damage() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

with_data "bad/$images" rm $images
with_data 'needs labels' rm $labels
with_data bad/t10k-images rm t10k-images-idx3-ubyte
with_data "bad/$images: truncated" truncate -s -1 $images
with_data "bad/$images: truncated" truncate -s 7 $images
with_data "bad/$images: is empty" truncate -s 0 $images
with_data "bad/$images: too long" truncate -s +1 $images
with_data "bad/$images: not an IDX file" damage $images 0 '\1'
with_data "bad/$images" cp $labels $images
with_data "bad/$labels" cp $images $labels
with_data "bad/$labels: 24 labels" cp t10k-labels-idx1-ubyte $labels
with_data "bad/$labels: label 3: 4 is outside the classes 0 to 3" damage $labels 11 '\4'
with_data 'bad/t10k-labels-idx1-ubyte: label 0: 200' damage t10k-labels-idx1-ubyte 8 '\310'
with_data "bad/$images.gz" sh -c "gzip $images && truncate -s -9 $images.gz"
fails 1 'nowhere' "$elbo" train vae --data nowhere
fails 1 'data/mnist' "$elbo" train vae
fails 1 'label 4 is outside the classes 0 to 3' "$elbo" sample runs/c --label 4
fails 1 'takes no labels' "$elbo" sample runs/a --label 1

# ---- run folders ----------------------------------------------------------------------------------------------------

fails 1 'runs/a: holds a run already' "$elbo" train vae $small --out runs/a
fails 64 'option "epochs"' "$elbo" train vae $small --out runs/a --force --epochs -1
fails 1 'data: is not empty and holds no run' "$elbo" train vae $small --out data --force
fails 1 "five.png: is a file" "$elbo" train vae $small --out five.png --force
fails 1 "five.png" "$elbo" train vae $small --out five.png/run
fails 1 'nowhere' "$elbo" sample nowhere
fails 1 'data: holds no run' "$elbo" info data
fails 1 'five.png' "$elbo" evaluate five.png
fails 1 'nowhere/x.png' "$elbo" sample runs/a -o nowhere/x.png
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 555 locked
    fails 1 'locked' "$elbo" train vae $small --out locked/run
    fails 1 'locked' "$elbo" train vae $small --out locked
fi

# Another model's run, and a name in the file that the model does not have (edited in place, the length kept).
mkdir edited
sed 's/"model":"vae"/"model":"xae"/' runs/a/model.safetensors >edited/model.safetensors
fails 1 'edited/model.safetensors: is a run of the model "xae"' "$elbo" sample edited
sed 's/encoder\.mean\.bias/encoder.maen.bias/' runs/a/model.safetensors >edited/model.safetensors
fails 1 'no parameter "encoder.maen.bias"; the nearest is "encoder.mean.bias"' "$elbo" sample edited

# A full disk: first for a file that is too large (4 KiB: an OpenMP runtime may want a page for itself), then wherever
# there is no space at all.
fails 1 'fresh' sh -c "ulimit -f 8; exec \"$elbo\" train vae $small --hidden 100 --out fresh"
[ -e fresh ] && complain 'a full disk: left a folder behind'
fails 1 'runs/a' sh -c "ulimit -f 8; exec \"$elbo\" train vae $small --hidden 100 --out runs/a --force"
"$elbo" models >/dev/full 2>err && complain 'a full standard output went unnoticed'
grep -q '^elbo: standard output: ' err || complain 'a full standard output was not named'

# A loss that is not finite.
fails 1 'epoch 1' "$elbo" train vae $small --optimizer sgd --lr 1000 --epochs 9 --out runs/a --force

[ "$before" = "$(snapshot)" ] || complain 'an existing run was touched'

# Ctrl-C ends the training and keeps what is whole; the old run stands until then.
"$elbo" train vae $small --epochs 1000000 --out stopped >out 2>err &
pid=$!
tries=0
while [ ! -e stopped/model.safetensors ] && [ $tries -lt 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || complain 'Ctrl-C: exit status is not 130'
grep -q '^elbo: stopped; stopped holds epoch [1-9]' err || complain 'Ctrl-C: no word of what was kept'
runs 'evaluate what was kept' "$elbo" evaluate stopped
[ -e stopped/.incomplete ] && complain 'Ctrl-C: left something behind'

runs 'force' "$elbo" train vae $small --epochs 1 --out runs/a --force
[ "$(wc -l <runs/a/metrics.csv)" -eq 2 ] || complain 'force: the old metrics are still there'

verdict
