#!/bin/sh
# Images and codes out as numbers, and codes in again. See cli.sh; tests/test_cli_numpy.sh reads the files with NumPy.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--hidden 16 --latent 3 --batch 16 --epochs 1 -q'
"$tiny_data" --png pictures || exit 99
runs 'train vae' "$elbo" train vae --data data $small --out vae
runs 'train ae' "$elbo" train ae --data data $small --out ae
runs 'train cvae' "$elbo" train cvae --data pictures $small --out cvae

# shape FILE SHAPE: of a .npy file of f32
shape() {
    head -c 128 "$1" | grep -aqF "'descr': '<f4', 'fortran_order': False, 'shape': $2," || complain "$1: not f32 $2"
}
same() { cmp -s "$1" "$2" || complain "$1 and $2 differ"; }

# ---- images ---------------------------------------------------------------------------------------------------------

runs 'sample to .npy' "$elbo" sample vae -n 5 -o five.npy
says '^samples five.npy$'
shape five.npy '(5, 8, 8)'
runs 'sample --npy' "$elbo" sample vae -n 5 --npy again
says '^samples again.npy$'
same five.npy again.npy
[ -e samples.png ] && complain 'sample --npy: wrote a picture too'
runs 'sample --npy beside -o' "$elbo" sample vae -n 5 --npy both.npy -o both.csv
same five.npy both.npy
[ "$(wc -l <both.csv)" -eq 6 ] || complain 'sample: not a header and five lines'
head -n 1 both.csv | grep -q '^pixel0,pixel1,.*,pixel63$' || complain 'sample: another header'
runs 'sample in colour' "$elbo" sample cvae -n 6 -o colour.npy
shape colour.npy '(6, 3, 9, 8)'
runs 'sample with labels' "$elbo" sample cvae -n 6 -o six.CSV
cut -d, -f1 six.CSV >labels
printf '%s\n' label checks columns diagonals rows checks columns | cmp -s - labels || complain 'sample: other labels'
runs 'sample of one label' "$elbo" sample cvae -n 2 --label rows -o rows.csv
[ "$(grep -c '^rows,' rows.csv)" -eq 2 ] || complain 'sample: not two rows'
runs 'reconstruct' "$elbo" reconstruct vae -n 7 -o seven.npy
shape seven.npy '(7, 8, 8)'
runs 'reconstruct to .csv' "$elbo" reconstruct vae -n 7 -o seven.csv
cut -d, -f1 seven.csv >labels
printf '%s\n' label 0 1 2 3 0 1 2 | cmp -s - labels || complain 'reconstruct: other labels'
for view in 'interpolate vae -n 2' 'traverse vae' 'features vae -n 4'; do
    runs "$view" "$elbo" $view --output view.npy
    head -c 128 view.npy | grep -aq ', 8, 8), }' || complain "$view: no images"
done
fails 64 '"samples.jpg": expected a name that ends in one of .png, .npy, .csv' "$elbo" sample vae -o samples.jpg
fails 64 '"seven.txt": expected a name that ends in one of .png, .npy, .csv' "$elbo" reconstruct vae -o seven.txt
fails 1 'nowhere/a.npy' "$elbo" sample vae -o nowhere/a.npy
fails 1 'nowhere/a.csv' "$elbo" sample vae -o nowhere/a.csv
runs 'a picture without an end' "$elbo" sample vae -o picture
head -c 4 picture | grep -aq PNG || complain 'a name without an end: no picture'

# ---- codes out ------------------------------------------------------------------------------------------------------

runs 'encode' "$elbo" encode cvae
printf '%s\n' 'mean codes-mean.npy (24, 3)' 'logvar codes-logvar.npy (24, 3)' 'labels codes-labels.npy (24)' \
    'names codes-names.txt (24)' | cmp -s - out || complain 'encode: another result'
