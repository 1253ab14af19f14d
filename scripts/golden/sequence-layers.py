"""Golden numbers of PyTorch's recurrent layers, attention and transformers, in float64: test/golden/sequence-layers.json.

    /usr/bin/python3 scripts/golden/sequence-layers.py

Weights and inputs follow a formula, `pattern`, so that the file holds results only; gradients of parameters are there as
projections on two patterns.
"""
import json
import pathlib

import torch
from torch import nn


def pattern(shape, k, scale=1.0):
    count = int(torch.Size(shape).numel())
    numbers = [((i * 7919 + k * 104729 + 13) % 1009) / 1009 - 0.5 for i in range(count)]
    return (torch.tensor(numbers, dtype=torch.float64) * scale).reshape(shape)


def numbers(x):
    return {"shape": list(x.shape), "data": x.detach().reshape(-1).tolist()}


def flatten(value):
    if value is None:
        return []
    if isinstance(value, torch.Tensor):
        return [value]
    return [x for item in value for x in flatten(item)]


def case(title, make, module, inputs, kwargs=None, masks=None):
    """`make` is how the test makes the module: [class, arguments]. Inputs are shapes, nested as arguments are."""
    module = module.double()
    module.eval()
    for k, (_, parameter) in enumerate(module.named_parameters()):
        with torch.no_grad():
            parameter.copy_(pattern(parameter.shape, k))
    leaves = []

    def build(spec):
        if spec is None:
            return None
        if isinstance(spec[0], list):
            return tuple(build(item) for item in spec)
        leaves.append(pattern(spec, 100 + len(leaves), 2.0).requires_grad_())
        return leaves[-1]

    arguments = [build(spec) for spec in inputs]
    masks = masks or {}
    tensors = {name: torch.tensor(value, dtype=dtype) for name, (value, dtype) in masks.items()}
    result = module(*arguments, **(kwargs or {}), **tensors)
    outputs = flatten(result)
    loss = sum((x * pattern(x.shape, 200 + i)).sum() for i, x in enumerate(outputs))
    loss.backward()
    projections = {
        name: [float((p.grad * pattern(p.shape, k)).sum()) for k in (300, 301)]
        for name, p in module.named_parameters()
    }
    return {
        "title": title,
        "make": make,
        "inputs": inputs,
        "kwargs": kwargs or {},
        "masks": {name: {"data": value, "dtype": "bool" if dtype == torch.bool else "float64"} for name, (value, dtype) in masks.items()},
        "keys": list(module.state_dict().keys()),
        "outputs": [numbers(x) for x in outputs],
        "inputGrads": [numbers(x.grad) for x in leaves],
        "projections": projections,
    }


def recurrent():
    T, N, I, H = 4, 2, 3, 4
    for name, states in (("RNN", 1), ("GRU", 1), ("LSTM", 2)):
        cls = getattr(nn, name)

        def state(layers, *rest):
            one = [layers, *rest]
            return one if states == 1 else [[*one[:-1], one[-1]], [*one[:-1], H]]

        yield case(f"{name}", [name, I, H], cls(I, H), [[T, N, I]])
        yield case(f"{name} with a state", [name, I, H], cls(I, H), [[T, N, I], state(1, N, H)])
        yield case(
            f"{name} of two layers in two directions, batch first",
            [name, I, H, {"numLayers": 2, "bidirectional": True, "batchFirst": True}],
            cls(I, H, num_layers=2, bidirectional=True, batch_first=True),
            [[N, T, I], state(4, N, H)],
        )
        yield case(f"{name} without biases and batch", [name, I, H, {"bias": False}], cls(I, H, bias=False), [[T, I], state(1, H)])
    yield case("RNN with relu", ["RNN", I, H, {"nonlinearity": "relu"}], nn.RNN(I, H, nonlinearity="relu"), [[T, N, I]])
    yield case(
        "LSTM with projections",
        ["LSTM", I, H, {"numLayers": 2, "bidirectional": True, "projSize": 2}],
        nn.LSTM(I, H, num_layers=2, bidirectional=True, proj_size=2),
        [[T, N, I], [[4, N, 2], [4, N, H]]],
    )
    for name in ("RNNCell", "GRUCell", "LSTMCell"):
        cls = getattr(nn, name)
        hx = [[N, H], [N, H]] if name == "LSTMCell" else [N, H]
        yield case(name, [name, I, H], cls(I, H), [[N, I]])
        yield case(f"{name} with a state", [name, I, H], cls(I, H), [[N, I], hx])
        hx = [[H], [H]] if name == "LSTMCell" else [H]
        yield case(f"{name} without a batch and biases", [name, I, H, {"bias": False}], cls(I, H, bias=False), [[I], hx])


