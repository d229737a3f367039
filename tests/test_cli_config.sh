#!/bin/sh
# Options from a file, and the file that a training leaves: --config makes the same run again. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 2'

# again WHAT OPTION...: a run of these options, and one of its config.ini, are the same file
again() {
    what=$1
    shift
    rm -rf first second
    runs "train $what" "$elbo" train "$@" --out first
    runs "train $what again" "$elbo" train --config first/config.ini --out second
    cmp -s first/model.safetensors second/model.safetensors || complain "$what: config.ini makes another run"
    cmp -s first/config.ini second/config.ini || complain "$what: another config.ini"
    grep -q '^out\|^force\|^threads\|^config' first/config.ini && complain "$what: config.ini says where the run went"
}

# ---- the same run again ---------------------------------------------------------------------------------------------

again 'a VAE' vae $small --seed 5 --threads 1
again 'a VAE with other choices' vae --data data --hidden none --net conv --channels 4,4 --norm batch --latent 2 \
    --batch 16 --epochs 1 --optimiser sgd --lr 0.003 --momentum 0.5 --beta-schedule linear --warmup 2 --binarise
again 'a CVAE' cvae $small --classes 6 --prior learned
again 'an autoencoder' ae $small --corruption mask
again 'PCA' pca --data data --latent 4
"$tiny_data" --png faces || exit 99
again 'a CVAE of a folder with names' cvae --data faces --hidden 8 --latent 2 --batch 16 --epochs 1
mkdir 'a #b "c"' && cp data/* 'a #b "c"'
again 'a folder with an odd name' vae $small --data 'a #b "c"'
odd=$(printf 'caf\351 ') && mkdir "$odd" && cp data/* "$odd"
again 'a folder whose name no line can hold' vae $small --data "$odd"

# Every option of the training is in the file, as a key or, where it is of no use, as a comment; but for those that say
# where and how the work is done, not what comes of it, and for what is noted where it is given only.
passing='config out force resume seeds threads json quiet help usage version missing'
for model in vae cvae ae pca; do
    rm -rf first
    runs "train $model" "$elbo" train $model --data data --latent 2 --out first
    runs "help of $model" "$elbo" train $model --help
    for option in $(grep -oE '^ *(-[a-z], )?--[a-z0-9-]+' out | grep -o '[a-z0-9][a-z0-9-]*$'); do
        case " $passing " in *" $option "*) continue ;; esac
        grep -qE "^(# )?$option = " first/config.ini || complain "config.ini of $model lacks $option"
    done
done

# From elsewhere too: the data are named absolutely.
rm -rf first second
runs 'train' "$elbo" train vae $small --out first
mkdir elsewhere
runs 'train elsewhere' sh -c "cd elsewhere && exec \"$elbo\" train --config ../first/config.ini --out ../second"
cmp -s first/model.safetensors second/model.safetensors || complain 'another run when started elsewhere'

# ---- a file of one's own --------------------------------------------------------------------------------------------

cat >mine.ini <<EOF
# short names are good, and the model may be named
model = vae
data = data
hidden = 16
latent = 3
batch = 16
epochs = 2
binarise = yes
out = from-file
EOF
runs 'a file of my own' "$elbo" train --config mine.ini
says '^run from-file$'
runs 'the same on the command line' "$elbo" train vae $small --binarise --out from-line
cmp -s from-file/model.safetensors from-line/model.safetensors || complain 'a file says something else than options'
cp from-file/model.safetensors expected
runs 'a model named twice' "$elbo" train vae --config=mine.ini --force
cmp -s from-file/model.safetensors expected || complain 'a model named twice is another'

# has RUN LINE
has() { grep -qxF -- "$2" "$1/config.ini" || complain "$1/config.ini lacks \"$2\""; }
runs 'the command line wins' "$elbo" train --conf mine.ini --latent-dim 2 --binarise=no --out won
has won 'latent-dim = 2'
has won 'binarise = no'
has won 'hidden = 16'
runs 'wherever it stands' "$elbo" train --latent 2 --out also --binarise=no --config mine.ini
cmp -s won/model.safetensors also/model.safetensors || complain 'the order of --config and others matters'
runs 'another model' "$elbo" train ae --config mine.ini --out ae
has ae 'model = ae'

# What the command line makes idle is dropped, and what needed that.
runs 'convolutions' "$elbo" train vae --data data --hidden none --latent 2 --batch 16 --epochs 1 --net conv \
    --channels 4 --norm batch --out conv
runs 'without them' "$elbo" train --config conv/config.ini --net mlp --out dense
has dense 'net = mlp'
grep -q '^channels' dense/config.ini && complain 'dropped options are in config.ini'
fails 64 'option "channels": of no use without --net conv' "$elbo" train --config conv/config.ini --net mlp --channels 5

# ---- what is wrong: the file and the line are named -----------------------------------------------------------------

# wrong REASON LINE...: a file with these lines
wrong() {
    reason=$1
    shift
    printf '%s\n' 'data = data' "$@" >wrong.ini
    fails 64 "$reason" "$elbo" train --config wrong.ini vae --out nothing
    [ -e nothing ] && complain "$reason: left a folder"
}
wrong 'wrong.ini: line 2: no option "latent-dims"; the nearest is "latent-dim"' 'latent-dims = 3'
wrong 'wrong.ini: line 3: no option "epoch"; the nearest is "epochs"' '' 'epoch = 3'
wrong 'wrong.ini: line 2: "rho" is an option of ae, not of vae' 'rho = 0.1'
wrong 'wrong.ini: line 2: option "epochs": 0 is less than 1' 'epochs = 0'
wrong 'wrong.ini: line 2: option "net": "cnn" is not one of mlp, conv' 'net = cnn'
wrong 'wrong.ini: line 2: option "channels": of no use without --net conv' 'channels = 3'
wrong 'wrong.ini: line 3: option "latent-dim" stands on line 2 already' 'latent = 3' 'latent-dim = 4'
wrong 'wrong.ini: line 2: "data" stands on line 1 already' 'data = other'
wrong 'wrong.ini: line 2: a file of options names no other' 'config = mine.ini'
wrong 'wrong.ini: line 2: expected key = value, got "[training]"' '[training]'
wrong 'wrong.ini: line 2: option "binarise": "maybe" is neither yes nor no' 'binarise = maybe'
printf 'model = vaee\n' >wrong.ini
fails 64 'wrong.ini: line 1: no model "vaee"; the nearest is "vae"' "$elbo" train --config wrong.ini
printf 'data = data\n' >wrong.ini
fails 64 'the model is missing' "$elbo" train --config wrong.ini
fails 1 'nowhere.ini: cannot open' "$elbo" train vae --config nowhere.ini
fails 64 'config' "$elbo" train vae --config

# ---- options there are not: the nearest is named --------------------------------------------------------------------

fails 64 "unrecognized option '--latent-dims'; the nearest is --latent-dim" "$elbo" train vae --latent-dims 3
fails 64 "unrecognized option '--latent-dims'; the nearest is --latent-dim" "$elbo" train --latent-dims 3 vae
fails 64 "unrecognized option '--latent-dims'; the nearest is --latent-dim" "$elbo" train vae --latent-dims=3
fails 64 '--rho is an option of ae, not of vae' "$elbo" train vae --rho 0.1
fails 64 '--rho is an option of ae, not of vae' "$elbo" train --rho 0.1 vae
fails 64 '--beta is an option of vae, cvae, beta-vae and ' "$elbo" train pca --beta=3
fails 64 '--epochs is an option of models that are trained step by step, not of pca' "$elbo" train pca --epochs 3
fails 64 'option "likelihood": "gausian" is not one of bernoulli, ' "$elbo" train vae --likelihood gausian
fails 64 '; the nearest is "gaussian"' "$elbo" train vae --likelihood gausian
"$elbo" train vae --learning-rate 1 2>err
grep -qx "elbo train vae: unrecognized option '--learning-rate'" err || complain 'a name that is not near'
fails 64 "unrecognized option '--quite'; the nearest is --quiet" "$elbo" models --quite
fails 64 "unrecognized option '--ouput'; the nearest is --output" "$elbo" sample run -n 3 --ouput x.png
runs 'the value of an option may begin with dashes' "$elbo" train vae $small --out --odd
[ -f ./--odd/model.safetensors ] || complain 'no run --odd'

verdict