(cd pictures && find test -name '*.png' | sort) >expected
same expected codes-names.txt
runs 'encode to .csv' "$elbo" encode cvae -o codes.csv
says '^codes codes.csv (24, 3)$'
sed 1d codes.csv | cut -d, -f1 | cmp -s - expected || complain 'encode: other names in the .csv'
sed 1d codes.csv | cut -d, -f2 | sort | uniq -c | grep -qx ' *6 rows' || complain 'encode: other labels in the .csv'
head -n 1 codes.csv | grep -qx 'file,label,z1,z2,z3,logvar1,logvar2,logvar3' || complain 'encode: another header'
runs 'encode some' "$elbo" encode cvae -n 5 -o five.csv
head -n 6 codes.csv | cmp -s - five.csv || complain 'encode -n 5: not the first five'
runs 'encode some as arrays' "$elbo" encode cvae --count 5 -o five
grep -qx 'labels five-labels.npy (5)' out && head -n 5 codes-names.txt | cmp -s - five-names.txt ||
    complain 'encode --count 5: not the first five'
runs 'scatter some' "$elbo" scatter cvae -n 5 -o five.svg
runs 'scatter all' "$elbo" scatter cvae -o all.svg
[ $(($(grep -o '<circle' five.svg | wc -l) + 19)) -eq "$(grep -o '<circle' all.svg | wc -l)" ] ||
    complain 'scatter -n 5: not five points'
runs 'encode to a name of .npy' "$elbo" encode cvae -o z.npy
same z.npy codes-mean.npy
same z-names.txt codes-names.txt
runs 'encode a point' "$elbo" encode ae -o z
[ -e z-logvar.npy ] && complain 'encode: codes that are points have variances of an earlier call'
[ -e z-names.txt ] && complain 'encode: images that are no files have names of an earlier call'
runs 'encode a point to .csv' "$elbo" encode ae -o z.csv
head -n 1 z.csv | grep -qx 'label,z1,z2,z3' || complain 'encode: another header of codes that are points'

# Names that a line or a field cannot hold as they are.
mkdir odd && cp pictures/test/rows/01.png 'odd/a, "b".png' && cp pictures/test/rows/05.png "odd/line
break.png"
runs 'train on odd names' "$elbo" train vae --data odd --hidden 4 --batch 2 --epochs 1 --out odds -q
runs 'encode odd names' "$elbo" encode odds --part train -o odd
printf '%s\n' '"a, \"b\".png"' '"line\nbreak.png"' | cmp -s - odd-names.txt || complain 'encode: odd names'
runs 'encode odd names to .csv' "$elbo" encode odds --part train -o odd.csv
grep -q '^"a, ""b"".png",' odd.csv || complain 'encode: an odd name in a .csv'
runs 'decode after odd names' "$elbo" decode odds odd.csv

# ---- codes in -------------------------------------------------------------------------------------------------------

# A code of an autoencoder is a point: decoding it is reconstructing the image.
runs 'reconstruct as numbers' "$elbo" reconstruct ae -n 24 -o all.npy
runs 'decode' "$elbo" decode ae z-mean.npy -o decoded.npy
says '^decoded decoded.npy$'
same all.npy decoded.npy
runs 'decode .csv' "$elbo" decode ae z.csv -o decoded.npy
same all.npy decoded.npy
sed 's/z1,z2,z3/x,y,w/' z.csv >xyz.csv
runs 'decode columns of other names' "$elbo" decode ae xyz.csv -o decoded.npy
same all.npy decoded.npy
runs 'decode to a picture' "$elbo" decode ae z.csv
[ -s decoded.png ] || complain 'no decoded.png'

runs 'decode with the labels of a .csv' "$elbo" decode cvae codes.csv -o one.npy
runs 'decode with labels' "$elbo" decode cvae codes-mean.npy --labels codes-labels.npy -o two.npy
same one.npy two.npy
runs 'decode with one label' "$elbo" decode cvae codes.csv --label rows -o three.csv
[ "$(grep -c '^rows,' three.csv)" -eq 24 ] || complain 'decode: --label is not that of all'

# Codes of a codebook are whole numbers, too: 2 by 2 of them for images of 8 by 8.
runs 'train vq-vae' "$elbo" train vq-vae --data data --channels 4,3 --codes 16 --code-dim 3 --batch 16 --epochs 1 -q \
    --out vq
