"""Makes the ONNX files that decoding and normalising are tested with: /usr/bin/python3 test/golden/make-onnx.py
(Debian's python3-onnx 1.12 and python3-torch 1.13). The files go to onnx/, what they hold and compute beside them."""
import os
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, checker, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from files import HERE, write_json, write_safetensors

FOLDER = os.path.join(HERE, "onnx")
tensors, manifest = {}, {"onnx": onnx.__version__, "torch": torch.__version__, "values": {}, "models": []}


def save(name, model, check=True):
    if check:
        checker.check_model(model)
    with open(os.path.join(FOLDER, f"{name}.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def make_model(graph, opset, **options):
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="make-onnx", **options)


def expect(name, inputs, outputs, **about):
    """Notes what a model computes."""
    for group, values in (("in", inputs), ("out", outputs)):
        for key, array in values.items():
            tensors[f"{name}/{group}/{key}"] = array
    manifest["models"].append({"name": name, **about})


# Every element type, as raw bytes and listed.
kinds = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8, "int16": TensorProto.INT16, "int32": TensorProto.INT32, "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16, "uint32": TensorProto.UINT32, "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
}
initializers = []
for dtype, kind in kinds.items():
    limits = {"i": lambda t: (np.iinfo(t).min, np.iinfo(t).max), "u": lambda t: (0, np.iinfo(t).max)}
    numpy_type = np.dtype(dtype)
    low, high = limits[numpy_type.kind](numpy_type) if numpy_type.kind in "iu" else (0, 1) if dtype == "bool" else (-1.5, 0.1)
    array = np.array([[low, high, 0], [1, 1, high]], dtype=numpy_type)
    initializers.append(numpy_helper.from_array(array, f"{dtype}-raw"))
    initializers.append(helper.make_tensor(f"{dtype}-listed", kind, array.shape, array.flatten().tolist()))
    stored = array.view(np.uint16) if dtype == "float16" else array
    manifest["values"][dtype] = [str(number) if numpy_type.kind in "iu" else float(number) for number in stored.flatten()]
initializers.append(helper.make_tensor("strings", TensorProto.STRING, [2], [b"a", b"\xff"]))
save("tensors", make_model(helper.make_graph([], "tensors", [], [], initializers, doc_string="every element type"), 17))

# Graphs inside nodes, taking values from around them.
x, flag = np.array([1, -2, 3], dtype=np.float32), np.array(True)
branches = [
    helper.make_graph([helper.make_node(op, ["doubled", "bias"], ["r"])], op, [], [value("r", [3])],
                      [numpy_helper.from_array(np.float32([1, 2, 3]), "bias")])
    for op in ("Add", "Sub")
]
nodes = [
    helper.make_node("Add", ["x", "x"], ["doubled"]),
    helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1]),
]
save("if", make_model(helper.make_graph(nodes, "if", [value("x", [3]), value("flag", [], TensorProto.BOOL)],
                                        [value("y", [3])]), 16))
expect("if", {"x": x, "flag": flag}, {"y": 2 * x + np.float32([1, 2, 3])})

# A function of the model's own, an attribute passed on to it, comments everywhere.
affine = helper.make_function(
    "own", "Scaled", ["v"], ["r"],
    [helper.make_node("Constant", [], ["c"], value_float=3.0), helper.make_node("Mul", ["v", "c"], ["r"])],
    [helper.make_opsetid("", 16)],
)
node = helper.make_node("Scaled", ["x"], ["y"], domain="own", name="scaled", doc_string="calls the function")
graph = helper.make_graph([node], "function", [value("x", [3])], [value("y", [3])])
model = helper.make_model(graph, functions=[affine], doc_string="a comment", producer_version="7",
                          opset_imports=[helper.make_opsetid("", 16), helper.make_opsetid("own", 1)])
helper.set_model_props(model, {"author": "nobody"})
save("function", model)
expect("function", {"x": x}, {"y": 3 * x})

