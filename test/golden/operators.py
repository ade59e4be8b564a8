"""Golden values and gradients of every operator that has a gradient rule, computed by PyTorch in float64."""
import numpy as np
import torch
import torch.nn.functional as F

from files import write_json, write_safetensors

SEED = 20261124


def build():
    rng = np.random.default_rng(SEED)
    cases, tensors = [], {}

    def normal(*shape):
        return rng.standard_normal(shape)

    def positive(*shape):
        return rng.uniform(0.5, 2.0, shape)

    def apart(*shape):
        """Values that keep a distance from 0 and from each other: nothing changes side within a rounding error."""
        size = int(np.prod(shape))
        return (rng.permutation(size) - size // 2 + 0.5).reshape(shape) / max(4, size / 8)

    def whole(values):
        return np.asarray(values, dtype=np.int64)

    def case(op, function, inputs, attributes=None, constants=(), outputs=1):
        """`inputs` in ONNX's order; those that are whole numbers or booleans, or named in `constants`, are constants."""
        name = f"{op}{sum(1 for known in cases if known['op'] == op)}"
        arguments, keys, wanted = [], [], []
        for index, array in enumerate(inputs):
            if array is None:
                keys.append(None)
                arguments.append(None)
                continue
            if array.dtype == np.float64:
                array = array.astype(np.float32)
            key = f"{name}/input{index}"
            tensors[key] = array
            variable = torch.from_numpy(np.array(array))
            fixed = array.dtype != np.float32 or index in constants
            if not fixed:
                variable = variable.double().requires_grad_()
                wanted.append(index)
            elif array.dtype == np.float32:
                variable = variable.double()
            arguments.append(variable)
            keys.append({"key": key, "constant": fixed})
        results = function(*arguments)
        results = results if isinstance(results, (tuple, list)) else [results]
        total = 0
        for index, result in enumerate(results):
            dy = rng.standard_normal(tuple(result.shape)).astype(np.float32)
            tensors[f"{name}/output{index}"] = result.detach().float().numpy()
            tensors[f"{name}/dy{index}"] = dy
            total = total + (result * torch.from_numpy(dy).double()).sum()
        total.backward()
        for index in wanted:
            tensors[f"{name}/gradient{index}"] = arguments[index].grad.float().numpy()
        cases.append({"name": name, "op": op, "attributes": attributes or {}, "inputs": keys, "outputs": len(results)})

    # Elementwise
    for op, function in {
        "Abs": torch.abs, "Erf": torch.erf, "Exp": torch.exp, "Identity": lambda x: x * 1, "Neg": torch.neg,
        "Relu": F.relu, "Sigmoid": torch.sigmoid, "Softplus": F.softplus, "Tanh": torch.tanh,
    }.items():
        case(op, function, [apart(3, 5)])
    for op, function in {"Log": torch.log, "Reciprocal": torch.reciprocal, "Sqrt": torch.sqrt}.items():
        case(op, function, [positive(3, 5)])
    case("Cast", lambda x: x * 1, [normal(4)], {"to": 1})
    case("Clip", lambda x, low, high: x.clamp(-1, 1), [np.array([-2.0, -1, -0.5, 0.5, 1, 2]), np.array(-1.0), np.array(1.0)], constants=(1, 2))
    case("Clip", lambda x, low: x.clamp(min=0), [apart(6), np.array(0.0)], constants=(1,))
    case("HardSigmoid", lambda x: (0.2 * x + 0.5).clamp(0, 1), [apart(24)], {"alpha": 0.2, "beta": 0.5})
    case("Celu", lambda x: F.celu(x, 1.5), [apart(3, 4)], {"alpha": 1.5})
    case("Elu", lambda x: F.elu(x, 0.7), [apart(3, 4)], {"alpha": 0.7})
    case("Selu", F.selu, [apart(3, 4)])
    case("Sin", torch.sin, [normal(3, 4)])
    case("Cos", torch.cos, [normal(3, 4)])
    case("PRelu", lambda x, slope: torch.where(x > 0, x, x * slope), [apart(2, 3, 4, 2), positive(3, 1, 1)])
    case("PRelu", lambda x, slope: torch.where(x > 0, x, x * slope), [apart(2, 3), positive(1)])
    case("LeakyRelu", lambda x: F.leaky_relu(x, 0.1), [apart(3, 4)], {"alpha": 0.1})
    for op, function in {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div}.items():
        case(op, function, [normal(2, 3, 4), positive(2, 3, 4)])
        case(op, function, [normal(2, 3, 4), positive(3, 1)])
        case(op, function, [normal(1, 4), positive(5, 3, 1)])
        case(op, function, [normal(2, 3), positive()])
    case("Pow", torch.pow, [positive(3, 4), normal(3, 4)])
    case("Pow", torch.pow, [normal(3, 4), np.array(3.0)], constants=(1,))
    for op, function in {"Max": torch.maximum, "Min": torch.minimum}.items():
        case(op, function, [apart(3, 4), apart(3, 4)])
        case(op, function, [np.array([1.0, 2, 3]), np.array([1.0, 3, 2])])
        case(op, function, [apart(2, 3), apart(3)])
    case("Where", torch.where, [rng.random((2, 3)) > 0.5, normal(2, 3), normal(3)])

    # Movement
    case("Concat", lambda a, b: torch.cat([a, b], 1), [normal(2, 3, 2), normal(2, 1, 2)], {"axis": 1})
    case("Expand", lambda x, shape: x.expand(2, 3, 4), [normal(3, 1), whole([2, 3, 4])])
    case("Flatten", lambda x: x.flatten(1), [normal(2, 3, 4)], {"axis": 1})
    case("Gather", lambda x, i: x[i], [normal(4, 3), whole([2, 0, 2, -1])], {"axis": 0})
    case("Gather", lambda x, i: x[:, i], [normal(2, 4, 3), whole([[1, 1], [3, 0]])], {"axis": 1})
    case("Pad", lambda x, pads: F.pad(x, (0, 3, 1, -1)), [normal(2, 4, 3), whole([0, 1, 0, 0, -1, 3])])
    case("Pad", lambda x, pads: F.pad(x, (1, 2, 3, 0), mode="reflect"), [normal(2, 1, 4, 3), whole([0, 0, 3, 1, 0, 0, 0, 2])], {"mode": "reflect"})
    case("Pad", lambda x, pads: F.pad(x, (3, 1), mode="replicate"), [normal(2, 3, 4), whole([0, 0, 3, 0, 0, 1])], {"mode": "edge"})
    case("Reshape", lambda x, shape: x.reshape(4, 6), [normal(2, 3, 4), whole([-1, 6])])
    case("Slice", lambda x, *_: x[1:4, 0:5:2], [normal(5, 6), whole([1, 0]), whole([4, 5]), whole([0, 1]), whole([1, 2])])
    case("Slice", lambda x, *_: x[:, 1:], [normal(3, 4), whole([1]), whole([99]), whole([-1])])
    case("Slice", lambda x, *_: x.flip(1)[:, 0:5:2], [normal(3, 6), whole([-1]), whole([-6]), whole([1]), whole([-2])])
    case("Split", lambda x, sizes: x.split([1, 3], 1), [normal(2, 4), whole([1, 3])], {"axis": 1})
    case("Squeeze", lambda x, axes: x.squeeze(1), [normal(2, 1, 3), whole([1])])
    case("Tile", lambda x, repeats: x.repeat(2, 1, 3), [normal(2, 3, 2), whole([2, 1, 3])])
    case("Transpose", lambda x: x.permute(2, 0, 1), [normal(2, 3, 4)], {"perm": [2, 0, 1]})
    case("Unsqueeze", lambda x, axes: x.unsqueeze(1), [normal(2, 3), whole([1])])

    # Matrix products
    for a in (0, 1):
        for b in (0, 1):
            shapes = [(4, 3) if a else (3, 4), (5, 4) if b else (4, 5)]
            case("Gemm", lambda x, y, z, a=a, b=b: 0.5 * (x.T if a else x) @ (y.T if b else y) + 2 * z,
                 [normal(*shapes[0]), normal(*shapes[1]), normal(5)], {"transA": a, "transB": b, "alpha": 0.5, "beta": 2.0})
    case("Gemm", lambda x, y: x @ y, [normal(2, 3), normal(3, 2)])
    case("MatMul", torch.matmul, [normal(3, 4), normal(4, 2)])
    case("MatMul", torch.matmul, [normal(2, 3, 4), normal(4, 2)])
    case("MatMul", torch.matmul, [normal(2, 1, 3, 4), normal(5, 4, 2)])

    # Reductions
    case("LogSoftmax", lambda x: F.log_softmax(x, 1), [normal(3, 5)], {"axis": 1})
    case("Softmax", lambda x: F.softmax(x, -1), [normal(2, 3, 4)], {"axis": -1})
    case("ReduceMax", lambda x, axes: x.amax((1, 2)), [apart(2, 3, 4), whole([1, 2])], {"keepdims": 0})
    case("ReduceMax", lambda x, axes: x.amax(1, keepdim=True), [np.array([[1.0, 2, 2], [3, 1, 3]]), whole([-1])], {"keepdims": 1})
    case("ReduceMean", lambda x, axes: x.mean((0, 2)), [normal(2, 3, 4), whole([0, 2])], {"keepdims": 0})
    case("ReduceSum", lambda x, axes: x.sum(1, keepdim=True), [normal(2, 3, 4), whole([1])], {"keepdims": 1})
    case("ReduceSum", lambda x: x.sum(), [normal(2, 3)], {"keepdims": 0})
    case("ReduceSumSquare", lambda x, axes: (x * x).sum(1), [normal(2, 3, 4), whole([1])], {"keepdims": 0})

    # Convolutions
    def conv(dimensions, x, w, bias, stride, begin, end, dilation, group):
        function = [F.conv1d, F.conv2d, F.conv3d][dimensions - 1]
        padding = [side for axis in reversed(range(dimensions)) for side in (begin[axis], end[axis])]

        def apply(x, w, b=None):
            return function(F.pad(x, padding), w, b, stride=stride, dilation=dilation, groups=group)
        attributes = {"strides": stride, "pads": begin + end, "dilations": dilation, "group": group}
        case("Conv", apply, [normal(*x), normal(*w)] + ([normal(w[0])] if bias else []), attributes)

    conv(2, (2, 3, 7, 6), (4, 3, 3, 3), True, [1, 1], [1, 1], [1, 1], [1, 1], 1)
    conv(2, (2, 3, 7, 6), (4, 3, 3, 3), False, [2, 2], [1, 1], [1, 1], [1, 1], 1)
    conv(2, (2, 4, 8, 8), (6, 4, 1, 1), False, [2, 2], [0, 0], [0, 0], [1, 1], 1)
    conv(2, (1, 2, 9, 9), (4, 2, 3, 3), False, [1, 2], [2, 0], [1, 2], [2, 1], 1)
    conv(2, (2, 4, 6, 6), (6, 2, 3, 3), True, [1, 1], [1, 1], [1, 1], [1, 1], 2)
    conv(2, (2, 4, 6, 6), (4, 1, 3, 3), False, [2, 2], [1, 1], [1, 1], [1, 1], 4)
    conv(2, (1, 3, 17, 17), (4, 3, 7, 7), False, [2, 2], [3, 3], [3, 3], [1, 1], 1)
    conv(2, (2, 3, 10, 10), (2, 3, 2, 2), False, [3, 3], [0, 0], [0, 0], [1, 1], 1)
    conv(2, (2, 3, 5, 5), (2, 3, 5, 5), False, [1, 1], [0, 0], [0, 0], [1, 1], 1)
    conv(2, (1, 2, 6, 6), (3, 2, 2, 2), False, [1, 1], [0, 0], [1, 1], [1, 1], 1)
    conv(1, (2, 3, 11), (4, 3, 3), True, [2], [1], [1], [1], 1)
    conv(1, (2, 4, 9), (4, 2, 3), False, [1], [2], [2], [2], 2)
    conv(3, (1, 2, 5, 6, 4), (3, 2, 3, 3, 3), True, [1, 2, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], 1)

    def transposed(x, w, stride, padding, extra, dilation, group):
        case("ConvTranspose",
             lambda x, w, b: F.conv_transpose2d(x, w, b, stride, padding, extra, group, dilation),
             [normal(*x), normal(*w), normal(w[1] * group)],
             {"strides": [stride] * 2, "pads": [padding] * 4, "output_padding": [extra] * 2, "dilations": [dilation] * 2, "group": group})
    def transposed_of(dimensions, x, w, stride, padding, extra, group):
        function = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][dimensions - 1]
        case("ConvTranspose", lambda x, w, b: function(x, w, b, stride, padding, extra, group), [normal(*x), normal(*w), normal(w[1] * group)],
             {"strides": [stride] * dimensions, "pads": [padding] * 2 * dimensions, "output_padding": [extra] * dimensions, "group": group})
    conv(3, (2, 4, 5, 4, 6), (6, 2, 3, 1, 2), False, [2, 1, 2], [1, 0, 1], [1, 0, 0], [1, 1, 2], 2)
    conv(1, (2, 3, 12), (4, 3, 1), False, [2], [0], [0], [1], 1)
    transposed_of(1, (2, 4, 5), (4, 3, 3), 2, 1, 1, 2)
    transposed_of(3, (1, 3, 3, 2, 3), (3, 2, 3, 3, 3), 2, 1, 1, 1)
    transposed((2, 3, 5, 4), (3, 4, 3, 3), 2, 1, 1, 1, 1)
    transposed((2, 4, 5, 4), (4, 3, 2, 2), 2, 0, 0, 1, 1)
    transposed((1, 4, 4, 4), (4, 2, 3, 3), 1, 1, 0, 2, 2)

    # Pooling
    def max_pool(x, kernel, stride, padding, dilation=1, ceil=False):
        case("MaxPool", lambda x: F.max_pool2d(x, kernel, stride, padding, dilation, ceil), [x],
             {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4, "dilations": [dilation] * 2, "ceil_mode": int(ceil)})
    max_pool(apart(2, 3, 8, 8), 3, 2, 1)
    max_pool(apart(2, 3, 7, 9), 2, 2, 0)
    max_pool(apart(2, 2, 8, 7), 3, 2, 0, ceil=True)
    max_pool(apart(1, 2, 9, 9), 2, 1, 0, dilation=3)
    max_pool(np.maximum(np.round(normal(2, 3, 8, 8)), 0), 3, 2, 1)  # ties

    def average_pool(x, kernel, stride, padding, include, ceil=False):
        case("AveragePool", lambda x: F.avg_pool2d(x, kernel, stride, padding, ceil, include), [x],
             {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4, "ceil_mode": int(ceil), "count_include_pad": int(include)})
    average_pool(normal(2, 3, 8, 8), 2, 2, 0, False)
    average_pool(normal(2, 3, 7, 7), 3, 2, 1, False)
    average_pool(normal(2, 3, 7, 7), 3, 2, 1, True)
    average_pool(normal(2, 3, 7, 5), 2, 2, 0, False, True)
    def pool_of(dimensions, x, kernel, stride, padding):
        maximum = [F.max_pool1d, F.max_pool2d, F.max_pool3d][dimensions - 1]
        average = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][dimensions - 1]
        attributes = {"kernel_shape": [kernel] * dimensions, "strides": [stride] * dimensions, "pads": [padding] * 2 * dimensions}
        case("MaxPool", lambda x: maximum(x, kernel, stride, padding), [x], attributes)
        case("AveragePool", lambda x: average(x, kernel, stride, padding, False, False), [x], attributes)
    pool_of(1, apart(2, 3, 9), 3, 2, 1)
    pool_of(3, apart(1, 2, 5, 4, 6), 3, 2, 1)
    case("GlobalAveragePool", lambda x: x.mean(2, keepdim=True), [normal(2, 3, 7)])
    case("GlobalMaxPool", lambda x: x.amax((2, 3, 4), keepdim=True), [apart(2, 3, 2, 3, 2)])
    case("GlobalAveragePool", lambda x: x.mean((2, 3), keepdim=True), [normal(2, 3, 4, 5)])
    case("GlobalMaxPool", lambda x: F.adaptive_max_pool2d(x, 1), [apart(2, 3, 4, 5)])

    # Normalisation
    case("BatchNormalization", lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False, 0.1, 1e-5),
         [normal(3, 4, 2, 2), normal(4), normal(4), normal(4), positive(4)], {"epsilon": 1e-5}, constants=(3, 4))
    for shape in ((3, 4, 5, 2), (5, 4), (4, 4, 6), (2, 4, 3, 2, 2)):
        case("BatchNormTraining", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5),
             [normal(*shape) * 2 + 1, normal(4), normal(4)], {"epsilon": 1e-5})
    case("BatchNormTraining", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5),
         [np.round(normal(4, 3, 4, 4) * 64) / 64 + 1e4, normal(3), normal(3)], {"epsilon": 1e-5})

    case("InstanceNormalization", lambda x, w, b: F.instance_norm(x, weight=w, bias=b, eps=1e-4), [normal(2, 3, 4, 5) + 2, normal(3), normal(3)], {"epsilon": 1e-4})
    case("InstanceNormalization", lambda x, w, b: F.instance_norm(x, weight=w, bias=b), [normal(2, 3, 8), normal(3), normal(3)])
    case("LayerNormalization", lambda x, w, b: F.layer_norm(x, (5,), w, b, 1e-6), [normal(2, 3, 5) + 1, normal(5), normal(5)], {"axis": -1, "epsilon": 1e-6})
    case("LayerNormalization", lambda x, w: F.layer_norm(x, (3, 4), w), [normal(2, 3, 4), normal(3, 4)], {"axis": 1})

    write_safetensors("operators.safetensors", tensors)
    write_json("operators.json", {"madeBy": "test/golden/operators.py", "torch": torch.__version__, "seed": SEED, "cases": cases})
