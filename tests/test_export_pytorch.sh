#!/bin/sh
# Runs as PyTorch modules: every kind of run is exported, loaded strictly, compared, changed and imported. See cli.sh;
# export_runs.c says what the runs are.
here=$(cd "$(dirname "$0")" && pwd)
export_runs=$(realpath "${EXPORT_RUNS:-tests/export_runs}") || exit 99
. "$here/cli.sh"

for python in python3 /usr/bin/python3; do
    "$python" -c 'import torch, numpy' 2>err && break
done || { echo 'skipped: python3-torch and python3-numpy are not both installed'; exit 77; }

mkdir runs
"$export_runs" write runs || exit 99
"$python" "$here/check_pytorch.py" "$export_runs" runs >out 2>err || { complain 'not the same'; cat out; }

# From the program alone to PyTorch and back: a digit of the bias is changed, and the pictures with it.
runs train "$elbo" train vae --data data --hidden 16 --latent 2 --batch 16 --epochs 1 --out run
runs export "$elbo" export run --pytorch there
[ "$(cat out)" = 'pytorch there/model.py' ] || complain 'says something else'
cat >change.py <<'END'
import sys
sys.path.insert(0, 'there')
import model
m = model.load()
m.decoder.logits.bias.data += 1
model.save(m.double(), 'changed.safetensors')
END
runs 'change it' "$python" change.py

# Weights that were trained on, or a file that was changed by hand, are replaced only where that is meant.
cp there/model.safetensors kept
runs 'the same again' "$elbo" export run --pytorch there
cp changed.safetensors there/model.safetensors
fails 1 'there/model.safetensors: is another one than would be written; only --force replaces it' \
    "$elbo" export run --pytorch there
cmp -s changed.safetensors there/model.safetensors || complain 'what was trained is lost'
runs 'replace the weights' "$elbo" export run --pytorch there --force
cmp -s kept there/model.safetensors || complain '--force does not replace the weights'
echo '# mine' >>there/model.py
fails 1 'there/model.py: is another one than would be written' "$elbo" export run --pytorch there
[ "$(tail -n 1 there/model.py)" = '# mine' ] || complain 'what was changed by hand is lost'
runs 'replace the module' "$elbo" export run --pytorch there --force
tail -n 1 there/model.py | grep -q mine && complain '--force does not replace the module'
fails 64 'option "force" is for --pytorch' "$elbo" export run --c run.c --force

runs import "$elbo" import changed.safetensors --like run --out brighter
[ "$(cat out)" = 'run brighter' ] || complain 'says something else'
grep -qx 'imported-from = changed.safetensors' brighter/config.ini || complain 'does not say where it is from'
grep -q '^epochs\|^test-elbo' brighter/config.ini && complain 'has the notes of a training'
grep -q '^data = ' brighter/config.ini || complain 'does not know its data'
for picture in run brighter; do
    runs "sample $picture" "$elbo" sample $picture -o $picture.png
done
cmp -s run.png brighter.png && complain 'the pictures are the same'
runs 'evaluate what was imported' "$elbo" evaluate brighter

# Weights that are not the model's.
cat >wrong.py <<'END'
import json, struct, sys
sys.path.insert(0, 'there')
import model, torch
m = model.load()
weights = m.state_dict()
class Other:
    def __init__(self, **changes):
        self.changes = changes
    def state_dict(self):
        named = {name.replace('__', '.'): value for name, value in self.changes.items()}
        return {name: value for name, value in {**weights, **named}.items() if value is not None}
model.save(Other(decoder__logits__bias=None), 'lacks')
model.save(Other(decoder__logit__bias=torch.zeros(64)), 'more')
model.save(Other(decoder__logits__bias=torch.zeros(63)), 'shape')
model.save(Other(decoder__logits__bias=torch.full((64,), float('nan'))), 'nan')
text = json.dumps({'a': {'dtype': 'F16', 'shape': [1], 'data_offsets': [0, 2]}}).encode()
def save_f64(path, factor):
    header, data = {}, b''
    for name, value in weights.items():
        more = (value.double() * factor).numpy().tobytes()
        header[name] = {'dtype': 'F64', 'shape': list(value.shape), 'data_offsets': [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    open(path, 'wb').write(struct.pack('<Q', len(text)) + text + data)
save_f64('doubles', 1)
save_f64('huge', 1e300)
open('half', 'wb').write(struct.pack('<Q', len(text)) + text + b'\0\0')
END
runs 'make wrong files' "$python" wrong.py
runs 'import f64' "$elbo" import doubles --like run --out rounded
runs 'sample it' "$elbo" sample rounded -o rounded.png
cmp -s run.png rounded.png || complain 'f64 is not what it was as f32'
fails 1 'is not finite' "$elbo" import huge --like run --out no # beyond what f32 can hold
fails 1 'lacks: lacks the parameter "decoder.logits.bias"' "$elbo" import lacks --like run --out no
fails 1 'has no parameter "decoder.logit.bias"; the nearest is "decoder.logits.bias"' "$elbo" import more --like run \
    --out no
fails 1 'parameter "decoder.logits.bias" is f32 (63), but the model "vae" has f32 (64)' "$elbo" import shape \
    --like run --out no
fails 1 'nan: parameter "decoder.logits.bias" is not finite' "$elbo" import nan --like run --out no
fails 1 'half: tensor "a": dtype "F16" is not supported' "$elbo" import half --like run --out no
fails 1 'nowhere' "$elbo" import nowhere --like run --out no
fails 1 'nowhere' "$elbo" import changed.safetensors --like nowhere --out no
fails 1 'run: ' "$elbo" import changed.safetensors --like run --out run
fails 64 '--like is missing' "$elbo" import changed.safetensors --out no
fails 64 '--out is missing' "$elbo" import changed.safetensors --like run
fails 64 'FILE is missing' "$elbo" import --like run --out no
[ -e no ] && complain 'a failed import left a folder behind'

# A run's own folder gets the module beside its weights; another run's stays as it is.
cp -r run same
cp brighter/model.safetensors before
runs 'into its own folder' "$elbo" export same --pytorch same
[ -s same/model.py ] && cmp -s run/model.safetensors same/model.safetensors || complain 'its own folder has changed'
fails 1 'brighter: is the folder of another run' "$elbo" export run --pytorch brighter
cmp -s before brighter/model.safetensors || complain 'another run has changed'
fails 64 'has both halves' "$elbo" export run --pytorch there --role encode
fails 64 'is no name of a folder' "$elbo" export run --pytorch ''
verdict
