"""What is known of this Python's PyTorch, as a line of JSON: python3 bench/torch_version.py."""
import importlib.util
import json
import re

import torch

config = torch.__config__.show()
blas = re.search(r"BLAS_INFO=(\w+)", config)
print(json.dumps({
    "version": torch.__version__,
    "blas": "MKL" if torch.backends.mkl.is_available() else blas.group(1) if blas else "unknown",
    "hasVision": importlib.util.find_spec("torchvision") is not None,
    # Needs a C++ compiler on the processor.
    "compiles": hasattr(torch, "compile"),
}))
