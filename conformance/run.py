"""Runs vectors.json through the shared library: `python3 conformance/run.py [--library PATH] [--cuda]`. No Node needed.

--cuda hands the arrays over as tensors on a GPU, with PyTorch, and leaves out refusals that only a kernel could see.
Prints each failure and ends with 1 when there is one. To try another implementation call check(vectors, functions).
"""

import argparse
import json
import math
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(here), "python"))

import pope_native  # noqa: E402

_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def decoded(value):
    if isinstance(value, list):
        return [decoded(x) for x in value]
    if isinstance(value, dict):
        return {key: decoded(x) for key, x in value.items()}
    return _SPECIAL.get(value, value) if isinstance(value, str) else value


def read_vectors():
    with open(os.path.join(here, "vectors.json"), encoding="utf8") as file:
        return decoded(json.load(file)["vectors"])


def functions_of(kernels, array=lambda name, values, dtype: values):
    """What check() calls: name of a function to one of its arguments, which returns its results by name.

    `array` makes what the kernels take of an argument's name, its values and the dtype of the logits.
    """

    def log(a):
        return {k: array(k, v, None) for k, v in a.items() if k not in ("objective", "level", "transform", "parameter")}

    def rows(a):
        kept = ("logits", "targets", "log_prob_gradient", "entropy_gradient")
        return {k: array(k, a[k], a["dtype"]) for k in kept if k in a} | {"dtype": a["dtype"]}

    def gradient(a):
        found = kernels.token_logprobs_grad(**rows(a))
        return {"logits_gradient": found}

    def weights(a):
        named = {key: a[key] for key in ("level", "transform", "parameter")}
        return kernels.weights(**log(a), **named)._asdict()

    return {
        "token_logprobs": lambda a: kernels.token_logprobs(**rows(a))._asdict(),
        "token_logprobs_grad": gradient,
        "sequence_reduce": lambda a: kernels.sequence_reduce(**log(a))._asdict(),
        "weights": weights,
        "slate_value": lambda a: kernels.slate_value(**log(a), **a["objective"])._asdict(),
        "slate_coefficients": lambda a: kernels.slate_coefficients(**log(a), **a["objective"])._asdict(),
    }


def check(vectors, functions, listed=list):
    """Failures as sentences. `listed` makes numbers of a result."""
    return [failure for v in vectors for failure in _check_one(v, functions[v["function"]], listed)]


def _check_one(vector, function, listed):
    what = f"{vector['function']}: {vector['name']}"
    try:
        found = function(vector["arguments"])
    except pope_native.PopeError as error:
        if (error.code, error.index) != (vector.get("status"), vector.get("index")):
            yield f"{what}: {error.code} at {error.index}, {error}"
        return
    if "status" in vector:
        yield f"{what}: should be refused as {vector['status']}"
        return
    for name, expected in vector["results"].items():
        values = numbers(listed(found[name]), vector["arguments"].get("dtype") if name == "logits_gradient" else None)
        if len(values) != len(expected):
            yield f"{what}: {name} has {len(values)} elements, expected {len(expected)}"
        for i, (value, wanted) in enumerate(zip(values, expected)):
            if not near(value, wanted, vector["tolerance"]):
                yield f"{what}: {name}[{i}] is {value!r}, expected {wanted!r}"


def numbers(values, dtype):
    """f16 and bf16 results outside of tensors are bits."""
    if dtype not in ("f16", "bf16") or not all(isinstance(value, int) for value in values):
        return values
    import struct

    if dtype == "f16":
        return [struct.unpack("<e", struct.pack("<H", value))[0] for value in values]
    return [struct.unpack("<f", struct.pack("<I", value << 16))[0] for value in values]


def near(value, wanted, tolerance):
    if math.isnan(wanted) or math.isinf(wanted):
        return value == wanted or (math.isnan(wanted) and math.isnan(value))
    return abs(value - wanted) <= tolerance["absolute"] + tolerance["relative"] * abs(wanted)


def on_gpu(name, values, dtype):
    import torch

    bits = {"f16": torch.float16, "bf16": torch.bfloat16}
    if name == "logits" and dtype in bits:
        return torch.tensor(values, dtype=torch.uint16).view(bits[dtype]).cuda()
    kind = {"targets": torch.int32, "slate_offsets": torch.int32, "offsets": torch.int64}
    single = name in ("logits", "values", "log_prob_gradient", "entropy_gradient")
    return torch.tensor(values, dtype=kind.get(name, torch.float32 if single else torch.float64)).cuda()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", help="path of the shared library; default: POPE_LIBRARY, else that of this package")
    parser.add_argument("--cuda", action="store_true")
    options = parser.parse_args()
    kernels = pope_native.load(options.library, cuda=options.cuda)
    vectors = read_vectors()
    if options.cuda:
        vectors = [v for v in vectors if v.get("status", "SHAPE") == "SHAPE"]
        failures = check(vectors, functions_of(kernels, on_gpu), lambda tensor: tensor.double().tolist())
    else:
        failures = check(vectors, functions_of(kernels))
    print("\n".join(failures + [f"{len(vectors)} vectors through {kernels.path}: {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
