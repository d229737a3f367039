"""Compares ONNX models with what the program computes. Called as check_onnx.py EXPORT_RUNS DIR, where
DIR holds what that program writes; it is also the `elbo` that exports. The models are checked by onnx and run by OpenCV; those that have operators it lacks by the plain
definitions below, and all of them by onnx itself where that is new enough."""
import math
import os
import subprocess
import sys

import cv2
import numpy
import onnx
from onnx import numpy_helper

elbo, folder = sys.argv[1:]

# What OpenCV 4.6 cannot run: choices between numbers, and arithmetic on weights alone.
NOT_BY_OPENCV = {('continuous', 'decode'), ('ppca', 'decode'), ('ppca', 'encode'), ('whitened', 'decode'),
                 ('whitened', 'encode'), ('moves', 'decode'), ('moves', 'encode'), ('table', 'decode')}

try:
    from onnx.reference import ReferenceEvaluator
except ImportError:
    ReferenceEvaluator = None


def gemm(a, b, c=0, transB=0):
    return a @ (b.T if transB else b) + c


def cut(a, starts, ends, axes):
    where = [slice(None)] * a.ndim
    for start, end, axis in zip(starts, ends, axes):
        where[axis] = slice(start, end)
    return a[tuple(where)]


DEFINITIONS = {
    'Abs': numpy.abs, 'Add': numpy.add, 'Div': numpy.divide, 'Exp': numpy.exp, 'Log': numpy.log, 'Mul': numpy.multiply,
    'Neg': numpy.negative, 'Sign': numpy.sign, 'Sqrt': numpy.sqrt, 'Sub': numpy.subtract, 'Less': numpy.less,
    'Max': numpy.maximum, 'Where': numpy.where, 'MatMul': numpy.matmul, 'Shape': numpy.shape, 'Gemm': gemm,
    'Cos': numpy.cos, 'Equal': numpy.equal, 'Floor': numpy.floor, 'LessOrEqual': numpy.less_equal,
    'Min': numpy.minimum, 'Pow': numpy.power, 'Round': numpy.rint, 'Sin': numpy.sin, 'Tanh': numpy.tanh, 'Slice': cut,
    'Elu': lambda a, alpha: numpy.where(a > 0, a, alpha * numpy.expm1(a)),
    'Erf': numpy.vectorize(math.erf, otypes=[numpy.float32]),
    'LeakyRelu': lambda a, alpha: numpy.where(a > 0, a, alpha * a),
    'Pad': lambda a, pads: numpy.pad(a, list(zip(pads[:a.ndim], pads[a.ndim:]))),
    'ReduceMax': lambda a, axes, keepdims=1: a.max(tuple(axes), keepdims=bool(keepdims)),
    'ReduceSum': lambda a, axes, keepdims=1: a.sum(tuple(axes), keepdims=bool(keepdims)),
    'Softplus': lambda a: numpy.logaddexp(a, 0),
    'Reciprocal': lambda a: 1 / a,
    'Relu': lambda a: numpy.maximum(a, 0),
    'Expand': lambda a, shape: a * numpy.ones(shape, a.dtype),
    'Reshape': lambda a, shape: a.reshape(shape),
    'Transpose': lambda a, perm: a.transpose(perm),
    'Gather': lambda a, index: numpy.take(a, index, 0),
    'Concat': lambda *parts, axis: numpy.concatenate(parts, axis),
    'Cast': lambda a, to: a.astype({1: numpy.float32, 9: bool}[to]),
}


def by_definition(model, inputs, outputs):
    values = dict(inputs)
    values.update((tensor.name, numpy_helper.to_array(tensor)) for tensor in model.graph.initializer)
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = DEFINITIONS[node.op_type](*[values[name] for name in node.input], **attributes)
    return [values[name] for name in outputs]


def by_opencv(path, inputs, outputs):
    net = cv2.dnn.readNetFromONNX(path)
    for name, value in inputs.items():
        net.setInput(value, name)
    return net.forward(outputs)


def read(run, name):
    return numpy.loadtxt(os.path.join(folder, run, name), dtype=numpy.float32, ndmin=2)


def inputs_of(run, role, names):
    """The model's inputs by name; before the numbers of a line stands the label, where the model takes one."""
    lines = read(run, 'codes' if role == 'decode' else 'images')
    name = 'z' if role == 'decode' else 'x'
    if lines.shape[1] % 2 == 0:
        return {name: lines}
    inputs, labels = {name: lines[:, 1:].copy()}, lines[:, 0].astype(numpy.int64)
    if 'labels' in names:
        inputs['labels'] = labels
    elif 'y_one_hot' in names:
        inputs['y_one_hot'] = numpy.eye(3, dtype=numpy.float32)[labels]
    return inputs


def check(run, role, batch):
    path = os.path.join(folder, run, role + '.onnx')
    subprocess.run([elbo, 'export', os.path.join(folder, run), '--onnx', path, '--role', role], check=True,
                   stdout=subprocess.DEVNULL)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for value in list(inferred.graph.input) + list(inferred.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == 'batch', value
    names = [value.name for value in model.graph.input]
    inputs = {name: value[:batch] for name, value in inputs_of(run, role, names).items()}
    assert list(inputs) == names, names
    outputs = [value.name for value in model.graph.output]
    expected = read(run, role + 'd')[:batch]
    if (run, role) in NOT_BY_OPENCV:
        results = [by_definition(model, inputs, outputs)]
    else:
        results = [by_opencv(path, inputs, outputs)]
    if ReferenceEvaluator:
        results.append(ReferenceEvaluator(model).run(outputs, inputs))
    for result in results:
        result = numpy.concatenate(result, axis=1)
        assert result.shape == expected.shape, (result.shape, expected.shape)
        worst = (numpy.abs(result - expected) / numpy.maximum(1, numpy.abs(expected))).max()
        assert worst < 1e-4, 'off by %g' % worst


failures = done = 0
for run in sorted(os.listdir(folder)):
    for role in 'decode', 'encode':
        for batch in 1, 3:
            done += 1
            try:
                check(run, role, batch)
            except Exception as error:
                failures += 1
                print('FAIL: %s %s, batch %d: %s' % (run, role, batch, str(error).strip()[:600]))
print('%d comparisons, %d failures' % (done, failures))
sys.exit(1 if failures or done < 80 else 0)
