#!/bin/sh
# Every model from the command line, and the commands that look at what it learned. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --batch 16 --epochs 2'

# is_png FILE: the file is there and begins as a PNG does
is_png() {
    [ "$(head -c 8 "$1" 2>/dev/null | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || complain "$1 is no PNG"
}

# draws COMMAND RUN OPTION...: a picture at picture.png
draws() {
    rm -f picture.png
    runs "$*" "$elbo" "$@" -o picture.png
    is_png picture.png
}

# ---- principal components -------------------------------------------------------------------------------------------

runs 'train pca' "$elbo" train pca --data data --latent 4 --out pca
says '^test squared error 0.000 per image$' # eight patterns of two phases lie in four dimensions
says '^fitted by covariance$'
grep -qx '# explained-variance = 1.000000' pca/config.ini || complain 'config.ini lacks explained-variance'
grep -q '^epochs = ' pca/config.ini && complain 'config.ini has the epochs of a model that has none'
[ -e pca/samples.png ] && complain 'samples of a model without a prior'
runs 'info of pca' "$elbo" info pca
says '^fitted-by covariance$'
runs 'evaluate pca' "$elbo" evaluate pca
figure 'squared error' 0.00 'per image'
figure recon 0.00 'per image'
says 'images 24, part test'
draws features pca
draws traverse pca --image 1 --span 2 --steps 5
draws interpolate pca --from 0 --to 1
runs 'train pca of 2' "$elbo" train pca --data data --latent 2 --out two
runs 'angles' "$elbo" angles pca --to two # two of the four components: within their span
says '^dimension 2 0.[0-9]* degrees$'
says '^largest principal angle 0.[0-9]* degrees$'
runs 'angles of fewer dimensions' "$elbo" angles two --to pca
[ "$(grep -c '^dimension' out)" -eq 2 ] || complain 'not two angles'
fails 64 '--to is missing' "$elbo" angles pca
fails 64 'epochs' "$elbo" train pca --epochs 3
fails 1 'expected 1 to 64' "$elbo" train pca --data data --latent 65
fails 1 'has no prior to draw from' "$elbo" sample pca
fails 1 'gives no density of z' "$elbo" evaluate pca --draws 5
fails 1 'takes no labels' "$elbo" classify pca

runs 'train ppca' "$elbo" train ppca --data data --latent 2 --out ppca
runs 'evaluate ppca' "$elbo" evaluate ppca --draws 2
exact=$(sed -n 's/^log p(x)  *\(-*[0-9.]*\)  *-  nats per image$/\1/p' out)
figure 'log p(x) at least' "$exact" 'nats per image' # one draw or many: it is exact
draws manifold ppca --steps 4

# ---- autoencoders ---------------------------------------------------------------------------------------------------

runs 'train ae' "$elbo" train ae $small --hidden 16 --latent 2 --out ae
says '^test squared error [0-9.]* per image$'
grep -q '^test ELBO' out && complain 'an ELBO of a model without a density'
draws manifold ae --steps 5
fails 1 'its decoder is not linear' "$elbo" angles ae --to two
draws interpolate ae --between draws --path spherical -n 2
draws features ae -n 5
runs 'a tied, sparse, denoising autoencoder' "$elbo" train ae $small --hidden none --latent 12 --tied --sparsity 1 \
    --code-activation sigmoid --corruption mask --corruption-level 0.2 --likelihood squared-error --out all
runs 'evaluate it' "$elbo" evaluate all
figure 'squared error of the corrupted images' '[0-9.]*' 'per image'
figure 'mean activation of sparse units' '0\.[0-9]*' -
draws reconstruct all
fails 64 'option "rho": of no use with --sparsity 0' "$elbo" train ae --rho 0.1
fails 64 'option "corruption-level": of no use with --corruption none' "$elbo" train ae --corruption-level 0.1
fails 1 'a share of 1.5 of the pixels; at most 1' "$elbo" train ae $small --corruption mask --corruption-level 1.5 \
    --out nothing
for model in pca ppca ae vae; do
    fails 1 'data: is not empty and holds no run' "$elbo" train $model --data data --latent 2 --out data
done
fails 1 'model "pca" is fitted: it has no training step' "$elbo" plan pca --latent 3
fails 1 'there are no sigmoid units' "$elbo" train ae $small --sparsity 1 --out nothing
[ -e nothing ] && complain 'a model that cannot be built left a folder behind'

# ---- variational autoencoders ---------------------------------------------------------------------------------------

train='--hidden 16 --latent 2'
for options in '--likelihood gaussian --variance 0.5' '--likelihood gaussian --learn-variance shared' \
    '--likelihood gaussian --learn-variance pixel' '--likelihood continuous-bernoulli' '--spread logstd --draws 3' \
    '--beta-schedule linear --warmup 1' '--beta 4 --beta-schedule cyclic --cycles 2' '--free-bits 0.5' '--binarise' \
    '--hidden none' '--net conv --channels 4,8 --activation gelu' '--net conv --channels 3 --hidden none' \
    '--net conv --channels 4 --norm batch --residual 1'; do
    runs "train vae $options" "$elbo" train vae $small $train $options --out vae --force
    runs "evaluate vae $options" "$elbo" evaluate vae --draws 2
    figure ELBO '-*[0-9.]*' 'nats per image'
    says '^likelihood [a-z]'
    figure 'log p(x) at least' '-*[0-9.]*' 'nats per image'
done
for likelihood in 'gaussian --mean sigmoid' 'laplace --learn-variance pixel' beta 'categorical --levels 8' logistic \
    'logistic-mixture --logistic-components 3 --net conv --channels 4' 'poisson --net conv --channels 4' \
    negative-binomial zero-inflated-negative-binomial; do
    runs "train vae $likelihood" "$elbo" train vae $small $train --likelihood $likelihood --out vae --force
    runs "evaluate vae $likelihood" "$elbo" evaluate vae --samples 3
    says "^likelihood ${likelihood%% *}"
    figure 'log p(x) at least' '-*[0-9.]*' 'nats per image'
    draws reconstruct vae
    draws sample vae
    runs "export vae $likelihood" "$elbo" export vae --onnx vae.onnx --c vae.c
done
runs 'evaluate counts' "$elbo" evaluate vae
says '^pixels counts, as given'
printf 'a,b\n1,2\n0,0.5\n' >shares.csv
fails 1 'the value 0.5 is no count 0, 1, 2, ..., which the likelihood poisson needs' "$elbo" train vae \
    --data shares.csv --likelihood poisson --out nothing
fails 64 'option "mean": of no use without --likelihood gaussian, laplace or' "$elbo" train vae --mean sigmoid
fails 64 'option "levels": of no use without --likelihood categorical, logistic or' "$elbo" train vae --levels 16
runs 'train vae' "$elbo" train vae $small $train --binarise --out vae --force
runs 'evaluate binarised' "$elbo" evaluate vae
says '^pixels binarised'
draws reconstruct vae
draws manifold vae --steps 3
draws traverse vae
draws interpolate vae --from 3 --to 4 --steps 5
draws interpolate vae --between draws --path spherical
fails 64 'option "channels": of no use without --net conv' "$elbo" train vae --channels 8
fails 1 'there are no channels' "$elbo" train vae $small --net conv --channels none --out nothing
fails 1 'one that is learned begins above 0.0001' "$elbo" train vae $small --likelihood gaussian \
    --learn-variance shared --variance 1e-5 --out nothing
fails 64 'option "momentum": of no use without --optimiser sgd' "$elbo" train vae --momentum 0.9
fails 64 'option "binarise": of no use' "$elbo" train vae --binarise --likelihood gaussian
fails 64 'option "variance": of no use without --likelihood gaussian' "$elbo" train vae --variance 1
fails 64 'option "from": of no use without --between images' "$elbo" interpolate vae --between draws --from 3
fails 1 'images 24 to 24: there are 24' "$elbo" traverse vae --image 24
runs 'interpolate the last images' "$elbo" interpolate vae --from 20 -o picture.png
fails 1 'images 23 to' "$elbo" interpolate vae --from 23
fails 1 'takes no labels' "$elbo" manifold vae --label 1
fails 1 'takes no labels' "$elbo" classify vae
runs 'train vae of 3' "$elbo" train vae $small --hidden 16 --latent 3 --out three
fails 1 'a manifold of 3 dimensions' "$elbo" manifold three

runs 'train cvae' "$elbo" train cvae $small --hidden 16 --latent 2 --prior learned --out cvae
grep -qx 'classes = 4' cvae/config.ini || complain 'the number of classes was not taken from the labels'
runs 'classify' "$elbo" classify cvae --draws 5
says '^accuracy [0-9.]* % of 24 images$'
says '^time [0-9.]* s, [0-9]* images/s$'
[ "$(grep -c '^ *[0-3]  *[0-9 ]*$' out)" -eq 4 ] || complain 'no table of four labels'
runs 'classify some' "$elbo" classify cvae --draws 5 -n 10
says '^accuracy [0-9.]* % of 10 images$'
draws manifold cvae --label 3
runs 'scatter' "$elbo" scatter cvae
is_png scatter.png
grep -q '^<svg' scatter.svg || grep -q '<svg' scatter.svg || complain 'scatter.svg is no SVG'
runs 'scatter of three dimensions beside two' "$elbo" scatter three --beside cvae -o both.svg
grep -q 'component 1 (' both.svg || complain 'three dimensions were not projected'
grep -q '>z2<' both.svg || complain 'two dimensions were projected'
[ -e both.png ] && complain 'both ends where one was asked for'
fails 1 'nowhere' "$elbo" scatter cvae --beside nowhere
runs 'encode' "$elbo" encode cvae -o codes
says '^mean codes-mean.npy (24, 2)$'
says '^logvar codes-logvar.npy (24, 2)$'
says '^labels codes-labels.npy (24)$'
[ "$(wc -c <codes-mean.npy)" -eq $((128 + 24 * 2 * 4)) ] || complain 'codes-mean.npy has not 24 x 2 floats'
runs 'encode by pca' "$elbo" encode pca -o plain
[ -e plain-logvar.npy ] && complain 'log-variances of a model without a density'
[ -s plain-mean.npy ] || complain 'no codes of pca'
fails 1 'nowhere/codes-mean.npy' "$elbo" encode cvae -o nowhere/codes
draws traverse cvae --label 2
draws interpolate cvae
fails 1 'label 4 is outside the classes 0 to 3' "$elbo" manifold cvae --label 4
fails 64 'the model "vae" takes no labels' "$elbo" train vae --classes 4
runs 'train conv cvae' "$elbo" train cvae $small --latent 2 --hidden none --net conv --channels 3,4 --out conv
runs 'classify by conv' "$elbo" classify conv --draws 2

# ---- pictures in colour, from a folder of PNG files -----------------------------------------------------------------

"$tiny_data" --png faces || exit 99
runs 'train on a folder of PNG files' "$elbo" train cvae --data faces --net conv --channels 4,4 --hidden none \
    --latent 2 --batch 16 --epochs 2 --out faces-run
grep -qx '# image = 3,9,8' faces-run/config.ini || complain 'config.ini: not images (3, 9, 8)'
grep -qx '# class-names = checks,columns,diagonals,rows' faces-run/config.ini || complain 'config.ini lacks the classes'
draws sample faces-run --label 1
draws reconstruct faces-run
draws traverse faces-run
# The classes are known by their names, wherever they stand in a list.
runs 'classify all' "$elbo" classify faces-run --draws 3 -n 24
mkdir -p some/train some/test && cp -r faces/train/rows faces/train/checks some/train && cp -r faces/test/rows some/test
runs 'classify a class' "$elbo" classify faces-run --data some --draws 3
grep -q '^ *3 .* rows$' out || complain 'rows are not class 3 of the run'
[ "$(sed -n 's/^ *3 *//p' out | tr -s ' ' '\n' | grep '[0-9]' | paste -sd+ | bc)" -eq 6 ] ||
    complain 'not six images of class 3'
mkdir -p numbered/train numbered/test
for part in train test; do cp -r faces/$part/rows numbered/$part/10 && cp -r faces/$part/checks numbered/$part/2; done
runs 'train on numbered folders' "$elbo" train cvae --data numbered --hidden 8 --latent 2 --batch 16 --epochs 1 \
    --out ten
grep -qx '# class-names = 2,10' ten/config.ini || complain 'numbers are not in their order'
mv some/train/rows some/train/stripes && mv some/test/rows some/test/stripes
fails 1 'is of class "stripes", which the model does not know' "$elbo" evaluate faces-run --data some
printf 'no picture' >faces/train/rows/broken.png
fails 1 'faces/train/rows/broken.png' "$elbo" train vae --data faces --out nothing
[ -e nothing ] && complain 'bad pictures left a folder behind'
fails 1 'no factor' "$elbo" train vae --data sprites:size --out nothing

verdict
