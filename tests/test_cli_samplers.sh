#!/bin/sh
# Pictures from samplers: fitted when they are asked for, kept beside the model, refused when that has changed. See
# cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 2 --batch 16 --epochs 2'
runs 'train ae' "$elbo" train ae $small --out ae
runs 'train vae' "$elbo" train vae $small --out vae
runs 'train cvae' "$elbo" train cvae $small --out cvae

# noted WHAT: stderr has this line
noted() {
    grep -q -- "$1" err || complain "stderr has no \"$1\""
}

# ---- the prior ------------------------------------------------------------------------------------------------------

runs 'sample' "$elbo" sample vae -o prior.npy
runs 'sample prior' "$elbo" sample vae --sampler prior -o same.npy
cmp -s prior.npy same.npy || complain 'sampler prior is not what sample draws'
runs 'sample normal' "$elbo" sample vae --sampler normal -o same.npy
says '^sampler normal$'
cmp -s prior.npy same.npy || complain 'sampler normal is not the prior'
fails 1 'has no prior to draw from; --sampler NAME fits one to its codes: gmm' "$elbo" sample ae
fails 1 'has no prior to draw from' "$elbo" sample ae --sampler normal
fails 64 'option "refit": of no use with sampler prior' "$elbo" sample vae --refit
fails 64 'option "data": of no use with sampler normal' "$elbo" sample vae --data data --sampler normal
fails 64 'option "components": of no use without --sampler gmm' "$elbo" sample vae --components 3
fails 64 'option "sampler": "gm" is not one of prior' "$elbo" sample vae --sampler gm

# ---- a mixture ------------------------------------------------------------------------------------------------------

for run in ae vae cvae; do
    runs "fit to $run" "$elbo" sample $run --sampler gmm --components 3 -n 40 -o fitted.npy
    says '^samples fitted.npy$'
    says '^sampler gmm, fitted to 64 images of /.*/data$'
    noted "is fitted to the codes of 64 images, log-likelihood [-0-9.]* nats a code; kept in $run/sampler-gmm.s"
    [ -s $run/sampler-gmm.safetensors ] || complain "$run: nothing was kept"
    runs "draw from $run" "$elbo" sample $run --sampler gmm -n 40 -o again.npy --threads 1
    [ -s err ] && complain "$run: was fitted again"
    cmp -s fitted.npy again.npy || complain "$run: what was kept draws other images"
done
runs 'of a class' "$elbo" sample cvae --sampler gmm --label 2
runs 'as JSON' "$elbo" sample vae --sampler gmm --json
says '"sampler": "gmm", "sampler_images": 64, "sampler_data": "/.*/data"'
fails 1 'was fitted with components 3, and 4 is asked for; --refit' "$elbo" sample ae --sampler gmm --components 4
fails 1 'is fitted already; --refit fits it to these data' "$elbo" sample ae --sampler gmm --data data
runs 'fit anew' "$elbo" sample ae --sampler gmm --components 4 --refit -o fitted.npy
noted 'sampler gmm is fitted'
runs 'and draw' "$elbo" sample ae --sampler gmm --components 4 --covariance full -o again.npy
cmp -s fitted.npy again.npy || complain 'the new fit was not kept'
runs 'of a model file' "$elbo" sample ae/model.safetensors --sampler gmm -o again.npy
cmp -s fitted.npy again.npy || complain 'a model file has another sampler than its run'
fails 1 'nowhere' "$elbo" sample ae --sampler gmm --refit --data nowhere

# ---- models of codes ------------------------------------------------------------------------------------------------

few='--fit-epochs 2 --fit-batch 16'
for sampler in maf iaf two-stage; do
    for run in ae vae cvae; do
        hidden='--flow-hidden 8,8'
        [ $sampler = two-stage ] && hidden='--stage-hidden 8'
        runs "fit $sampler to $run" "$elbo" sample $run --sampler $sampler $few $hidden -n 40 -o fitted.npy
        noted "sampler $sampler is fitted to the codes of 64 images, [a-zEBLO-]* [-0-9.]* nats a code; kept in $run/"
        runs "draw from $run" "$elbo" sample $run --sampler $sampler $few $hidden -n 40 -o again.npy --threads 1
        [ -s err ] && complain "$sampler of $run: was fitted again"
        cmp -s fitted.npy again.npy || complain "$sampler of $run: what was kept draws other images"
    done
done
fails 1 'was fitted with flow-hidden 8,8, and 9 is asked for' "$elbo" sample ae --sampler maf --flow-hidden 9
fails 64 'option "fit-lr": of no use without' "$elbo" sample ae --sampler gmm --fit-lr 1
fails 64 'option "flow-blocks": of no use without' "$elbo" sample ae --sampler two-stage --flow-blocks 1

