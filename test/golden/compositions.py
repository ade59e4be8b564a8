"""Golden values and gradients of ONNX's operators that are written out in others on import, computed in float64."""
import numpy as np
import torch
import torch.nn.functional as F

from files import write_json, write_safetensors

SEED = 20261125


def reorder(stacked, order, width):
    """The rows of ONNX's gates in PyTorch's order."""
    return torch.cat([stacked[gate * width:(gate + 1) * width] for gate in order])


def recurrent(kind, order, hidden, bidirectional, reverse=False):
    """PyTorch's recurrent layer on ONNX's inputs (x, W, R, B, initial states): Y, Y_h and for an LSTM Y_c."""
    function = {"LSTM": torch._VF.lstm, "GRU": torch._VF.gru, "RNN": torch._VF.rnn_tanh}[kind]

    def apply(x, w, r, b, _=None, *states):
        weights = []
        for direction in range(w.shape[0]):
            half = b.shape[1] // 2
            weights += [reorder(part[direction], order, hidden) for part in (w, r, b[:, :half], b[:, half:])]
        if not states:
            states = [torch.zeros(w.shape[0], x.shape[1], hidden, dtype=x.dtype)] * (2 if kind == "LSTM" else 1)
        given = tuple(states) if kind == "LSTM" else states[0]
        run = x.flip(0) if reverse else x
        y, *last = function(run, given, weights, True, 1, 0.0, False, bidirectional, False)
        y = y.flip(0) if reverse else y
        y = y.reshape(x.shape[0], x.shape[1], w.shape[0], hidden).permute(0, 2, 1, 3)
        return (y, *last)
    return apply


def gru_before(x, w, r, b, hidden):
    """ONNX's GRU whose reset gate comes before the product, by its formula."""
    h = torch.zeros(x.shape[1], hidden, dtype=x.dtype)
    (wz, wr, wn), (rz, rr, rn) = w[0].split(hidden), r[0].split(hidden)
    bwz, bwr, bwn, brz, brr, brn = b[0].split(hidden)
    ys = []
    for step in x:
        z = torch.sigmoid(step @ wz.T + h @ rz.T + bwz + brz)
        reset = torch.sigmoid(step @ wr.T + h @ rr.T + bwr + brr)
        n = torch.tanh(step @ wn.T + (reset * h) @ rn.T + bwn + brn)
        h = (1 - z) * n + z * h
        ys.append(h)
    return torch.stack(ys)[:, None], h[None]


