"""Writes test/fixtures/tensorboard with torch.utils.tensorboard: what test/tensorboard.test.ts writes, too.

pip install torch tensorboard pillow
"""

import pathlib
import shutil
import tempfile

import torch
from torch.utils.tensorboard import SummaryWriter

FIXTURES = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "tensorboard"
TIME = 1_700_000_000.25


def numbers(count, scale=1.0, dtype=torch.float64):
    """The same ones as in the test: no function that may be rounded in another way."""
    return torch.tensor([(i * 7919 % 1009 / 1009 - 0.5) * scale for i in range(count)], dtype=dtype)


def write(folder):
    with SummaryWriter(folder) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step, TIME + step)
        writer.add_scalar("group/nan", float("nan"), 7, TIME)
        writer.add_scalar("new", torch.tensor([0.1]), 2**40, TIME, new_style=True)
        writer.add_scalar("precise", 0.1, -1, TIME, new_style=True, double_precision=True)
        values = numbers(1000, 8.0, torch.float32)
        for bins in ["tensorflow", "auto", "fd", "doane", "scott", "rice", "sturges", "sqrt", 10]:
            writer.add_histogram(f"histogram/{bins}", values, 1, bins, TIME)
        writer.add_histogram("histogram/edges", values, 1, [-1.0, 0.0, 0.5, 3.0], TIME)
        writer.add_histogram("histogram/few", values, 1, "tensorflow", TIME, 30)
        writer.add_histogram("histogram/constant", torch.full((5,), 2.5), 1, 4, TIME)
        writer.add_histogram("histogram/zeros", torch.zeros(2, 3), 1, "tensorflow", TIME)
        writer.add_text("notes", "**bold** ünïcode", 3, TIME)
        grey = (numbers(20) + 0.5).reshape(1, 4, 5)
        color = (numbers(60) + 0.5).reshape(3, 4, 5)
        writer.add_image("grey", grey, 1, TIME)
        writer.add_image("rows", grey[0], 1, TIME, dataformats="HW")
        writer.add_image("color", color, 1, TIME)
        writer.add_image("hwc", color.permute(1, 2, 0), 1, TIME, dataformats="HWC")
        writer.add_image("clear", (numbers(80) + 0.5).reshape(4, 4, 5), 1, TIME)
        writer.add_image("bytes", (color * 256).to(torch.uint8), 1, TIME)
        writer.add_images("many", (numbers(11 * 60) + 0.5).reshape(11, 3, 4, 5), 1, TIME)
        writer.add_images("nhwc", (numbers(3 * 20) + 0.5).reshape(3, 4, 5, 1), 1, TIME, dataformats="NHWC")
        writer.add_scalars("both/ways", {"a": 1.5, "b": -2.0}, 4, TIME)
        # A bool is a number for PyTorch, in its tests for kinds: it is left out.
        writer.add_hparams(
            {"lr": 0.1, "layers": 3, "optimizer": "adam", "none": None},
            {"hparam/accuracy": 0.75, "hparam/loss": 10},
            {"lr": [0.1, 0.01], "optimizer": ["adam", "sgd"]},
            "session",
        )


shutil.rmtree(FIXTURES, ignore_errors=True)
FIXTURES.mkdir()
with tempfile.TemporaryDirectory() as folder:
    write(folder)
    for file in pathlib.Path(folder).glob("**/events.*"):
        name = file.parent.relative_to(folder).as_posix()
        shutil.copy(file, FIXTURES / ("main" if name == "." else name))
