#!/bin/sh
# Data as people have them: what the program makes of folders of pictures, of labels, of a missing part, and what it
# says of what it does not use. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"
LC_ALL=C # bytes that are no characters of a locale are text too
export LC_ALL

vae='train vae --hidden 8 --latent 2 --batch 8 --epochs 1 --force'
cvae='train cvae --hidden 8 --latent 2 --batch 8 --epochs 1 --force'

# notes TEXT: exactly one line on stderr, beside progress, and that line ends with TEXT
notes() {
    [ "$(unusual | wc -l)" -eq 1 ] || complain "not one line on stderr, but:"
    grep -q -- "^elbo: .*$1\$" err || complain "stderr has no \"$1\":"
}

quiet() {
    unusual | grep -q . && complain "$1: something on stderr:"
}

# has RUN LINE: the configuration has that line
has() {
    grep -qxF -- "$2" "$1/config.ini" || { complain "$1/config.ini lacks \"$2\""; cat "$1/config.ini"; }
}

# copies FILE FOLDER N: N copies of a picture in a new folder
copies() {
    mkdir -p "$2"
    i=0
    while [ $i -lt "$3" ]; do
        cp "$1" "$2/$i.${1##*.}"
        i=$((i + 1))
    done
}

"$tiny_data" --png faces || exit 99
"$tiny_data" --jpeg one.jpg || exit 99
cp faces/train/rows/01.png one.png

# ---- pictures -------------------------------------------------------------------------------------------------------

copies one.png pets/cat 10 && copies one.jpg pets/dog 10
runs 'train on PNG and JPEG' "$elbo" $cvae --data pets --out run
quiet 'train on PNG and JPEG'
has run '# class-names = cat,dog'
has run '# image = 3,9,8'
runs 'evaluate' "$elbo" evaluate run
says '^images 2, part test'

touch pets/cat/notes.txt pets/cat/Thumbs.db pets/.DS_Store
runs 'train beside other files' "$elbo" $cvae --data pets --out run
notes 'note: pets: left out: 2 files that are no PNG or JPEG pictures, the first of them cat/Thumbs.db'
runs 'evaluate what is known' "$elbo" evaluate run
quiet 'evaluate what is known'
runs 'evaluate beside other files' "$elbo" evaluate run --data pets
notes 'left out: 2 files .*cat/Thumbs.db'
rm pets/cat/notes.txt pets/cat/Thumbs.db

mkdir pets/emu && touch pets/emu/1.gif
fails 1 'pets/emu: a class without pictures' "$elbo" $vae --data pets --out nothing
rm -r pets/emu && mkdir pets/dog/more && cp one.jpg pets/dog/more
fails 1 'pets/dog/more/one.jpg: lies two folders down' "$elbo" $vae --data pets --out nothing
rm -r pets/dog/more

mkdir faces/valid && cp one.png faces/valid
runs 'train beside a folder' "$elbo" $vae --data faces --out run
notes 'left out: 1 entry beside the folders of the parts (valid)'
rm -r faces/valid
cp -r data beside && cp one.png beside
runs 'train on IDX beside a picture' "$elbo" $vae --data beside --out run
notes 'left out: 1 picture or folder of pictures beside IDX files (one.png)'
runs 'plan' "$elbo" plan vae --data beside --batch 8 --hidden 8
head -c 200 one.jpg >pets/dog/1.jpg
fails 1 'pets/dog/1.jpg: truncated' "$elbo" $vae --data pets --out nothing
cp one.jpg pets/dog/1.jpg

# ---- names of classes -----------------------------------------------------------------------------------------------

