"""Writes small PyTorch checkpoints and NumPy arrays, and what they hold, for the tests of src/weights.

Run from anywhere, with PyTorch and NumPy: python3 test/golden/make-checkpoints.py
"""

import collections
import json
import os
import pathlib
import zipfile
from argparse import Namespace

import numpy
import torch

SEED = 20240601
HERE = pathlib.Path(__file__).parent
CHECKPOINTS = HERE / "checkpoints"
ARRAYS = HERE / "arrays"


def describe(tensor):
    """Values as float64, which holds every type here exactly; int64 beyond 2**53 as text."""
    values = tensor.detach().contiguous().flatten()
    exact = values.tolist() if tensor.dtype != torch.int64 else [str(value) for value in values.tolist()]
    dtype = str(tensor.dtype).removeprefix("torch.")
    return {"dtype": dtype, "shape": list(tensor.shape), "values": exact}


def dtypes():
    values = torch.tensor([0.0, -1.5, 3.140625, 65504.0, 2.0**-24, -0.333251953125])
    state = collections.OrderedDict()
    for dtype in [torch.float32, torch.float64, torch.float16, torch.bfloat16]:
        state[str(dtype).removeprefix("torch.")] = values.to(dtype)
    state["int64"] = torch.tensor([-(2**63), -1, 0, 2**53 + 1, 2**63 - 1])
    state["int32"] = torch.tensor([-(2**31), 7, 2**31 - 1], dtype=torch.int32)
    state["int16"] = torch.tensor([-32768, 32767], dtype=torch.int16)
    state["int8"] = torch.tensor([-128, 127, 1], dtype=torch.int8)
    state["uint8"] = torch.tensor([0, 255], dtype=torch.uint8)
    state["bool"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    return state


def strided():
    base = torch.arange(24, dtype=torch.float32)
    matrix = base.reshape(4, 6)
    return collections.OrderedDict(
        transposed=matrix.t(),
        window=matrix[1:3, 2:5],
        every_second=base[1::2],
        channels_last=torch.arange(24.0).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        expanded=torch.tensor([[1.0], [2.0]]).expand(2, 3),
        shared=matrix,
    )


def many():
    """So many that the pickle's memo passes 256 entries; extents and strides of one to five bytes."""
    state = collections.OrderedDict((f"layer{index}.weight", torch.full((1, index % 3), 0.5)) for index in range(50))
    state["wide"] = torch.zeros(0, 300, 70000, 70000)
    state["long"] = torch.zeros(257, dtype=torch.int8)
    return state


def network():
    torch.manual_seed(SEED)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, bias=False), torch.nn.BatchNorm2d(2), torch.nn.Linear(2, 3))


