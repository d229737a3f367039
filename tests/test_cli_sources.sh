#!/bin/sh
# Data in files as NumPy and spreadsheets write them: what the program makes of them, and what it says of them. See
# cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

for python in python3 /usr/bin/python3; do
    "$python" -c 'import numpy' 2>/dev/null && break
    python=
done
[ "$python" ] || { echo 'SKIP: python3 with numpy is not there'; exit 77; }

vae='train vae --hidden 8 --latent 2 --batch 8 --epochs 1 --force --out run'
cvae='train cvae --hidden 8 --latent 2 --batch 8 --epochs 1 --force --out run'

"$python" - <<'END' || exit 99
import csv, numpy as np
rng = np.random.default_rng(1)
x = rng.integers(0, 256, (30, 8, 6), dtype=np.uint8)
x[0, 0, :2] = 0, 255
y = np.arange(30) % 3
f = (x / 255).astype(np.float32)
np.save('x.npy', x)
np.save('y.npy', y)
np.save('f.npy', f)
np.save('f64.npy', np.asfortranarray(f.astype(np.float64)))
np.save('colour.npy', np.stack([x, x, x], 1))
np.save('last.npy', np.stack([x, x, x], 3))
np.save('big.npy', f.astype('>f4'))
np.save('half.npy', f.astype(np.float16))
np.save('bool.npy', x > 127)
np.save('mask.npy', (x > 127).astype(np.uint8))
np.save('int.npy', x.astype(int))
np.save('words.npy', np.array(['cat', 'dog'])[y % 2])
np.save('object.npy', np.array([[None]]), allow_pickle=True)
np.savez('keras.npz', x_train=x[:20], y_train=y[:20].reshape(-1, 1), x_test=x[20:], y_test=y[20:])
np.savez_compressed('pair.npz', images=x, labels=y.astype(np.uint8))
np.savez('odd.npz', kinds=y, imgs=x)
h = f.copy()
h[3, 2, 1] = np.nan
np.save('holes.npy', h)
h[3, 2, 1] = np.inf
np.save('inf.npy', h)
np.save('grey.npy', 3 * f)
with open('t.csv', 'w', newline='') as out:
    rows = csv.writer(out)
    rows.writerow(['kind'] + ['pixel%d' % i for i in range(48)])
    for a, b in zip(x, y):
        rows.writerow([['cat', 'dog, big', 'emu'][b]] + list(a.reshape(-1)))
END

# found TEXT: stderr says so of the data
found() {
    grep -q -- "^elbo: data: $1\$" err || complain "stderr does not say \"$1\":"
}

# same WHAT OTHER: the last run has the weights of that run: its training saw the same images
same() {
    cmp -s run/model.safetensors "$2/model.safetensors" || "$python" - run "$2" <<'END' || complain "$1: other weights"
import sys
def weights(run):
    data = open(run + '/model.safetensors', 'rb').read()
    return data[8 + int.from_bytes(data[:8], 'little'):]
sys.exit(weights(sys.argv[1]) != weights(sys.argv[2]))
END
}

runs 'a .npy file' "$elbo" $vae --data x.npy
found 'x.npy: 30 images of 8 x 6, u8 0..255'
grep -q 'note: there are no test images: x.npy has no test part' err || complain 'no word of the missing test part'
mv run plain
runs 'a .npy file of f32' "$elbo" $vae --data f.npy
found 'f.npy: 30 images of 8 x 6, f32 0..1'
runs 'a .npy file of f64, column by column' "$elbo" $vae --data f64.npy
found 'f64.npy: 30 images of 8 x 6, f64 0..1'
runs 'a .npy file in colour' "$elbo" $vae --data colour.npy
found 'colour.npy: 30 images of 3 x 8 x 6, u8 0..255'
fails 1 'last.npy: (30, 8, 6, 3): channels come last' "$elbo" $vae --data last.npy
fails 1 'big.npy: big-endian elements of dtype ">f4" are not supported' "$elbo" $vae --data big.npy
fails 1 'half.npy: elements of dtype "<f2" are not supported: save x.astype('"'float32')" "$elbo" $vae --data half.npy
fails 1 "int.npy: images of whole numbers wider than u8 are not supported: save x.astype('uint8')" \
    "$elbo" $vae --data int.npy
fails 1 'words.npy: words of dtype "<U3" are not supported: save numpy.unique(y' "$elbo" $cvae --data x.npy:words.npy
runs 'black and white as bool' "$elbo" $vae --data bool.npy
found 'bool.npy: 30 images of 8 x 6, u8 0..255'
grep -q warning err && complain 'a warning of bool:'
runs 'black and white as u8' "$elbo" $vae --data mask.npy
grep -q '^elbo: warning: mask.npy: .* nearly black; multiply by 255, or give bool or float$' err ||
    complain 'no warning of images that are nearly black:'
fails 1 'object.npy: Python objects of dtype "|O" are not supported' "$elbo" $vae --data object.npy

runs 'a pair of .npy files' "$elbo" $cvae --data x.npy:y.npy
found 'x.npy:y.npy: 30 images of 8 x 6, u8 0..255, 3 classes'
mv run pair
grep -qxF "data = $(realpath x.npy):$(realpath y.npy)" pair/config.ini || complain 'the run does not note both files'
mkdir away && cd away || exit 99
runs 'evaluate from another folder' "$elbo" evaluate ../pair
cd ..
fails 1 'model "cvae" needs labels: one whole number for each image, in another file, as in images.npy:labels.npy' \
    "$elbo" $cvae --data x.npy
