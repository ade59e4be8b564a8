"""Writes layouts.json: names and shapes of published networks' weights, and what the networks say of an input.

Run from anywhere: /usr/bin/python3 test/golden/make-layouts.py (PyTorch 1.13, torchvision 0.14: Debian's packages).
Weights are noise.py's, made from their names, so that no weights need to be kept; scores are computed in float64.
"""
import json
import pathlib
import re

import torch
import torchvision

import layouts as source
import noise

HERE = pathlib.Path(__file__).parent
SEED = 11


def same(name):
    return name


def fill(module):
    state = module.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(noise.state_value(SEED, name, tuple(value.shape)).astype("float64"))
    module.double().load_state_dict(state)
    return module.eval()


def case(name, module, rename=same, prefix="", image=None):
    """`keys` are [name in the file, ...shape]; `own` the reference's names, by which the noise is made, where they differ."""
    state = module.state_dict()
    kept = [(own, rename(own), list(value.shape)) for own, value in state.items() if rename(own) is not None]
    found = {"name": name, "keys": [[prefix + theirs, *shape] for _, theirs, shape in kept]}
    if any(own != theirs for own, theirs, _ in kept):
        found["own"] = [own for own, _, _ in kept]
    if image is not None:
        x = torch.from_numpy(1.7 * noise.uniform(5, torch.Size(image).numel()).reshape(image)).float().double()
        with torch.no_grad():
            scores = fill(module)(x)[0].tolist()
        # Features, where there is no classifier, are kept whole: a classifier of the test's own reads them.
        kept = scores[:16] if any(re.search(r"(fc|linear|predictions)\.", key) for key in state) else scores
        found |= {"image": image, "scores": [float(f"{value:.9g}") for value in kept]}
    return found


def cases():
    vision = torchvision.models
    yield case("torchvision resnet18", vision.resnet18(), image=[1, 3, 64, 64])
    yield case("torchvision resnet34", vision.resnet34())
    yield case("torchvision resnet50", vision.resnet50(), image=[1, 3, 64, 64])
    yield case("torchvision resnet101", vision.resnet101())
    yield case("torchvision resnext50_32x4d", vision.resnext50_32x4d(), image=[1, 3, 64, 64])
    yield case("torchvision wide_resnet50_2", vision.wide_resnet50_2())
    yield case("timm resnet50d", source.TimmResnet(50), image=[1, 3, 64, 64])
    yield case("timm seresnet50", source.TimmResnet(50, attention=True), image=[1, 3, 64, 64])
    yield case("timm resnetv2_50", source.TimmResnetV2(50), image=[1, 3, 64, 64])
    yield case("timm resnetv2_50d", source.TimmResnetV2(50, deep=True), image=[1, 3, 64, 64])
    yield case("MONAI resnet10 3-D B", source.VolumeResnet(10, 3, 1, 2, "B", True, 1), image=[1, 1, 16, 16, 16])
    yield case("MONAI resnet18 2-D B", source.VolumeResnet(18, 2, 1, 3, "B", True, 1), image=[1, 1, 32, 32])
    yield case("MONAI resnet18 1-D A", source.VolumeResnet(18, 1, 2, 3, "A", False, 1), image=[1, 2, 128])
    yield case("MONAI resnet50 1-D B", source.VolumeResnet(50, 1, 2, 3, "B", True, 1), image=[1, 2, 128])
    volume = dict(stem_stride=(1, 2, 2))
    yield case("3D-ResNets resnet18 A", source.VolumeResnet(18, classes=400, shortcut="A", **volume), image=[1, 3, 8, 32, 32])
    yield case("3D-ResNets resnet34 A", source.VolumeResnet(34, classes=700, shortcut="A", **volume))
    yield case("3D-ResNets resnet50 B", source.VolumeResnet(50, classes=700, shortcut="B", **volume), image=[1, 3, 8, 32, 32])
    medical = dict(channels=1, classes=None, dilated=True)
    for depth, shortcut in [(10, "B"), (18, "A"), (34, "A"), (50, "B"), (200, "B")]:
        image = [1, 1, 16, 16, 16] if depth in (10, 18) else None
        yield case(f"MedicalNet resnet{depth} {shortcut}", source.VolumeResnet(depth, shortcut=shortcut, **medical), prefix="module.", image=image)
    for depth in (20, 56, 110):
        image = [2, 3, 32, 32] if depth == 20 else None
        yield case(f"akamaster resnet{depth}", source.Akamaster(depth), prefix="module.", image=image)
    yield case("Zagoruyko WRN-16-4", source.Wide(16, 4), source.zagoruyko_names, image=[1, 3, 32, 32])
    yield case("Zagoruyko WRN-28-10", source.Wide(28, 10, 100), source.zagoruyko_names)
    yield case("xternalz WRN-28-10", source.Wide(28, 10), source.xternalz_names, prefix="module.")
    yield case("xternalz WRN-16-4", source.Wide(16, 4), source.xternalz_names, image=[1, 3, 32, 32])
    yield case("meliketoy WRN-28-10", source.Meliketoy(28, 10), prefix="module.")
    yield case("meliketoy WRN-16-4", source.Meliketoy(16, 4), image=[1, 3, 32, 32])
    yield case("Keras ResNet50", source.KerasResnet(50), source.keras_names, image=[1, 3, 64, 64])
    yield case("Keras ResNet101", source.KerasResnet(101), source.keras_names)
    yield case("Keras ResNet50, old names", source.KerasResnet(50), source.old_keras_names)


def main():
    torch.manual_seed(SEED)
    made = [json.dumps(found, separators=(",", ":")) for found in cases()]
    note = f"make-layouts.py, PyTorch {torch.__version__}, torchvision {torchvision.__version__}, seed {SEED}"
    (HERE / "layouts.json").write_text('{"madeBy":' + json.dumps(note) + ',"cases":[\n' + ",\n".join(made) + "\n]}\n")


if __name__ == "__main__":
    main()
