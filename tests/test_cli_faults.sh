#!/bin/sh
# The program where things go wrong that are not the user's fault, or only half: several jobs at once, signals, numbers
# that are not finite, paths that lead nowhere, more classes than a picture has room for. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
runs 'train vae' "$elbo" train vae $small --out vae
runs 'train cvae' "$elbo" train cvae $small --out cvae

# ---- several jobs ---------------------------------------------------------------------------------------------------

# Jobs that start at once: each gets a folder of its own. Of those that are forced into one, one at a time may write.
for i in 1 2 3 4 5 6 7 8; do
    "$elbo" train vae $small --threads 1 --seed $i >out.$i 2>err.$i || : >failed.$i &
done
wait
ls failed.* >err 2>/dev/null && complain 'jobs that start at once fail'
[ "$(ls runs | wc -l)" -eq 8 ] || complain 'eight jobs did not make eight runs'
for i in 1 2 3 4 5 6 7 8; do
    run=$(sed -n 's/^run //p' out.$i)
    grep -qx "seed = $i" "$run/config.ini" && [ "$(wc -l <"$run/metrics.csv")" -eq 3 ] ||
        complain "job $i: not its own run"
done
"$elbo" train vae $small --epochs 1000000 --out shared >out.0 2>err.0 &
pid=$!
tries=0
while [ ! -e shared/model.safetensors ] && [ $tries -lt 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
fails 1 'shared: another training is writing there' "$elbo" train vae $small --out shared --force
kill -KILL $pid
wait $pid 2>/dev/null
runs 'train where a training was killed' "$elbo" train vae $small --out shared --force

# ---- signals --------------------------------------------------------------------------------------------------------

# stops SIGNAL STATUS COMMAND...: the command, which would take hours, ends with that status and one line when it gets
# the signal, which it is sent as soon as it listens.
stops() {
    signal=$1 status=$2
    shift 2
    "$@" >out 2>err &
    pid=$!
    tries=0
    while ! grep -q '^SigCgt:.*[4-7c-f][0-9a-f][0-9a-f][0-9a-f]$' /proc/$pid/status 2>/dev/null &&
        [ $tries -lt 600 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -$signal $pid
    wait $pid
    got=$?
    [ $got -eq "$status" ] || complain "$*: exit status $got instead of $status"
    [ -s out ] && complain "$*: printed something"
    [ "$(grep -c '^elbo: .*stopped' err)" -eq 1 ] || complain "$*: no word of having been stopped"
}
if [ -r /proc/self/status ]; then
    stops TERM 143 "$elbo" classify cvae --draws 1000000
    stops INT 130 "$elbo" evaluate vae --draws 1000000
    cp vae/model.safetensors before
    stops TERM 143 "$elbo" train vae $small --epochs 1000000 --lr 1e-9 --out vae --force
    rm -rf stopped && stops INT 130 "$elbo" train vae $small --epochs 1000000000 --out stopped
fi

# ---- numbers that are not finite ------------------------------------------------------------------------------------

# spoil RUN TENSOR BYTES: writes the bytes of a float over the first one of the tensor
spoil() {
    model=$1/model.safetensors
    header=$(od -An -tu8 -N8 "$model" | tr -d ' ')
    from=$(dd if="$model" bs=1 skip=8 count="$header" status=none |
        sed "s/.*\"$2\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/")
    printf "$3" | dd of="$model" bs=1 seek=$((8 + header + from)) conv=notrunc status=none
}
cp -r vae nan
spoil nan encoder.mean.bias '\0\0\300\177'
for command in evaluate sample encode scatter info; do
    fails 1 'nan/model.safetensors: parameter "encoder.mean.bias" is not finite' "$elbo" $command nan
done
cp -r cvae large
spoil large encoder.logvar.bias '\0\0\200\176' # 2^126
"$elbo" evaluate large >out 2>err && complain 'evaluate: infinite figures are a success'
figure ELBO '-*\(nan\|inf\)' 'nats per image'
figure KL '\(nan\|inf\)' 'nats per image'
grep -q '^elbo: KL is not finite' err || complain 'evaluate: does not say what is not finite'
"$elbo" evaluate large --json >out 2>err && complain 'evaluate --json: infinite figures are a success'
says '^{"elbo": null, .*"kl": null, '
grep -q '^elbo: KL is not finite' err || complain 'evaluate --json: does not say what is not finite'
fails 1 'large: image 0: its ELBO with label 0 is nan' "$elbo" classify large --draws 2
cp -r cvae far
for unit in 0 1 2; do # z at 1e37: every density is 0
    at=$((unit * 4))
    spoil far encoder.mean.bias '\174\330\360\174' # 1e37
done
"$elbo" evaluate far >/dev/null 2>&1 && complain 'evaluate: infinite figures are a success'
"$elbo" classify far --draws 2 >out 2>err && complain 'classify: labels of which none is possible are compared'
grep -q 'its ELBO' err || complain 'classify: does not say why labels cannot be compared'
cp -r cvae beyond
spoil beyond encoder.hidden.bias '\0\0\200\104'  # 1024
spoil beyond encoder.mean.weight '\0\0\0\177'    # 2^127
"$elbo" encode beyond -o spoilt >out 2>err && complain 'encode: numbers that are not finite are a success'
grep -q 'are not finite' err || complain 'encode: does not say what is not finite'
fails 1 'what is drawn is not finite: nan' "$elbo" reconstruct large -o nothing.png
[ -e nothing.png ] && complain 'a picture of what is not finite'
fails 1 'a smaller lr' "$elbo" train vae $small --lr 500 --out nothing
[ -e nothing ] && complain 'a training without a finite model left a folder'

# ---- other people's files -------------------------------------------------------------------------------------------

runs 'encode with labels' "$elbo" encode cvae -o codes
rm -f data/t10k-labels-idx1-ubyte.away && mv data/t10k-labels-idx1-ubyte data/t10k-labels-idx1-ubyte.away
runs 'encode without labels' "$elbo" encode vae -o codes
[ -e codes-labels.npy ] && complain 'encode: labels of an earlier call stand beside codes of this one'
mv data/t10k-labels-idx1-ubyte.away data/t10k-labels-idx1-ubyte
cksum vae/model.safetensors >sum
fails 64 'is the name of a part of a run' "$elbo" sample vae -o vae/model.safetensors
cksum vae/model.safetensors | cmp -s sum - || complain 'sample: a picture in the place of a model'
for name in '' pictures/; do
    fails 64 'is no name of a file' "$elbo" scatter vae -o "$name"
    fails 64 'is no name of a file' "$elbo" encode vae -o "$name"
done
fails 64 "unrecognized option '--hiden'" "$elbo" train --hiden 8 vae --data data
"$elbo" train vae $small --epochs 500 --out pipe 2>&1 >/dev/null | head -n 1 >/dev/null
[ "$(wc -l <pipe/metrics.csv)" -eq 501 ] || complain 'a training ends because nobody listens to its progress'

"$elbo" models 2>err | : # nobody reads it
[ -s err ] && complain 'a reader that has had enough is an error'

# ---- more classes than columns --------------------------------------------------------------------------------------

mkdir many
cp data/train-images-idx3-ubyte data/t10k-images-idx3-ubyte many
# word N: four bytes, the most significant first
word() {
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' \
        $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"
}
# labels FILE COUNT: i32 labels 0, 166, 332, ... below 4000
labels() {
    printf '\0\0\014\1' >"$1"
    word "$2" >>"$1"
    i=0
    while [ $i -lt "$2" ]; do
        word $((i * 166 % 4000)) >>"$1"
        i=$((i + 1))
    done
}
labels many/train-labels-idx1-int 64
labels many/t10k-labels-idx1-int 24
runs 'train on 4000 classes' "$elbo" train cvae $small --data many --classes 4000 --out many-run
grep -q warning err && complain '4000 classes: a warning'
[ -s many-run/samples.png ] || complain '4000 classes: no samples'
runs 'sample from 4000 classes' "$elbo" sample many-run -o many.png

# ---- paths ----------------------------------------------------------------------------------------------------------

long=$(printf %0300d 0)
ln -s loop loop
fails 1 "$long: cannot make the folder: File name too long" "$elbo" train vae $small --out "$long"
fails 1 'loop: cannot make the folder: Too many levels of symbolic links' "$elbo" train vae $small --out loop/run
fails 1 'loop: cannot make the folder: Too many levels of symbolic links' "$elbo" train vae $small --out loop
fails 1 'Too many levels of symbolic links' "$elbo" sample vae -o loop
fails 1 "$long: cannot write: File name too long" "$elbo" sample vae -o "$long"
fails 1 'Too many levels of symbolic links' "$elbo" sample loop
fails 1 'Not a directory' "$elbo" sample before/run
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then # who may do anything but as somebody else
    chmod 755 . && mkdir -m 700 closed
    as='setpriv --reuid 65534 --clear-groups'
    if $as "$elbo" models >/dev/null 2>&1; then
        fails 1 'closed/run: cannot make the folder: Permission denied' \
            $as "$elbo" train vae $small --out "$PWD/closed/run"
        fails 1 'Permission denied' $as "$elbo" sample "$PWD/closed/run"
    fi
fi

verdict
