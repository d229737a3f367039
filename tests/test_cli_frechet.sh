#!/bin/sh
# How far samples are from images, in the features of a classifier. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'
runs 'train vae' "$elbo" train vae $small --out vae
runs 'train cvae' "$elbo" train cvae $small --out cvae
runs 'train ae' "$elbo" train ae $small --out ae
runs 'train a classifier' "$elbo" train classifier --data data --hidden 16 --latent 5 --batch 16 --epochs 5 \
    --out classifier

# row LABEL N: stdout has a distance of so many images
row() {
    says "^$1  *[0-9][0-9.]*  *-  of $2 images\$"
}

runs 'frechet' "$elbo" frechet vae classifier
row samples 24
row reconstructions 24
row 'images of the training' 24
says '^Frechet distances from images 24, part test of '
says '^in 5 features of classifier, a run of elbo.s model "classifier"$'
mv out all
runs 'in one thread' "$elbo" frechet vae classifier --threads 1
cmp -s all out || complain 'one thread finds other distances'
runs 'with another seed' "$elbo" frechet vae classifier --seed 2
cmp -s all out && complain 'another seed draws the same samples'
runs 'of some images' "$elbo" frechet vae classifier -n 9
row samples 9
runs 'with labels' "$elbo" frechet cvae classifier --json
grep -q '"frechet_samples": [0-9].*"frechet_reconstructions": .*"frechet_training": .*"features": 5}' out ||
    complain 'JSON without the distances'

# Of images that the model was trained on, as the data of this test repeat eight patterns: nothing lies between them.
distance() {
    sed -n "s/^$1  *\([0-9.]*\)  .*/\1/p" "$2"
}
[ "$(distance 'images of the training' all)" = 0.000 ] || complain 'equal images are apart'
awk -v d="$(distance samples all)" 'BEGIN { exit !(d > 0.01) }' || complain 'samples of an untrained model are images'

# The images of the training are those of the training, whatever else is measured, and no yardstick of themselves.
runs 'draw others' "$elbo" sample vae -n 30 -o others.npy
runs 'of others' "$elbo" frechet vae classifier --data others.npy --part train
row 'images of the training' 30
awk -v d="$(distance 'images of the training' out)" 'BEGIN { exit !(d > 0.01) }' ||
    complain 'other images were compared with themselves'
for data in '' '--data data'; do
    runs "of the training itself $data" "$elbo" frechet vae classifier --part train $data
    row samples 64
    grep -q 'images of the training' out && complain "$data: the training was compared with itself"
done

fails 1 'has no prior to draw from' "$elbo" frechet ae classifier
runs 'of what was fitted' "$elbo" frechet ae classifier --sampler gmm --components 2
says '^sampler gmm, fitted to 64 images of /.*/data$'
runs 'in the features of an autoencoder' "$elbo" frechet vae ae
says '^in 3 features of ae, a run of elbo.s model "ae"$'
fails 1 'cvae: model "cvae" encodes images with their labels: its codes are no features of images' \
    "$elbo" frechet vae cvae
fails 64 'CLASSIFIER is missing' "$elbo" frechet vae
fails 1 'nowhere: cannot open' "$elbo" frechet vae nowhere
runs 'train on sprites' "$elbo" train vae --data sprites --hidden 4 --latent 2 --batch 500 --epochs 1 --out sprites
fails 1 'images of shape (3, 64, 64), but the run of the features is for (8, 8)' \
    "$elbo" frechet sprites classifier -n 20

verdict
