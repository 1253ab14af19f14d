"""Writes test/fixtures/npy with NumPy: what test/npy.test.ts and test/zip.test.ts read. Needs numpy before 2.0."""

import io
import pathlib
import zipfile

import numpy as np

FIXTURES = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "npy"

FLOAT16 = [0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFE2A]
FLOAT32 = [0, 1 << 31, 1, 0x807FFFFF, 0x3DCCCCCD, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFC12345]
FLOAT64 = [0, 1 << 63, 1, 0x3FB999999999999A, 0x7FEFFFFFFFFFFFFF, 0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, 0x7FF0000000000001]


def plain():
    """What comes back byte for byte."""
    i32 = [-(2**31), -1, 0, 2**31 - 1]
    return {
        "bool": np.array([[True], [False], [True]]),
        "int8": np.array([-128, 0, 127], "i1"),
        "int16": np.array([-(2**15), 0, 2**15 - 1], "<i2"),
        "int32": np.array(i32, "<i4"),
        "int64": np.array(i32, "<i8").reshape(2, 2),
        "uint8": np.array([0, 255], "u1"),
        "uint16": np.array([0, 2**16 - 1], "<u2"),
        "uint32": np.array([0, 2**31 - 1], "<u4"),
        "uint64": np.array([0, 2**31 - 1], "<u8"),
        "float16": np.array(FLOAT16, "<u2").view("<f2"),
        "float32": np.array(FLOAT32, "<u4").view("<f4"),
        "float64": np.array(FLOAT64, "<u8").view("<f8"),
        "scalar": np.array(7.5),
        "empty": np.zeros((0, 3), "<f4"),
        "ünï/../code": np.arange(24, dtype="<f4").reshape(2, 3, 4),
        "many dimensions": np.arange(2, dtype="<i4").reshape((1,) * 31 + (2,)),
        "long": np.zeros(300, "u1"),
    }


def orders():
    """Other orders of bytes and elements: each is 0 to 23 of shape (2, 3, 4)."""
    out = {}
    for kind in ["i1", "i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            x = np.arange(24).reshape(2, 3, 4).astype(order + kind)
            out[f"C {order}{kind}"] = x
            out[f"F {order}{kind}"] = np.asfortranarray(x)
    return out


def refused():
    return {
        "objects": np.array([{}, None], dtype=object),
        "structure": np.zeros(2, [("a", "<f4"), ("bé", "<i4", (2,))]),
        "texts": np.array(["one", "two"]),
        "bytes": np.array([b"one"]),
        "complex": np.zeros(2, "<c8"),
        "dates": np.zeros(2, "<M8[ns]"),
        "spans": np.zeros(2, "<m8[D]"),
        "void": np.zeros(2, "V2"),
        "long double": np.zeros(2, np.longdouble),
        "large": np.array([2**31], "<i8"),
    }


def npy(x, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, x, version)
    return out.getvalue()


class Pipe(io.BytesIO):
    """Cannot go back: sizes come after the entries."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def entries(to, contents, method=zipfile.ZIP_STORED, wide=False):
    with zipfile.ZipFile(to, "w") as file:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with file.open(info, "w", force_zip64=wide) as entry:
                entry.write(content)
        file.comment = b"made by scripts/golden/npy.py"


def main():
    FIXTURES.mkdir(exist_ok=True)
    np.savez(FIXTURES / "plain.npz", **plain())
    np.savez_compressed(FIXTURES / "compressed.npz", **plain())
    np.savez_compressed(FIXTURES / "orders.npz", **orders())
    np.savez_compressed(FIXTURES / "refused.npz", **refused())
    np.savez(FIXTURES / "list.npz", np.arange(3.0), np.array(True))
    x = np.arange(6, dtype="<i4").reshape(2, 3)
    versions = {f"{major}.0.npy": npy(x, (major, 0)) for major in [1, 2, 3]}
    entries(FIXTURES / "versions.npz", versions)
    pipe = Pipe()
    entries(pipe, versions, zipfile.ZIP_DEFLATED)
    (FIXTURES / "descriptors.npz").write_bytes(pipe.getvalue())
    zipfile.ZIP64_LIMIT = 10
    entries(FIXTURES / "zip64.npz", versions, wide=True)


if __name__ == "__main__":
    main()
