"""Makes every golden file anew: python3 test/golden/make-golden.py (PyTorch 1.13, Debian's python3-torch)."""
import torch

import compositions
import further_networks
import networks
import operators

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
operators.build()
compositions.build()
networks.build_blocks()
networks.build_networks()
further_networks.build()
