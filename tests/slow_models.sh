#!/bin/sh
# Every model, conditional too where it can be, trained for an epoch on MNIST by the program, measured and sampled;
# every sampler fitted and drawn from. `make check-slow` runs it; it takes the paths of `elbo` in ELBO and of MNIST in
# MNIST. What a model reconstructs must be nearer to the images than their mean is, whose squared error is 52.7 an
# image, or within the bound that its row below says.
elbo=$(realpath "${ELBO:-./elbo}") || exit 99
mnist=$(realpath "${MNIST:-data/mnist}") || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
failures=0

complain() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n' "$1"
    sed 's/^/    /' err
}

# member NAME: a number of the JSON object in `out`
member() { sed -n "s/.*\"$1\": *\\([-0-9.e+]*\\).*/\\1/p" out | head -n 1; }

# bound MODEL: the most that its squared error may be
bound() {
    case $1 in
    vae-gan) echo 120 ;; # compares features of pictures, and their pixels not at all
    *) echo 52.7 ;;
    esac
}

# beyond MODEL: how far grey levels that it draws may lie outside [0, 1], but for one in a hundred
beyond() {
    case $1 in
    vq-vae | hrq-vae | wae | rae-*) echo 0.5 ;; # whose pixels are means of a squared error
    *) echo 0 ;;
    esac
}

# hidden MODEL: a smaller network, of a model that has dense layers
hidden() {
    case $1 in
    vq-vae | hrq-vae) ;; # codes stand at the places of a convolution's map
    *) echo --hidden 128 ;;
    esac
}

# are_images FILE.npy BEYOND: whether its numbers, f32 (N, ...), are all in [0, 1], or all but one in a hundred no
# further beyond than that, and whether they differ: the mean over pixels of their variance over the N, which of MNIST
# is 0.067, is at least 0.001
are_images() {
    head=$(od -A n -t u2 -j 8 -N 2 "$1") &&
        n=$(head -c 200 "$1" | LC_ALL=C tr -cd '[:print:]' |
            sed -n "s/.*'descr': '<f4'.*'shape': (\([0-9]*\),.*/\1/p" | head -n 1) &&
        od -A n -v -t f4 -w4 -j $((10 + head)) "$1" | awk -v n="$n" -v least=1e-3 -v beyond="$2" '
            $1 ~ /[Nn]an|[Ii]nf/ { wrong = 1; exit }
            !($1 >= -beyond && $1 <= 1 + beyond) { outside++ }
            { x[NR - 1] = $1 }
            END {
                pixels = n + 0 > 0 ? NR / n : 0
                if (wrong || outside > (beyond > 0 ? NR / 100 : 0) || n < 2 || pixels < 1 || pixels != int(pixels))
                    exit 1
                for (j = 0; j < pixels; j++) {
                    sum = squares = 0
                    for (i = 0; i < n; i++) {
                        sum += x[i * pixels + j] / n
                        squares += x[i * pixels + j] ^ 2 / n
                    }
                    variance += (squares - sum ^ 2) / pixels
                }
                exit !(variance > least)
            }'
}

# try MODEL OPTION...: trains, measures, draws where there is a prior
try() {
    name=$*
    if ! "$elbo" train "$@" -q --data "$mnist" --epochs 1 $(hidden "$1") --out run --force >out 2>err; then
        complain "$name: does not train"
        return
    fi
    if ! "$elbo" evaluate run -q --json -n 1000 --information 0 >out 2>err; then
        complain "$name: cannot be measured"
        return
    fi
    error=$(member squared_error)
    awk -v error="$error" -v most="$(bound "$1")" 'BEGIN { exit !(error > 0 && error < most) }' ||
        complain "$name: squared error $error"
    printf '%-40s squared error %6.1f\n' "$name" "$error"
    if "$elbo" sample run -q -n 16 -o samples.npy >out 2>err; then
        are_images samples.npy "$(beyond "$1")" || complain "$name: what is drawn is not images"
    else
        grep -q 'has no prior to draw from' err || complain "$name: cannot be drawn from"
    fi
}

models=$("$elbo" models | sed -n 's/^  \([a-z][a-z0-9-]*\)  .*/\1/p')
for model in $models; do
    case $model in
    pca | ppca) continue ;; # are fitted, and have tests of their own
    ae | classifier) try "$model" ;;
    cvae) try cvae --prior learned ;;
    *)
        try "$model"
        try "$model" --conditional
        ;;
    esac
done
try vae --posterior iaf --prior vamp --objective iwae --gradient dreg --draws 5 --conditional

# draw MODEL SAMPLER OPTION...
draw() {
    model=$1 sampler=$2
    shift 2
    if "$elbo" train "$model" -q --data "$mnist" --epochs 1 $(hidden "$model") --out run --force >out 2>err &&
        "$elbo" sample run -q --sampler "$sampler" "$@" -n 16 -o samples.npy >out 2>err; then
        are_images samples.npy "$(beyond "$model")" || complain "$model: what sampler $sampler draws is not images"
        printf '%-40s drawn from\n' "$model, sampler $sampler"
    else
        complain "$model: sampler $sampler"
    fi
}

samplers=$("$elbo" sample --help | tr -s '\n ' '  ' |
    sed -n 's/.*where codes come from: \([a-z0-9, -]*\) (.*/\1/p' | tr -d ,)
for sampler in $samplers; do
    case $sampler in
    prior) draw mixture-vae prior ;;
    normal) draw vae normal ;;
    vamp) draw vamp-vae vamp ;;
    hypersphere) draw svae hypersphere ;;
    poincare) draw poincare-vae poincare ;;
    pixelcnn) draw vq-vae pixelcnn --pixel-layers 3 --pixel-channels 16 --fit-epochs 1 ;;
    rhvae) draw rhvae rhvae ;;
    gmm) draw ae gmm ;;
    two-stage) draw ae two-stage --stage-hidden 256,256 --fit-epochs 1 ;;
    *) draw ae "$sampler" --fit-epochs 1 ;;
    esac
done

if [ $failures -gt 0 ]; then printf '%d failures\n' $failures; fi
[ $failures -eq 0 ]