few="$few --pixel-layers 2 --pixel-channels 8"
fails 1 'sampler pixelcnn: the codes of model "ae" are no whole numbers' "$elbo" sample ae --sampler pixelcnn
runs 'train vq-vae' "$elbo" train vq-vae --data data --batch 16 --epochs 2 --channels 4,4 --codes 8 --code-dim 2 \
    --conditional --out vq
runs 'fit pixelcnn' "$elbo" sample vq --sampler pixelcnn $few -n 40 -o fitted.npy
noted 'sampler pixelcnn is fitted to the codes of 64 images, log-likelihood [-0-9.]* nats a code; kept in vq/'
runs 'draw from it' "$elbo" sample vq --sampler pixelcnn -n 40 -o again.npy --threads 1
cmp -s fitted.npy again.npy || complain 'pixelcnn: what was kept draws other images'

# ---- priors by their names, and a metric ----------------------------------------------------------------------------

for run in vamp-vae:vamp svae:hypersphere poincare-vae:poincare; do
    runs "train ${run%:*}" "$elbo" train ${run%:*} $small --latent 3 --out own --force
    runs "sample ${run#*:}" "$elbo" sample own --sampler ${run#*:} -o named.npy
    says "^sampler ${run#*:}\$"
    runs 'sample' "$elbo" sample own -o prior.npy
    cmp -s prior.npy named.npy || complain "sampler ${run#*:} is not the prior"
    fails 1 'is no normal distribution; sampler prior draws it' "$elbo" sample own --sampler normal
done
fails 1 'has learned no metric' "$elbo" sample vae --sampler rhvae
runs 'train rhvae' "$elbo" train rhvae $small --metric-size 8 --metric-hidden 8 --out metric
runs 'sample rhvae' "$elbo" sample metric --sampler rhvae --hmc-proposals 5 -o drawn.npy
says '^sampler rhvae$'

# ---- log p(x) -------------------------------------------------------------------------------------------------------

runs 'evaluate' "$elbo" evaluate vae --samples 20
mv out figures
runs 'evaluate with the prior' "$elbo" evaluate vae --samples 20 --sampler prior
cmp -s figures out || complain 'sampler prior is not the own prior'
for sampler in gmm maf; do
    runs "evaluate with $sampler" "$elbo" evaluate vae --samples 20 --sampler $sampler
    figure 'log p(x) at least' '-[0-9.]*' "nats per image, p(z) of sampler $sampler"
    cmp -s figures out && complain "sampler $sampler finds the figures of the prior"
done
runs 'evaluate classes' "$elbo" evaluate cvae --samples 20 --sampler gmm --data data --json
says '"sampler": "gmm"'
# A sampler that was fitted to other images says so for as long as it is kept.
odd=$(printf 'the\tothers.npy') # which is kept in quotes
runs 'draw others' "$elbo" sample vae -n 30 -o others.npy
mv others.npy "$odd"
for sampler in gmm maf; do
    runs "fit $sampler to others" "$elbo" sample vae --sampler $sampler --refit --data "$odd" -o other.npy
    runs "evaluate with $sampler of others" "$elbo" evaluate vae --samples 20 --sampler $sampler
    says "^sampler $sampler, fitted to 30 images of /.*/$odd\$"
done
runs 'evaluate as JSON' "$elbo" evaluate vae --samples 20 --sampler maf --json
says '"sampler": "maf", "sampler_images": 30, "sampler_data": "/.*/the.tothers.npy"'
fails 64 'option "sampler": of no use without samples' "$elbo" evaluate vae --sampler gmm
fails 1 'the density of sampler two-stage cannot be told' "$elbo" evaluate cvae --samples 5 --sampler two-stage
fails 1 'gives no density of z' "$elbo" evaluate ae --samples 5 --sampler gmm

# ---- other weights --------------------------------------------------------------------------------------------------

runs 'train further' "$elbo" train --resume ae --epochs 3
fails 1 'was fitted to other weights than the run has now; --refit fits it anew' "$elbo" sample ae --sampler gmm
runs 'and fit anew' "$elbo" sample ae --sampler gmm --refit
printf 'no sampler' >vae/sampler-gmm.safetensors
fails 1 'vae/sampler-gmm.safetensors: ' "$elbo" sample vae --sampler gmm

# A run takes its samplers with it.
touch ae/sampler-mine.txt
runs 'train another' "$elbo" train ae $small --out ae --force
[ -e ae/sampler-gmm.safetensors ] && complain 'a sampler of the run before was left'
[ -e ae/sampler-mine.txt ] || complain 'a file of another name was removed'

# What cannot be kept is drawn from all the same.
mkdir ae/sampler-gmm.safetensors
runs 'where nothing can be kept' "$elbo" sample ae --sampler gmm --refit -o drawn.npy
noted 'warning: .*ae/sampler-gmm.safetensors'
[ -s drawn.npy ] || complain 'nothing was drawn'

verdict