runs 'encode to whole numbers' "$elbo" encode vq -o whole
says '^mean whole-mean.npy (24, 12)$'
says '^numbers whole-numbers.npy (24, 2, 2, 1)$'
runs 'decode whole numbers' "$elbo" decode vq whole-numbers.npy -o one.npy
runs 'decode their codes' "$elbo" decode vq whole-mean.npy -o two.npy
same one.npy two.npy
runs 'encode to whole numbers in a .csv' "$elbo" encode vq -o whole.csv
head -n 1 whole.csv | grep -qx 'label,z1,.*,z12,n1,n2,n3,n4' || complain 'encode: another header of whole numbers'
sed 1d whole.csv | cut -d, -f14-17 | grep -qvx '[0-9]*,[0-9]*,[0-9]*,[0-9]*' && complain 'encode: no whole numbers'
runs 'decode that .csv' "$elbo" decode vq whole.csv -o two.npy
same one.npy two.npy
runs 'encode to codes without whole numbers' "$elbo" encode ae -o whole
[ -e whole-numbers.npy ] && complain 'encode: codes have whole numbers of an earlier call'
fails 1 'codes-labels.npy: expected whole numbers (N, 2, 2, 1), as the model has, got (24)' \
    "$elbo" decode vq codes-labels.npy
fails 1 'model "vq-vae" has no prior to draw from' "$elbo" sample vq

fails 64 ': CODES is missing' "$elbo" decode ae
fails 64 'too many arguments' "$elbo" decode ae z.csv z.csv
fails 1 'nowhere.npy' "$elbo" decode ae nowhere.npy
fails 1 'five.npy: expected codes (N, 3) of f32 or f64, as the model has, got (5, 8, 8) of f32' \
    "$elbo" decode ae five.npy
fails 1 'codes-labels.npy: expected codes (N, 3)' "$elbo" decode ae codes-labels.npy
fails 1 'vae/metrics.csv: expected codes of 3 dimensions, as the model has, got' "$elbo" decode ae vae/metrics.csv
cut -d, -f1-3 z.csv >narrow.csv
fails 1 'narrow.csv: expected codes of 3 dimensions, as the model has, got 2' "$elbo" decode ae narrow.csv
sed 's/z3/z4/' z.csv >gap.csv
fails 1 'gap.csv: expected codes of 3 dimensions, as the model has, got 2' "$elbo" decode ae gap.csv
cp z-mean.npy nan.npy && printf '\0\0\300\177' | dd of=nan.npy bs=1 seek=$((128 + 4 * 10)) conv=notrunc status=none
fails 1 'nan.npy: code 3, dimension 2: nan cannot be decoded' "$elbo" decode ae nan.npy
sed '3s/,[^,]*$/,nan/' z.csv >nan.csv
fails 1 'nan.csv:3: column "z3"' "$elbo" decode ae nan.csv
sed '3s/,[^,]*$/,/' z.csv >gap.csv
fails 1 'gap.csv:3: column "z3"' "$elbo" decode ae gap.csv
sed '3s/,[^,]*$/,1e39/' z.csv >large.csv
fails 1 'large.csv:3: column "z3"' "$elbo" decode ae large.csv
: >empty.csv
: >empty.npy
fails 1 'empty.csv' "$elbo" decode ae empty.csv
fails 1 'empty.npy: ' "$elbo" decode ae empty.npy
head -n 1 z.csv >header.csv
fails 1 'header.csv: holds no codes' "$elbo" decode ae header.csv
sed 's/(24, 3)/(0, 3) /' z-mean.npy | head -c 128 >none.npy
fails 1 'none.npy: holds no codes' "$elbo" decode ae none.npy
fails 1 'codes-mean.npy: has no labels, which the model "cvae" takes' "$elbo" decode cvae codes-mean.npy
fails 1 'the model "ae" takes no labels' "$elbo" decode ae z.csv --labels codes-labels.npy
fails 1 'takes no labels' "$elbo" decode ae z.csv --label 1
head -n 4 codes.csv >few.csv
fails 1 'codes-labels.npy: expected labels (3)' "$elbo" decode cvae few.csv --labels codes-labels.npy
sed '2s/,checks,/,chekcs,/' codes.csv >wrong.csv
fails 1 'wrong.csv:2: column "label": no class is called "chekcs"; the nearest is "checks"' \
    "$elbo" decode cvae wrong.csv
fails 64 '"x.txt": expected a name that ends in one of .png, .npy, .csv' "$elbo" decode ae z.csv -o x.txt

# ---- classes, from images that are read where they lie --------------------------------------------------------------

runs 'classify' "$elbo" classify cvae
says '^accuracy .* of 24 images$'
runs 'classify some' "$elbo" classify cvae -n 5
says '^accuracy .* of 5 images$'

verdict
