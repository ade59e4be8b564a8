"""Reads event files with TensorBoard's own reader: python3 test/golden/read-events.py DIR (pip install tensorboard)."""
import sys

import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
tags = events.Tags()
print("TensorBoard", tensorboard.__version__)
for tag in tags["scalars"]:
    values = events.Scalars(tag)
    print(f"{tag}: {len(values)} values, last {values[-1].value:.6g} at step {values[-1].step}")
print(f"histograms: {len(tags['histograms'])} tags of {len(events.Histograms(tags['histograms'][0]))} steps")
image = events.Images(tags["images"][0])[0]
print(f"{tags['images'][0]}: {image.width}x{image.height}")
print(f"graph: {len(events.Graph().node)} nodes")