# A sequence between the nodes, and one as an output; an optional input left out.
nodes = [
    helper.make_node("SequenceConstruct", ["x", "x"], ["s"]),
    helper.make_node("ConcatFromSequence", ["s"], ["c"], axis=0),
    helper.make_node("Clip", ["c", "", "top"], ["y"]),
]
sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, [3])
save("sequence", make_model(helper.make_graph(nodes, "sequence", [value("x", [3])], [value("y", [6]), sequence],
                                              [numpy_helper.from_array(np.float32(2), "top")]), 13))
expect("sequence", {"x": x}, {"y": np.minimum(np.concatenate([x, x]), 2)})

# Weights in a file beside the model's, which onnx would append to.
if os.path.exists(os.path.join(FOLDER, "external.bin")):
    os.remove(os.path.join(FOLDER, "external.bin"))
weight = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4), "w")
model = make_model(helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "external",
                                     [value("x", ["N", 3])], [value("y", ["N", 4])], [weight]), 15)
onnx.save_model(model, os.path.join(FOLDER, "external.onnx"), save_as_external_data=True, location="external.bin",
                size_threshold=0)
rows = np.float32([[1, 0, 2], [0, 1, 0]])
expect("external", {"x": rows}, {"y": rows @ np.arange(12, dtype=np.float32).reshape(3, 4)}, imports=True, training=False, dynamic=True)


class Block(nn.Module):
    """A basic block, its shortcut of either kind, and the head that classifiers have."""

    def __init__(self, shortcut):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(4, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
        self.downsample = nn.Sequential(nn.Conv2d(4, 8, 1, 2, bias=False), nn.BatchNorm2d(8)) if shortcut == "project" else None
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = self.downsample(x) if self.downsample else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        y = F.adaptive_avg_pool2d(F.relu(y + short), 1)
        return F.log_softmax(self.fc(y.view(y.size(0), -1)), dim=1)


class Decoder(nn.Module):
    """What segmentation adds: an upsampling to a size that is computed, a concatenation, a transposed convolution."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 6, 3, 2, 1), nn.ConvTranspose2d(9, 2, 2, 2)

    def forward(self, x):
        low = F.leaky_relu(self.down(x))
        high = F.interpolate(low, size=x.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(self.up(torch.cat([x, high], dim=1))).mean(dim=(2, 3))


def build(make):
    torch.manual_seed(5)
    module = make()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for parameter in (part.weight, part.bias, part.running_mean):
                nn.init.uniform_(parameter, 0.5, 1.5)
            nn.init.uniform_(part.running_var, 0.5, 2)
    return module


def export(name, make, shape, opset, training, fold, dynamic):
    module = build(make)
    module.train(training)
    x = torch.randn(shape)
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, x, os.path.join(FOLDER, f"{name}.onnx"), training=mode, opset_version=opset,
                          do_constant_folding=fold, input_names=["x"], output_names=["y"],
                          dynamic_axes={"x": {0: "N"}, "y": {0: "N"}} if dynamic else None)
    module = build(make)  # Exporting in training mode has moved the running statistics.
    module.train(training)
    point = x.double().requires_grad_()
    y = module.double()(point)
    y.square().sum().backward()
    expect(name, {"x": x.numpy()}, {"y": y.detach().float().numpy()}, imports=True, training=training, dynamic=dynamic)
    tensors[f"{name}/gradient/x"] = point.grad.float().numpy()


for opset in (11, 12, 13, 14, 15, 16, 17):
    export(f"project-{opset}", lambda: Block("project"), (3, 4, 8, 8), opset, False, True, True)
    export(f"pad-{opset}", lambda: Block("pad"), (3, 4, 8, 8), opset, False, False, True)
    export(f"training-{opset}", lambda: Block("project"), (3, 4, 8, 8), opset, True, False, False)
for opset in (11, 13, 16):
    export(f"decoder-{opset}", Decoder, (2, 3, 10, 7), opset, False, True, True if opset > 11 else False)

write_safetensors(os.path.join("onnx", "values.safetensors"), tensors)
write_json(os.path.join("onnx", "manifest.json"), manifest)
