"""Writes checkpoints/keras-*.h5: files as Keras writes them, for the tests of src/weights.

Run from anywhere: /usr/bin/python3 test/golden/make-keras.py (h5py 3.7, NumPy: Debian's packages; Keras itself is not
needed: groups, names and attributes are those of tf.keras 2 `save_weights` and `save`).
"""
import pathlib

import h5py
import numpy as np

import layouts
import noise

HERE = pathlib.Path(__file__).parent / "checkpoints"
SEED = 11
LEAVES = {"weight": ("kernel", "gamma"), "bias": ("bias", "beta"), "running_mean": (None, "moving_mean"), "running_var": (None, "moving_variance")}


def tensors():
    """ResNet-50 with a 64th of the channels, so that its file is small: names and kernels are the published ones."""
    module = layouts.KerasResnet(50, 10)
    for own, value in module.state_dict().items():
        name = layouts.keras_names(own)
        if name is None:
            continue
        layer, leaf = name.split(".")
        shape = [max(1, extent // 64) if axis < 2 and extent not in (3, 10) else extent for axis, extent in enumerate(value.shape)]
        values = noise.state_value(SEED, own, tuple(shape))
        if values.ndim == 4:
            values = values.transpose(2, 3, 1, 0)
        elif values.ndim == 2:
            values = values.T
        yield layer, LEAVES[leaf][layer.endswith("_bn")], values


def write_layers(root, **options):
    names = {}
    for layer, leaf, values in tensors():
        names.setdefault(layer, []).append(f"{layer}/{leaf}:0")
        root.create_dataset(f"{layer}/{layer}/{leaf}:0", data=np.ascontiguousarray(values), **options)
    root.attrs["layer_names"] = [layer.encode() for layer in names]
    root.attrs["backend"] = b"tensorflow"
    for layer, weights in names.items():
        root[layer].attrs["weight_names"] = [weight.encode() for weight in weights]


def main():
    with h5py.File(HERE / "keras-weights.h5", "w", libver="latest") as file:
        write_layers(file)
    with h5py.File(HERE / "keras-model.h5", "w", libver="latest") as file:
        group = file.create_group("model_weights")
        group.create_group("input_1")
        for name, values, options in [
            ("kernel:0", np.arange(24, dtype="f4").reshape(1, 2, 3, 4), {"compression": "gzip", "shuffle": True}),
            ("bias:0", np.arange(4, dtype="f8"), {}),
        ]:
            group.create_dataset(f"inner/conv/{name}", data=values, **options)
        file.create_group("optimizer_weights").create_dataset("Adam/iter:0", data=np.int64(3))
        file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "x")
        group["elsewhere"] = h5py.ExternalLink("/etc/passwd", "x")
    with h5py.File(HERE / "keras-huge.h5", "w", libver="latest") as file:
        file.create_dataset("conv/conv/kernel:0", shape=(2**16, 2**16), dtype="f4")
    with h5py.File(HERE / "keras-bomb.h5", "w", libver="latest") as file:
        file.create_dataset("conv/conv/kernel:0", data=np.zeros((2**11, 2**12), "f4"), compression="gzip", compression_opts=9, chunks=(2**11, 2**12))
    with h5py.File(HERE / "keras-chunk.h5", "w", libver="latest") as file:
        file.create_dataset("conv/conv/kernel:0", shape=(1, 1), maxshape=(None, None), dtype="f4", compression="gzip", chunks=(2**14, 2**15))
    with h5py.File(HERE / "keras-cycle.h5", "w", libver="latest") as file:
        file.create_dataset("conv/kernel:0", data=np.zeros(2, "f4"))
        file["conv/again"] = h5py.SoftLink("/")
    with h5py.File(HERE / "keras-half.h5", "w", libver="latest") as file:
        file.create_dataset("conv/conv/kernel:0", data=np.zeros(2, "f2"))
    with h5py.File(HERE / "keras-3.weights.h5", "w", libver="latest") as file:
        file.create_dataset("layers/conv2d/vars/0", data=np.zeros(2, "f4"))
        file.create_group("vars")
    with h5py.File(HERE / "keras-none.h5", "w", libver="latest") as file:
        file.create_dataset("x", data=np.zeros(2, "f4"))
    with h5py.File(HERE / "keras-virtual.h5", "w", libver="latest") as file:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
        file.create_virtual_dataset("conv/conv/kernel:0", layout)
        file.create_dataset("conv/conv/bias:0", shape=(2,), dtype="f4", external=[("/etc/passwd", 0, 8)])


if __name__ == "__main__":
    main()