fails 1 'model "cvae" needs labels: one whole number for each image, in an array: y_train, train_labels, labels or y' \
    "$elbo" $cvae --data odd.npz:imgs
"$elbo" sample plain -n 30 -o plain.csv >out 2>err
fails 1 'model "cvae" needs labels: a column of them, named as in table.csv:COLUMN' "$elbo" $cvae --data plain.csv
runs 'a compressed .npz file' "$elbo" $cvae --data pair.npz
same 'pair.npz and x.npy:y.npy' pair
runs 'an .npz file with parts' "$elbo" $cvae --data keras.npz
found 'keras.npz: 30 images of 8 x 6, u8 0..255, 3 classes: 20 for training, 10 for testing'
grep -q 'test-elbo' run/config.ini || complain 'x_test is not the test part'
runs 'evaluate its test part' "$elbo" evaluate run
says '^images 10, part test'
fails 1 'odd.npz: holds kinds, imgs; name the images and the labels, as in odd.npz:imgs:kinds' \
    "$elbo" $vae --data odd.npz
runs 'an .npz file with a word on it' "$elbo" $cvae --data odd.npz:imgs:kinds
same 'odd.npz:imgs:kinds and x.npy:y.npy' pair

runs 'a .csv file with labels' "$elbo" $cvae --data t.csv:kind:8x6
found 't.csv:kind:8x6: 30 images of 8 x 6, u8 0..255, 3 classes (cat, "dog, big", emu)'
grep -qF 'class-names = cat,"dog, big",emu' run/config.ini || complain 'no names of classes'
same 't.csv and x.npy:y.npy' pair
runs 'evaluate it' "$elbo" evaluate run
runs 'sample a class' "$elbo" sample run --label 'dog, big' -o a.png
fails 1 't.csv:2: column "kind": "cat" is no number; t.csv:COLUMN names a column of labels' "$elbo" $vae --data t.csv
fails 1 't.csv: has no column "kinds" of labels; of its 49 the nearest is "kind"' "$elbo" $cvae --data t.csv:kinds

hint='; --data names a folder or a file of images'
fails 1 't.csv: 48 values in a row are no image of (3, 3)' "$elbo" $vae --data t.csv:kind:3x3
grep -qF -- "$hint" err && complain 'a hint that does not fit:'
fails 1 "none.npy: cannot open: No such file or directory$hint" "$elbo" $vae --data none.npy:y.npy
fails 1 'none.npy: cannot open: No such file or directory' "$elbo" $cvae --data x.npy:none.npy

mkdir folder && cp x.npy folder/train.npy
fails 1 'model "cvae" needs labels: one whole number for each image, in PART-labels.npy' "$elbo" $cvae --data folder
cp y.npy folder/train-labels.npy
runs 'a folder of arrays' "$elbo" $cvae --data folder
same 'folder and x.npy:y.npy' pair
cp x.npy folder/test.npy && cp y.npy folder/test-labels.npy
runs 'a folder of arrays with a test part' "$elbo" $cvae --data folder
grep -q 'there are no test images' err && complain 'test.npy is not the test part'

# IDX files by any name, of which the parts of tiny_data are some.
cp data/train-images-idx3-ubyte some.idx && gzip -c data/train-labels-idx1-ubyte >some-labels.idx.gz
runs 'IDX files by any name' "$elbo" $cvae --data some.idx:some-labels.idx.gz
found 'some.idx:some-labels.idx.gz: 64 images of 8 x 8, u8 0..255, 4 classes'
mkdir -p data/mnist && cp data/*-ubyte data/mnist
runs 'mnist' "$elbo" $vae --data mnist
found 'mnist: 88 images of 8 x 8, u8 0..255: 64 for training, 24 for testing'
grep -qxF "data = $(realpath data/mnist)" run/config.ini || complain 'mnist is not noted by its place'
runs 'mnist where nothing is said' "$elbo" $vae
found 'mnist: 88 images of 8 x 8, u8 0..255: 64 for training, 24 for testing'
runs 'quiet' "$elbo" $vae --data mnist --quiet
[ -s err ] && complain '--quiet: something on stderr:'

# ---- values ----------------------------------------------------------------------------------------------------------

fails 1 'holes.npy: image 3, row 2, column 1: the value is nan; --missing says' "$elbo" $vae --data holes.npy
fails 1 'inf.npy: image 3, row 2, column 1: the value is infinite' "$elbo" $vae --data inf.npy --missing
runs 'declared holes' "$elbo" $vae --data holes.npy --missing
grep -q 'note: holes.npy: 1 value is missing' err || complain 'no word of what is missing'
grep -qx 'missing = yes' run/config.ini || complain 'the run does not note that values may be missing'
runs 'evaluate with declared holes' "$elbo" evaluate run
mv run declared
fails 1 'holes.npy: image 3, row 2, column 1: the value is nan' "$elbo" evaluate plain --data holes.npy --part train
runs 'evaluate another run with declared holes' "$elbo" evaluate plain --data holes.npy --missing
grep -q '^missing' plain/config.ini && complain 'a run without holes notes some'
outside='the value 3 is outside [0, 1], which the likelihood bernoulli needs: scale the images, or take likelihood'
fails 1 "grey.npy: image 0, row 0, column 1: $outside" "$elbo" $vae --data grey.npy
runs 'values beyond 1' "$elbo" $vae --data grey.npy --likelihood gaussian

verdict