def training():
    """What a training script saves: weights of DataParallel among much else."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sum(parameter.sum() for parameter in model.parameters()).backward()
    optimizer.step()
    wrapped = torch.nn.DataParallel(model)
    return {
        "epoch": 3,
        "arch": "resnet20",
        "args": Namespace(lr=0.1, seed=2**60),
        "best_acc1": torch.tensor(91.25),
        "mean_loss": numpy.float64(0.5),
        "state_dict": wrapped.state_dict(),
        "optimizer": optimizer.state_dict(),
        "milestones": collections.Counter([80, 120]),
    }, model.state_dict()


def save(name, value, expected, manifest, **options):
    torch.save(value, CHECKPOINTS / name, **options)
    manifest["files"][name] = {key: describe(tensor) for key, tensor in expected.items()}


class Attack:
    """Calls a program when it is unpickled by Python."""

    def __init__(self, function):
        self.function = function

    def __reduce__(self):
        return self.function, ("touch must-never-exist",)


def make_checkpoints():
    manifest = {"script": "make-checkpoints.py", "torch": torch.__version__, "seed": SEED, "files": {}}
    legacy = {"_use_new_zipfile_serialization": False}
    model = network()
    save("dtypes.pth", dtypes(), dtypes(), manifest)
    save("dtypes-legacy.pth", dtypes(), dtypes(), manifest, **legacy)
    save("strided.pth", strided(), strided(), manifest)
    save("strided-legacy.pth", strided(), strided(), manifest, **legacy)
    save("many.pth", many(), many(), manifest)
    save("module.pth", model.state_dict(), model.state_dict(), manifest)
    save("module-legacy.th", model.state_dict(), model.state_dict(), manifest, **legacy)
    save("protocol-4.pth", model.state_dict(), model.state_dict(), manifest, pickle_protocol=4)
    save("protocol-4-legacy.pth", model.state_dict(), model.state_dict(), manifest, pickle_protocol=4, **legacy)
    parameters = dict(model.named_parameters())
    save("parameters.pt", parameters, parameters, manifest)
    value, expected = training()
    save("training.pth", value, expected, manifest)
    ema = {"step": 5, "ema": {"module": {"module." + key: value for key, value in expected.items()}}}
    save("ema.pth", ema, expected, manifest)
    averaged = torch.optim.swa_utils.AveragedModel(model).state_dict()
    save("averaged.pth", averaged, model.state_dict(), manifest)
    save("single.pth", collections.OrderedDict(weight=torch.tensor([1.0, 2.0])), {"weight": torch.tensor([1.0, 2.0])}, manifest)
    repack_deflated("training.pth", "deflated.pth", manifest)

    refused = {
        "attack-os-system.pth": {"state_dict": Attack(os.system)},
        "attack-eval.pth": {"weight": torch.ones(1), "hook": Attack(eval)},
        "whole-module.pth": torch.nn.ReLU(),
        "no-state-dict.pth": {"epoch": 3, "history": [1.0, 2.0]},
        "mixed.pth": {"weight": torch.ones(1), "epoch": 3},
        "one-tensor.pth": torch.ones(1),
        "sparse.pth": {"weight": torch.eye(2).to_sparse()},
        "complex.pth": {"weight": torch.ones(1, dtype=torch.complex64)},
    }
    for name, value in refused.items():
        torch.save(value, CHECKPOINTS / name)
    torch.save({"weight": Attack(os.system)}, CHECKPOINTS / "attack-legacy.pth", **legacy)
    torch.jit.script(torch.nn.ReLU()).save(str(CHECKPOINTS / "torchscript.pt"))
    write_manifest(CHECKPOINTS, manifest)


def repack_deflated(source, target, manifest):
    """As a zip tool does that unpacks and packs again."""
    with zipfile.ZipFile(CHECKPOINTS / source) as old, zipfile.ZipFile(CHECKPOINTS / target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    manifest["files"][target] = manifest["files"][source]


def make_arrays():
    manifest = {"script": "make-checkpoints.py", "numpy": numpy.__version__, "files": {}}
    base = numpy.arange(12).reshape(2, 2, 3) - 4
    arrays = {
        "float32": base.astype("<f4") / 4,
        "float64": base.astype("<f8") / 3,
        "float16": base.astype("<f2") / 8,
        "int64": base.astype("<i8") * 2**40,
        "int32": base.astype("<i4"),
        "int16": base.astype("<i2"),
        "int8": base.astype("i1"),
        "uint8": (base + 4).astype("u1"),
        "uint16": (base + 4).astype("<u2"),
        "uint32": (base + 4).astype("<u4"),
        "uint64": (base + 4).astype("<u8"),
        "bool": base > 0,
        "scalar": numpy.array(2.5, dtype="<f4"),
        "vector": numpy.arange(3, dtype="<f4"),
        "empty": numpy.zeros((0, 3), dtype="<f4"),
        "fortran": numpy.asfortranarray(base.astype("<f4")),
        "big-endian": base.astype(">f4"),
        "big-endian-fortran": numpy.asfortranarray(base.astype(">i2")),
    }
    for name, array in arrays.items():
        write_array(name, array, None, manifest)
    write_array("version-2", arrays["float32"], (2, 0), manifest)
    write_array("version-3", arrays["fortran"], (3, 0), manifest)
    write_rounding()
    numpy.save(ARRAYS / "refused-objects.npy", numpy.array([None, {}]), allow_pickle=True)
    numpy.save(ARRAYS / "refused-records.npy", numpy.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))
    numpy.save(ARRAYS / "refused-complex.npy", numpy.zeros(2, dtype="<c8"))
    write_manifest(ARRAYS, manifest)


def write_rounding():
    """Float32 numbers of every magnitude, ties among them, and the bits that halves of them have."""
    generator = numpy.random.default_rng(SEED)
    bits = generator.integers(0, 2**32, 400, dtype=numpy.uint32)
    halfway = (generator.integers(0x33000000, 0x47800000, 200, dtype=numpy.uint32) & 0xFFFFE000) | 0x1000
    numbers = numpy.concatenate([bits, halfway, (bits & 0xFFFF0000) | 0x8000]).astype(numpy.uint32).view("<f4")
    numbers = numbers[~numpy.isnan(numbers)]
    numpy.save(ARRAYS / "rounding-float32.npy", numbers)
    with numpy.errstate(over="ignore"):
        numpy.save(ARRAYS / "rounding-float16.npy", numbers.astype("<f2"))
    bfloat16 = torch.from_numpy(numbers).to(torch.bfloat16).view(torch.int16).numpy().view("<u2")
    numpy.save(ARRAYS / "rounding-bfloat16.npy", bfloat16)


def write_array(name, array, version, manifest):
    with open(ARRAYS / f"{name}.npy", "wb") as file:
        numpy.lib.format.write_array(file, array, version)
    values = array.astype("<f8").flatten().tolist() if array.dtype.kind == "f" else [str(int(value)) for value in array.flatten()]
    manifest["files"][f"{name}.npy"] = {"dtype": array.dtype.name, "shape": list(array.shape), "values": values}


def write_manifest(folder, manifest):
    (folder / "manifest.json").write_text(json.dumps(manifest) + "\n")


if __name__ == "__main__":
    for folder in [CHECKPOINTS, ARRAYS]:
        folder.mkdir(exist_ok=True)
    make_checkpoints()
    make_arrays()
