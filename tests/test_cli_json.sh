#!/bin/sh
# Results for other programs: what --json prints is one JSON object, with the figures of the lines. See cli.sh.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

python=
for one in python3 /usr/bin/python3; do
    "$one" -c 'import json' 2>err && python=$one && break
done
[ "$python" ] || {
    echo 'skipped: needs python3'
    exit 77
}

# is EXPRESSION: stdout is one line that is one object `r` in strict JSON, of which the Python expression is true
is() {
    "$python" - "$1" 2>err <<'END' || complain "not so: $1"
import json, sys
text = open('out').read()
assert text.endswith('}\n') and text.count('\n') == 1, text
def no(name): raise ValueError(name)
r = json.loads(text, parse_constant=no)
assert eval(sys.argv[1]), text
END
}

small='--data data --hidden 16 --latent 3 --batch 16 --epochs 1'
runs 'train vae' "$elbo" train vae $small --out runs/a
runs 'train cvae' "$elbo" train cvae $small --out runs/c
runs 'train pca' "$elbo" train pca --data data --latent 3 --out runs/p

# ---- about the program, models and runs -----------------------------------------------------------------------------

runs 'info --json' "$elbo" info --json
is 'type(r["threads"]) is int and r["version"][0].isdigit() and r["f64_product_kernels"]'
runs 'models --json' "$elbo" models --json
is '[m["takes_labels"] for m in r["models"] if m["name"] in ("vae", "cvae")] == [False, True]'
is '("latent-dim", "20") in [(o["name"], o["default"]) for m in r["models"] for o in m["options"]]'
runs 'info of a run --json' "$elbo" info runs/a --json
is 'r["model"] == "vae" and r["image"] == [8, 8] and r["latent_dim"] == 3 and r["hidden"] == [16]'
is 'type(r["active_units"]) is int and r["variance"] == 0.1 and type(r["beta"]) is float'
is 'all(f"\"{k}\": {v!r}" in text for k, v in r.items() if type(v) is float and abs(v) > 1e-4)' # in short, as Python
is 'r["epochs_done"] == 1 and type(r["test_elbo"]) is float and type(r["train_fingerprint"]) is str'
is 'r["optimiser"] == "adam" and r["binarise"] is False and r["batch_size"] == 16 and r["parameters"] > 1000'
elbo_of_run=$("$python" -c 'import json; print("%.2f" % json.load(open("out"))["test_elbo"])')

# ---- the commands on a run ------------------------------------------------------------------------------------------

for what in 'sample samples' 'reconstruct reconstructions' 'interpolate interpolation' 'traverse traversal' \
    'features features'; do
    set -- $what
    runs "$1 --json" "$elbo" "$1" runs/a --json -o picture.png
    is "r == {'$2': 'picture.png'}"
done
runs 'scatter --json' "$elbo" scatter runs/a --json
is 'r == {"scatter": ["scatter.svg", "scatter.png"]}'
runs 'encode --json' "$elbo" encode runs/a --json -o codes
is 'r == {"mean": "codes-mean.npy", "logvar": "codes-logvar.npy", "labels": "codes-labels.npy"}'
runs 'angles --json' "$elbo" angles runs/p --to runs/p --json
is 'len(r["angles"]) == 3 and r["largest_principal_angle"] < 1'
runs 'classify --json' "$elbo" classify runs/c --json
is 'sum(sum(c["taken_for"]) for c in r["classes"]) == r["images"] and 0 <= r["accuracy"] <= 1'
runs 'evaluate --json' "$elbo" evaluate runs/a --json
is "r['part'] == 'test' and '%.2f' % r['elbo'] == '$elbo_of_run'"
is 'r["images"] == 24 and r["elbo_se"] > 0 and type(r["active_units"]) is int and "ess" not in r'
is 'abs(sum(r["kl_of_dimensions"]) - r["kl"]) < 1e-5 and len(r["variance_of_means"]) == r["latent_dimensions"] == 3'
is 'r["mutual_information"] <= r["mutual_information_limit"] and r["mutual_information_images"] == 24'
runs 'evaluate one image --json' "$elbo" evaluate runs/a --json -n 1 --samples 9 --per-image one.csv
is 'r["elbo_se"] is None and 1 <= r["ess_least"] == r["ess"] <= 9 and r["samples"] == 9 and r["per_image"] == "one.csv"'
runs 'evaluate ae --json' "$elbo" evaluate runs/p --json
is 'r["squared_error"] >= 0 and "elbo" not in r and "active_units" not in r'

# A name that is no UTF-8 has its bytes written out.
name=$(printf 'caf\351.png')
runs 'a name in Latin-1' "$elbo" sample runs/a --json -o "$name"
is 'r == {"samples": "\"caf\\xe9.png\""}'

# ---- failures: nothing on stdout ------------------------------------------------------------------------------------

fails 1 'nowhere' "$elbo" info nowhere --json
fails 1 'nowhere/x.png' "$elbo" sample runs/a --json -o nowhere/x.png
fails 1 'takes no labels' "$elbo" classify runs/a --json
fails 1 'nowhere' "$elbo" evaluate runs/a --json --data nowhere

verdict
