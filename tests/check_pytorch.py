"""Compares PyTorch modules with what the program computes. Called as check_pytorch.py EXPORT_RUNS DIR, where
DIR holds what that program writes; it is also the `elbo` that exports."""
import importlib.util
import os
import subprocess
import sys

import numpy
import torch

elbo, folder = sys.argv[1:]
torch.set_num_threads(1)


def run(*words):
    subprocess.run([elbo, *words], check=True, stdout=subprocess.DEVNULL)


def module_of(path):
    spec = importlib.util.spec_from_file_location('model', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(kind, name):
    return torch.tensor(numpy.loadtxt(os.path.join(folder, kind, name), dtype=numpy.float32, ndmin=2))


def inputs_of(kind, name):
    """The numbers of each line, and the label before them where the model takes one."""
    lines = read(kind, name)
    return (lines,) if lines.shape[1] % 2 == 0 else (lines[:, 1:], lines[:, 0].long())


def agree(what, got, expected):
    assert got.shape == expected.shape, '%s: %s, expected %s' % (what, got.shape, expected.shape)
    worst = ((got - expected).abs() / expected.abs().clamp(min=1)).max().item()
    assert worst < 1e-5, '%s: off by %g' % (what, worst)


def check(kind):
    out = os.path.join(folder, kind, 'pytorch')
    run('export', os.path.join(folder, kind), '--pytorch', out, '--force')
    module = module_of(os.path.join(out, 'model.py'))
    model = module.load()
    assert not model.training
    names = set(module.read_safetensors(os.path.join(out, 'model.safetensors')))
    assert set(model.state_dict()) == names, 'names differ: %s' % (set(model.state_dict()) ^ names)
    with torch.no_grad():
        encoded = model.encode(*inputs_of(kind, 'images'))
        encoded = torch.cat(encoded, 1) if isinstance(encoded, tuple) else encoded
        agree('encode', encoded, read(kind, 'encoded'))
        agree('decode', model.decode(*inputs_of(kind, 'codes')), read(kind, 'decoded'))
        check_label_types(kind, model)
    check_training(kind, model)
    check_import(kind, module, model)


def check_label_types(kind, model):
    """Labels may be of any type of whole numbers: `elbo encode` writes uint8 or int32."""
    codes, *labels = inputs_of(kind, 'codes')
    for dtype in (torch.uint8, torch.int32) if labels else ():
        agree('decode with labels of %s' % dtype, model.decode(codes, labels[0].to(dtype)), read(kind, 'decoded'))


def check_training(kind, model):
    """All that training would move has a gradient: of principal components that is nothing."""
    if not list(model.parameters()):
        return
    result = model(*inputs_of(kind, 'images'))
    sum(part.sum() for part in result if part.requires_grad).backward()
    moved = [name for name, tensor in model.named_parameters() if tensor.grad is not None]
    assert moved, 'nothing has a gradient'


def check_import(kind, module, model):
    """What is changed here and imported there is exported again as it was changed."""
    changed, run_again, back = (os.path.join(folder, kind, name) for name in ('changed', 'imported', 'back'))
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.mul_(1.25)
    module.save(model, changed)
    run('import', changed, '--like', os.path.join(folder, kind), '--out', run_again)
    run('export', run_again, '--pytorch', back)
    again = module_of(os.path.join(back, 'model.py')).load()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    with torch.no_grad():
        codes = inputs_of(kind, 'codes')
        assert not torch.equal(again.decode(*codes), read(kind, 'decoded')), 'nothing has changed'


failures = done = 0
for kind in sorted(os.listdir(folder)):
    done += 1
    try:
        check(kind)
    except Exception as error:
        failures += 1
        print('FAIL: %s: %s' % (kind, str(error).strip()[:600]))
print('%d kinds of runs, %d failures' % (done, failures))
sys.exit(1 if failures or done < 20 else 0)