latin=$(printf 'caf\351')
mkdir named
mv pets/cat "named/$latin" && mv pets/dog 'named/dog, big'
runs 'train on strange names' "$elbo" $cvae --data named --out run
quiet 'strange names'
has run '# class-names = "caf\xe9","dog, big"'
runs 'sample a class' "$elbo" sample run --label "$latin" -o a.png
runs 'sample by number' "$elbo" sample run --label 0 -o b.png
cmp -s a.png b.png || complain 'a name and its number draw other images'
runs 'sample another class' "$elbo" sample run --label 'dog, big' -o c.png
cmp -s a.png c.png && complain 'two classes draw the same images'
fails 1 'no class is called "dog"; the nearest is "' "$elbo" sample run --label dog
fails 1 'label 2 is outside the classes 0 to 1' "$elbo" manifold run --label 2
runs 'each class' "$elbo" sample run --label -1 -o a.png
runs 'classify' "$elbo" classify run --draws 2
says '^ *1  *[0-9]*  *[0-9]*  dog, big$'
mkdir other && copies one.png other/ant 10 && cp -r 'named/dog, big' other/ # "dog, big" is in the same place by chance
fails 1 'of class "ant", which the model does not know' "$elbo" evaluate run --data other --part train
rm -r other/ant && copies one.jpg other/zoo 0 && rmdir other/zoo
runs 'classify one class' "$elbo" classify run --draws 2 --data other --part train
says '^ *0  *0  *0  ' # none of the other class
for command in traverse interpolate manifold; do
    runs "$command by name" "$elbo" $command run --label 'dog, big' -o a.png
    fails 1 'the nearest is "dog, big"' "$elbo" $command run --label 'dog,big' -o a.png
done
mkdir numbers && copies one.png numbers/2 10 && copies one.jpg numbers/10 10
runs 'train on numbers' "$elbo" $cvae --data numbers --out ten
runs 'sample ten' "$elbo" sample ten --label 10 -o a.png
fails 1 'no class is called "1"; there are 2, 10' "$elbo" sample ten --label 1

# ---- labels that are not needed -------------------------------------------------------------------------------------

# idx FILE BYTES...: an IDX file of bytes, from an octal header on
idx() {
    file=$1
    shift
    printf "$@" >"$file"
}
cp -r data odd
idx odd/train-labels-idx1-ubyte '\0\0\10\2\0\0\0\100\0\0\0\4%256s' ''
runs 'one-hot labels of a VAE' "$elbo" $vae --data odd --out run
quiet 'one-hot labels of a VAE'
reason='expected labels (N), one whole number for each image, got u8 (64, 4), as of one-hot rows'
fails 1 "odd/train-labels-idx1-ubyte: $reason" \
    "$elbo" $cvae --data odd --out nothing
runs 'evaluate with one-hot labels' "$elbo" evaluate run --part train
quiet 'evaluate with one-hot labels'
for command in encode scatter; do
    runs "$command with one-hot labels" "$elbo" $command run --part train -o codes
    notes 'warning: without labels: .*odd/train-labels-idx1-ubyte: expected labels.*one-hot rows'
done
[ -e codes-labels.npy ] && complain 'labels that cannot be used were written'
rm odd/train-labels-idx1-ubyte odd/t10k-labels-idx1-ubyte
runs 'no labels' "$elbo" $vae --data odd --out run
quiet 'no labels'
fails 1 'model "cvae" needs labels: one whole number for each image, in PART-labels-idx1-ubyte' \
    "$elbo" $cvae --data odd --out nothing
mkdir flat && cp one.png flat/1.png
fails 1 'model "cvae" needs labels: a folder of pictures for each class' "$elbo" $cvae --data flat --out nothing
cp data/train-labels-idx1-ubyte odd
fails 1 'odd, part test: model "cvae" needs labels' "$elbo" $cvae --data odd --out nothing
mkdir -p faces/test/new && cp one.png faces/test/new
runs 'a test class of its own' "$elbo" $vae --data faces --out run
quiet 'a test class of its own'
fails 1 'faces/test/new: no such class' "$elbo" $cvae --data faces --out nothing
rm -r faces/test/new

# ---- without a test part --------------------------------------------------------------------------------------------

