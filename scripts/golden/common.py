"""What the scripts that make golden values share. Run them with Debian's python3 and its python3-torch (1.13)."""

import json
import pathlib
import re

import torch

torch.set_default_dtype(torch.float64)

GOLDEN = pathlib.Path(__file__).parents[2] / "test" / "golden"


def camel(name):
    """`weight_decay` as `weightDecay`, `T_max` as `tMax`."""
    name = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    return name[0].lower() + name[1:]


def camel_keys(options):
    return {camel(name): value for name, value in options.items()}


def write(name, value):
    value = {"torch": torch.__version__, **value}
    (GOLDEN / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")
