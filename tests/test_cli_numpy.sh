#!/bin/sh
# What NumPy reads of the program's files, and what the program reads of NumPy's.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cli.sh"

for python in python3 /usr/bin/python3; do
    "$python" -c 'import numpy' 2>err && break
done || { echo 'skipped: python3-numpy is not installed'; exit 77; }

runs 'train' "$elbo" train vae --data data --hidden 16 --latent 3 --batch 16 --epochs 1 --out run -q
runs 'sample' "$elbo" sample run -n 11 -o samples.npy
runs 'sample to .csv' "$elbo" sample run -n 11 -o samples.csv
runs 'encode' "$elbo" encode run -o codes.npy
runs 'encode to .csv' "$elbo" encode run -o codes.csv
runs 'read' "$python" - <<'P'
import numpy as np
x = np.load("samples.npy")
rows = np.loadtxt("samples.csv", delimiter=",", skiprows=1, dtype=np.float32)
assert x.shape == (11, 8, 8) and x.dtype == np.float32 and x.min() >= 0 and x.max() <= 1, "samples.npy"
assert np.array_equal(rows, x.reshape(11, 64)), "samples.csv"
z, logvar, labels = (np.load(f) for f in ("codes.npy", "codes-logvar.npy", "codes-labels.npy"))
rows = np.loadtxt("codes.csv", delimiter=",", skiprows=1, dtype=np.float32)
assert np.array_equal(rows, np.hstack([labels[:, None], z, logvar])), "codes.csv"
np.save("wide.npy", z.astype(np.float64))
np.save("fortran.npy", np.asfortranarray(z))
np.savetxt("plain.csv", z, delimiter=",", header="a,b,c", comments="", fmt="%.9g")
P
runs 'decode' "$elbo" decode run codes.npy -o decoded.npy
for file in wide.npy fortran.npy plain.csv; do
    runs "decode $file" "$elbo" decode run $file -o other.npy
    cmp -s decoded.npy other.npy || complain "$file is decoded to something else"
done

verdict
