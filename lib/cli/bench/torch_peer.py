"""The workloads of `mgp bench` in PyTorch. Reads one JSON object a line and answers each with one.

{"workload": name, "threads": n}  builds the model and takes some steps  -> {"version": "1.13.1"}
{"seconds": s}                    trains for that long                   -> {"rate": items per second}
{}                                ends                                   -> {"peakRssBytes": n}
"""
import json
import math
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(8 * 7 * 7, 10),
    )


def mlp():
    return nn.Sequential(
        nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)
    )


def vgg():
    def block(a, b):
        return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]

    return nn.Sequential(
        *block(3, 32), *block(32, 32), nn.MaxPool2d(2),
        *block(32, 64), *block(64, 64), nn.MaxPool2d(2),
        *block(64, 128), *block(128, 128), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128 * 4 * 4, 10),
    )


V, T, D, LAYERS, HEADS = 65, 64, 128, 4, 4


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D)
        self.out = nn.Linear(D, D)
        self.register_buffer("mask", torch.ones(T, T).triu(1).bool())

    def forward(self, x):
        n = x.shape[0]
        q, k, v = self.qkv(x).view(n, T, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(D // HEADS)
            y = scores.masked_fill(self.mask, float("-inf")).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(n, T, D))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = SelfAttention()
        self.mlp = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(D), nn.Linear(D, V, bias=False)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(T))
        return self.head(self.norm(self.blocks(x)))


def images(batch, *shape):
    return torch.randn(batch, *shape), torch.randint(10, (batch,))


WORKLOADS = {
    "seedcnn_b32": lambda: (cnn(), 0.003, *images(32, 1, 28, 28)),
    "seedcnn_b256": lambda: (cnn(), 0.003, *images(256, 1, 28, 28)),
    "mlp_b128": lambda: (mlp(), 0.001, *images(128, 784)),
    "vgg_b32": lambda: (vgg(), 0.001, *images(32, 3, 32, 32)),
    "gpt_b16": lambda: (GPT(), 0.001, torch.randint(V, (16, T)), torch.randint(V, (16, T))),
}


def main():
    step = None
    batch = 0
    for line in sys.stdin:
        request = json.loads(line)
        if "workload" in request:
            torch.set_num_threads(request["threads"])
            model, lr, x, y = WORKLOADS[request["workload"]]()
            batch = x.shape[0]
            optimizer = torch.optim.Adam(model.parameters(), lr=lr)
            criterion = nn.CrossEntropyLoss()

            def step():
                optimizer.zero_grad(set_to_none=True)
                scores = model(x)
                loss = criterion(scores.reshape(y.numel(), -1), y.reshape(-1))
                loss.backward()
                optimizer.step()

            for _ in range(5):
                step()
            answer = {"version": torch.__version__}
        elif "seconds" in request:
            steps = 0
            start = time.perf_counter()
            while True:
                step()
                steps += 1
                seconds = time.perf_counter() - start
                if seconds >= request["seconds"]:
                    break
            answer = {"rate": batch * steps / seconds}
        else:
            # Linux counts in KB, macOS in bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            answer = {"peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
        print(json.dumps(answer), flush=True)


main()
