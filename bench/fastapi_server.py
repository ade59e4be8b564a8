"""What people write to serve PyTorch: python3 bench/fastapi_server.py DEPTH THREADS. Writes its port; ends with its standard input."""
import os
import socket
import sys
import threading

import torch
import uvicorn
from fastapi import FastAPI, Request, Response

from cifar_resnet import CifarResnet

depth, threads = int(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
torch.set_num_threads(threads)
model = CifarResnet(depth).eval()
app = FastAPI()


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: Request):
    images = torch.frombuffer(bytearray(await request.body()), dtype=torch.float32).reshape(-1, 3, 32, 32)
    with torch.inference_mode():
        scores = model(images)
    return Response(scores.numpy().tobytes(), media_type="application/octet-stream")


def end_with_input():
    sys.stdin.read()
    os._exit(0)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
threading.Thread(target=end_with_input, daemon=True).start()
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