def attention():
    E, L, S, N = 4, 3, 5, 2
    causal = [[j > i for j in range(L)] for i in range(L)]
    padding = [[False] * 5, [False, False, False, True, True]]
    name = "MultiheadAttention"
    qkv = [[L, N, E], [S, N, E], [S, N, E]]
    yield case(f"{name}", [name, E, 2], nn.MultiheadAttention(E, 2), qkv)
    yield case(
        f"{name} with padding, weights of each head",
        [name, E, 2, {"batchFirst": True}],
        nn.MultiheadAttention(E, 2, batch_first=True),
        [[N, L, E], [N, S, E], [N, S, E]],
        kwargs={"average_attn_weights": False},
        masks={"key_padding_mask": (padding, torch.bool)},
    )
    yield case(
        f"{name} without weights, a mask of numbers",
        [name, E, 2, {"bias": False}],
        nn.MultiheadAttention(E, 2, bias=False),
        [[L, N, E], [L, N, E], [L, N, E]],
        kwargs={"need_weights": False},
        masks={"attn_mask": ([[0.5 * i - j for j in range(L)] for i in range(L)], torch.float64)},
    )
    yield case(
        f"{name} with a mask for each head, and both masks",
        [name, E, 2],
        nn.MultiheadAttention(E, 2),
        [[L, N, E], [L, N, E], [L, N, E]],
        masks={"attn_mask": ([causal] * 4, torch.bool), "key_padding_mask": ([[False] * 3, [False, False, True]], torch.bool)},
    )
    yield case(
        f"{name} of other sizes, with a learned key and one of zeros",
        [name, E, 2, {"kdim": 3, "vdim": 5, "addBiasKv": True, "addZeroAttn": True}],
        nn.MultiheadAttention(E, 2, kdim=3, vdim=5, add_bias_kv=True, add_zero_attn=True),
        [[L, N, E], [S, N, 3], [S, N, 5]],
        masks={"attn_mask": ([[float(i - j) for j in range(S)] for i in range(L)], torch.float64)},
    )
    yield case(f"{name} without a batch", [name, E, 4], nn.MultiheadAttention(E, 4), [[L, E], [S, E], [S, E]])


def transformers():
    E, T, S, N = 4, 3, 5, 2
    causal = [[j > i for j in range(T)] for i in range(T)]
    size = {"dimFeedforward": 6}
    name = "TransformerEncoderLayer"
    # Inputs that require grad keep PyTorch off its fast path, whose rows of padding are zero.
    yield case(name, [name, E, 2, size], nn.TransformerEncoderLayer(E, 2, 6), [[T, N, E]])
    yield case(
        f"{name}, norm first, gelu, causal",
        [name, E, 2, {**size, "normFirst": True, "activation": "gelu", "batchFirst": True}],
        nn.TransformerEncoderLayer(E, 2, 6, norm_first=True, activation="gelu", batch_first=True),
        [[N, T, E]],
        masks={"src_mask": (causal, torch.bool), "src_key_padding_mask": ([[False] * 3, [False, False, True]], torch.bool)},
    )
    yield case(
        "TransformerEncoder",
        ["TransformerEncoder", [name, E, 2, size], 2, ["LayerNorm", E]],
        nn.TransformerEncoder(nn.TransformerEncoderLayer(E, 2, 6), 2, nn.LayerNorm(E)),
        [[T, N, E]],
        masks={"mask": (causal, torch.bool)},
    )
    name = "TransformerDecoderLayer"
    yield case(
        name,
        [name, E, 2, size],
        nn.TransformerDecoderLayer(E, 2, 6),
        [[T, N, E], [S, N, E]],
        masks={"tgt_mask": (causal, torch.bool), "memory_key_padding_mask": ([[False] * 5, [False] * 4 + [True]], torch.bool)},
    )
    yield case(
        "TransformerDecoder",
        ["TransformerDecoder", [name, E, 2, {**size, "normFirst": True}], 2, None],
        nn.TransformerDecoder(nn.TransformerDecoderLayer(E, 2, 6, norm_first=True), 2),
        [[T, N, E], [S, N, E]],
    )
    yield case(
        "Transformer",
        ["Transformer", {"dModel": E, "nhead": 2, "numEncoderLayers": 1, "numDecoderLayers": 2, "dimFeedforward": 6}],
        nn.Transformer(E, 2, 1, 2, 6),
        [[S, N, E], [T, N, E]],
        masks={"tgt_mask": ([[float("-inf") if v else 0.0 for v in row] for row in causal], torch.float64)},
    )


def plain(value):
    """JSON has no infinity: the test reads it from a text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if value in (float("inf"), float("-inf")) else value


cases = [*recurrent(), *attention(), *transformers()]
target = pathlib.Path(__file__).parents[2] / "test/golden/sequence-layers.json"
target.write_text("[\n" + ",\n".join(json.dumps(plain(each)) for each in cases) + "\n]\n")
print(len(cases), "cases,", target.stat().st_size, "bytes")