def build():
    rng = np.random.default_rng(SEED)
    cases, tensors = [], {}

    def normal(*shape):
        return rng.standard_normal(shape)

    def case(op, function, inputs, attributes=None, opset=17, kinds=None):
        """`inputs` in ONNX's order, None where one is left out; whole numbers are constants, all others variables."""
        name = f"{op}{sum(1 for known in cases if known['op'] == op)}"
        arguments, keys, wanted = [], [], []
        for index, array in enumerate(inputs):
            if array is None:
                keys.append(None)
                arguments.append(None)
                continue
            fixed = array.dtype != np.float64
            key = f"{name}/input{index}"
            tensors[key] = array if fixed else array.astype(np.float32)
            variable = torch.from_numpy(np.array(tensors[key]))
            if not fixed:
                variable = variable.double().requires_grad_()
                wanted.append(index)
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
        kind_of = {int: "int", float: "float", str: "string", list: "ints"}
        tagged = {key: {"kind": (kinds or {}).get(key, kind_of[type(value)]), "value": value} for key, value in (attributes or {}).items()}
        cases.append({"name": name, "op": op, "opset": opset, "attributes": tagged, "inputs": keys, "outputs": len(results)})

    # Activations
    case("Gelu", F.gelu, [normal(3, 4)], opset=20)
    case("Gelu", lambda x: F.gelu(x, approximate="tanh"), [normal(3, 4)], {"approximate": "tanh"}, opset=20)
    case("HardSwish", lambda x: x * (x / 6 + 0.5).clamp(0, 1), [3 * normal(4, 5)])
    case("Mish", F.mish, [normal(3, 4)], opset=18)
    case("Softsign", F.softsign, [normal(3, 4)])
    case("ThresholdedRelu", lambda x: F.threshold(x, 0.5, 0.0), [normal(4, 5)], {"alpha": 0.5})
    case("Mean", lambda a, b, c: (a + b + c) / 3, [normal(2, 3), normal(3), normal(2, 1)])

    # Normalisation
    def group(x, w, b):
        return F.group_norm(x, 2, w, b, 1e-4)
    case("GroupNormalization", group, [normal(2, 4, 3, 5) + 1, normal(4), normal(4)], {"num_groups": 2, "epsilon": 1e-4}, opset=21)
    case("GroupNormalization", lambda x, w, b: group(x, w.repeat_interleave(3), b.repeat_interleave(3)),
         [normal(2, 6, 4), normal(2), normal(2)], {"num_groups": 2, "epsilon": 1e-4}, opset=18)
    lrn = {"alpha": 0.1, "beta": 0.75, "bias": 2.0}
    case("LRN", lambda x: F.local_response_norm(x, 5, 0.1, 0.75, 2.0), [normal(2, 7, 3, 2)], {"size": 5, **lrn})
    # Of an even window ONNX has the larger half after the channel, PyTorch before it.
    case("LRN", lambda x: F.local_response_norm(x.flip(1), 4, 0.1, 0.75, 2.0).flip(1), [normal(2, 7, 3, 2)], {"size": 4, **lrn})
    case("LpNormalization", lambda x: F.normalize(x, 2, 1), [normal(3, 4)], {"axis": 1, "p": 2})
    case("LpNormalization", lambda x: F.normalize(x, 1, 0), [normal(3, 4)], {"axis": 0, "p": 1})

    # Movement and reduction
    case("DepthToSpace", lambda x: F.pixel_shuffle(x, 2), [normal(2, 8, 3, 2)], {"blocksize": 2, "mode": "CRD"})
    case("DepthToSpace", lambda x: x.reshape(2, 2, 2, 2, 3, 2).permute(0, 3, 4, 1, 5, 2).reshape(2, 2, 6, 4), [normal(2, 8, 3, 2)], {"blocksize": 2})
    case("SpaceToDepth", lambda x: x.reshape(2, 3, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3), [normal(2, 3, 4, 6)], {"blocksize": 2})
    case("ReduceLogSumExp", lambda x: x.logsumexp((0, 2)), [3 * normal(2, 3, 4)], {"axes": [0, 2], "keepdims": 0})
    case("ReduceLogSum", lambda x: x.sum(1, keepdim=True).log(), [np.abs(normal(2, 3)) + 0.1], {"axes": [1], "keepdims": 1})
    case("ReduceMin", lambda x: x.amin(1), [normal(3, 4)], {"axes": [1], "keepdims": 0})
    case("ReduceL1", lambda x: x.abs().sum(1), [normal(3, 4)], {"axes": [1], "keepdims": 0})
    case("ReduceL2", lambda x: x.norm(dim=1), [normal(3, 4)], {"axes": [1], "keepdims": 0})

    # Products
    for equation, *shapes in (
        ("ij,jk->ik", (2, 3), (3, 4)), ("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 5, 4)), ("nchw,cd->ndhw", (2, 3, 2, 2), (3, 4)),
        ("ij,ij->", (2, 3), (2, 3)), ("i,j->ji", (3,), (4,)), ("ijk->ki", (2, 3, 4)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ):
        case("Einsum", lambda *operands, equation=equation: torch.einsum(equation, *operands), [normal(*shape) for shape in shapes], {"equation": equation})

    # Resizing
    scales = np.array([1, 1, 2, 2], dtype=np.float32)
    case("Resize", lambda x, *_: F.interpolate(x, scale_factor=2, mode="nearest"), [normal(2, 3, 3, 4), None, scales],
         {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})
    case("Resize", lambda x, *_: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), [normal(2, 3, 3, 4), None, scales],
         {"mode": "linear", "coordinate_transformation_mode": "half_pixel"})
    case("Resize", lambda x, *_: F.interpolate(x, size=(4, 5, 3), mode="trilinear", align_corners=True),
         [normal(1, 2, 3, 3, 2), None, None, np.array([1, 2, 4, 5, 3])], {"mode": "linear", "coordinate_transformation_mode": "align_corners"})

    # Recurrent layers: ONNX stacks an LSTM's gates as input, output, forget, cell, PyTorch as input, forget, cell, output
    def weights(directions, gates, inputs, hidden):
        return [normal(directions, gates * hidden, inputs), normal(directions, gates * hidden, hidden) / 2, normal(directions, 2 * gates * hidden)]
    lstm, gru = (0, 2, 3, 1), (1, 0, 2)
    case("LSTM", recurrent("LSTM", lstm, 3, False), [normal(4, 2, 5), *weights(1, 4, 5, 3), None, normal(1, 2, 3), normal(1, 2, 3)], {"hidden_size": 3})
    case("LSTM", recurrent("LSTM", lstm, 3, True), [normal(3, 2, 2), *weights(2, 4, 2, 3)], {"hidden_size": 3, "direction": "bidirectional"})
    case("LSTM", recurrent("LSTM", lstm, 2, False, True), [normal(3, 2, 2), *weights(1, 4, 2, 2)], {"hidden_size": 2, "direction": "reverse"})
    case("GRU", recurrent("GRU", gru, 3, False), [normal(4, 2, 5), *weights(1, 3, 5, 3), None, normal(1, 2, 3)], {"hidden_size": 3, "linear_before_reset": 1})
    case("GRU", recurrent("GRU", gru, 3, True), [normal(3, 2, 2), *weights(2, 3, 2, 3)], {"hidden_size": 3, "linear_before_reset": 1, "direction": "bidirectional"})
    case("GRU", lambda x, w, r, b: gru_before(x, w, r, b, 3), [normal(3, 2, 2), *weights(1, 3, 2, 3)], {"hidden_size": 3})
    case("RNN", recurrent("RNN", (0,), 3, False), [normal(4, 2, 5), *weights(1, 1, 5, 3)], {"hidden_size": 3})

    write_safetensors("compositions.safetensors", tensors)
    write_json("compositions.json", {"madeBy": "test/golden/compositions.py", "torch": torch.__version__, "seed": SEED, "cases": cases})