mkdir train-only && cp data/train-* train-only
runs 'IDX without a test part' "$elbo" $cvae --data train-only --out run
notes 'note: there are no test images: train-only has no test part'
grep -q test-elbo run/config.ini && complain 'a figure of a test that was not'
runs 'evaluate it' "$elbo" evaluate run
notes 'note: .*train-only has no test part: its training part is taken'
says '^images 64, part train of '
runs 'evaluate its training part' "$elbo" evaluate run --part train
quiet 'evaluate its training part'
fails 1 'train-only/t10k-images-idx3-ubyte: no such file' "$elbo" evaluate run --part test
copies one.png nine 9
runs 'nine pictures' "$elbo" $vae --data nine --out run
notes 'note: there are no test images: nine has no test part'
runs 'reconstruct nine' "$elbo" reconstruct run -o a.png
cp -r faces alone && rm -r alone/test
runs 'pictures without a test part' "$elbo" train pca --latent 2 --data alone --out pca
notes 'there are no test images: alone has no test part'
mkdir alone/test
fails 1 'alone/test: no PNG or JPEG pictures there' "$elbo" $vae --data alone --out nothing
for kind in images-idx3 labels-idx1; do cp data/t10k-$kind-ubyte train-only/test-$kind-ubyte; done
runs 'test- in place of t10k-' "$elbo" $cvae --data train-only --out run
quiet 'test- in place of t10k-'
grep -q test-elbo run/config.ini || complain 'test- was not taken for the test part'
cp data/t10k-images-idx3-ubyte train-only
fails 1 'both t10k-images-idx3-ubyte and test-images-idx3-ubyte: which one?' \
    "$elbo" $vae --data train-only --out nothing
[ -e nothing ] && complain 'data that cannot be used left a folder behind'

# ---- missing values --------------------------------------------------------------------------------------------------

# mask N: an IDX file of 64 images of 8 by 8 bytes, the first N of which are 0 and the others 1
mask() {
    printf '\000\000\010\003\000\000\000\100\000\000\000\010\000\000\000\010'
    head -c "$1" /dev/zero
    head -c $((4096 - $1)) /dev/zero | tr '\000' '\001'
}

cp -r data holes && mask 1000 >holes/train-mask-idx3-ubyte
runs 'train on data with a mask' "$elbo" $vae --data holes --out holed
notes 'note: holes: 1000 values are missing'
runs 'evaluate on data with a mask' "$elbo" evaluate holed --part train
notes 'holes: 1000 values are missing'
runs 'evaluate on data without one' "$elbo" evaluate holed
quiet 'evaluate on data without one'
"$elbo" train pca --latent 2 --data holes --out nothing 2>err
grep -q '"pca" is fitted to whole images' err || complain 'pca takes missing values:'
mask 4096 | head -c 4000 >holes/train-mask-idx3-ubyte
fails 1 'holes/train-mask-idx3-ubyte: ' "$elbo" $vae --data holes --out nothing

# ---- where the data are ---------------------------------------------------------------------------------------------

mkdir away "$latin"
cp data/* "$latin"
runs 'a path in Latin-1' "$elbo" $vae --data "$latin" --out run
has run "data = \"$(realpath .)/caf\\xe9\""
cd away || exit 99
runs 'evaluate from another folder' "$elbo" evaluate ../run
says "^images 24, part test of $(realpath "../$latin")\$"
cd ..
runs 'sprites' "$elbo" plan vae --data sprites --batch 8 --hidden 8
fails 1 'sprites/none: no such file or folder' "$elbo" $vae --data sprites/none --out nothing
mv "$latin" gone
fails 1 'no such file or folder (the data that run was trained on; --data names others)' \
    "$elbo" evaluate run
runs 'data that were moved' "$elbo" evaluate run --data gone

# A hint stands where it fits.
hint='; --data names a folder or a file of images, or sprites'
fails 1 "nowhere: no such file or folder$hint" "$elbo" $vae --data nowhere --out nothing
fails 1 "data/mnist: no such file or folder$hint" "$elbo" $vae --out nothing
fails 1 "away: holds no PNG or JPEG pictures, and no arrays by the names of parts, such as train.npy$hint" \
    "$elbo" $vae --data away --out nothing
fails 1 'one.png: is a picture: a folder of pictures is read as data' "$elbo" $vae --data one.png --out nothing
# unhinted REASON FOLDER
unhinted() {
    fails 1 "$1" "$elbo" $vae --data "$2" --out nothing
    grep -q -- '--data' err && complain "$2: a hint that does not fit:"
}
ln -s loop loop
unhinted 'loop: cannot open the folder: Too many levels of symbolic links' loop
cp -r data half && rm half/train-images-idx3-ubyte
unhinted 'half/train-images-idx3-ubyte: no such file' half
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 0 locked
    unhinted 'locked: cannot open the folder: Permission denied' locked
    chmod 755 locked
    cp -r faces closed && chmod 444 closed/train
    unhinted 'Permission denied' closed
    chmod 755 closed/train
fi

verdict
