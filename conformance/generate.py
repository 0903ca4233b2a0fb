"""Writes vectors.json: `python3 conformance/generate.py > conformance/vectors.json`. Standard library alone.

The expected numbers come from the formulas of docs/theory.md in double precision, as plainly as they can be written;
derivatives from dual numbers, not from the formulas that the kernels implement. Nothing here calls a kernel.
"""

import json
import math
import random
import struct
import sys


class Dual:
    """value + slope * epsilon: exact first derivatives."""

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __truediv__(self, other):
        other = dual(other)
        return Dual(self.value / other.value, (self.slope - self.value / other.value * other.slope) / other.value)

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -dual(other)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return dual(other) - self

    def __rtruediv__(self, other):
        return dual(other) / self


def dual(x):
    return x if isinstance(x, Dual) else Dual(x)


def exp(x):
    x = dual(x)
    value = math.exp(x.value)
    return Dual(value, value * x.slope)


def log(x):
    x = dual(x)
    return Dual(math.log(x.value), x.slope / x.value)


def total(terms):
    terms = [dual(term) for term in terms]
    return Dual(math.fsum(t.value for t in terms), math.fsum(t.slope for t in terms))


# ---- token log-probabilities (docs/theory.md section 2) -----------------------------------------------------------------


def softmax(row):
    """log-sum-exp, and (p, log p) of every token that is not masked; None for those."""
    largest = max(dual(z).value for z in row)
    lse = log(total(exp(z - largest) for z in row if dual(z).value != -math.inf)) + largest
    return lse, [None if dual(z).value == -math.inf else (exp(z - lse), z - lse) for z in row]


def token_row(row, target):
    if any(math.isnan(dual(z).value) or dual(z).value == math.inf for z in row):
        return Dual(math.nan), Dual(math.nan), Dual(math.nan)
    if all(dual(z).value == -math.inf for z in row):
        return Dual(math.nan), Dual(math.nan), Dual(-math.inf)
    lse, tokens = softmax(row)
    entropy = -total(p * log_p for p, log_p in (token for token in tokens if token))
    return (tokens[target][1] if tokens[target] else Dual(-math.inf)), entropy, lse


def bits16(value, dtype):
    if dtype == "f16":
        return struct.unpack("<H", struct.pack("<e", value))[0]
    return struct.unpack("<I", struct.pack("<f", value))[0] >> 16  # cut, not rounded: any bits will do for an input


def from_bits16(bits, dtype):
    if dtype == "f16":
        return struct.unpack("<e", struct.pack("<H", bits))[0]
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


FLOAT = {"absolute": 1e-5, "relative": 1e-5}
# What a float can hold of the largest logits of these vectors, 1e4.
LARGE = {"absolute": 2e-3, "relative": 1e-5}
DOUBLE = {"absolute": 1e-12, "relative": 1e-11}
# Half a unit in the last of the 8 bits of a bfloat16, and of the 11 of a float16.
ROUNDED = {"bf16": {"absolute": 1e-6, "relative": 2.0**-8}, "f16": {"absolute": 1e-6, "relative": 2.0**-10}}


def token_logprobs(name, rows, targets, dtype="f32", tolerance=FLOAT):
    vocab = len(rows[0]) if rows else 0
    flat = [z for row in rows for z in row]
    stored = [as_f32(z) if math.isfinite(z) else z for z in flat]
    if dtype != "f32":
        stored = [bits16(z, dtype) for z in flat]
    values = stored if dtype == "f32" else [from_bits16(bits, dtype) for bits in stored]
    found = [token_row(values[i * vocab : (i + 1) * vocab], target) for i, target in enumerate(targets)]
    arguments = {"dtype": dtype, "rows": len(rows), "vocab": vocab, "logits": stored, "targets": targets}
    results = {key: [row[i].value for row in found] for i, key in enumerate(["log_probs", "entropies", "log_sum_exp"])}
    return vector("token_logprobs", name, arguments, results, tolerance)


def token_logprobs_grad(name, rows, targets, g, h=None, dtype="f32"):
    vocab = len(rows[0])
    stored = [as_f32(z) if dtype == "f32" else bits16(z, dtype) for row in rows for z in row]
    values = stored if dtype == "f32" else [from_bits16(bits, dtype) for bits in stored]
    gradient = []
    for i, target in enumerate(targets):
        row = values[i * vocab : (i + 1) * vocab]
        for v in range(vocab):
            log_prob, entropy, _ = token_row([Dual(z, float(j == v)) for j, z in enumerate(row)], target)
            gradient.append(g[i] * log_prob.slope + (h[i] * entropy.slope if h else 0.0))
    arguments = {"dtype": dtype, "rows": len(rows), "vocab": vocab, "logits": stored, "targets": targets}
    arguments |= {"log_prob_gradient": g} | ({"entropy_gradient": h} if h else {})
    return vector("token_logprobs_grad", name, arguments, {"logits_gradient": gradient}, ROUNDED.get(dtype, FLOAT))


def sequence_reduce(name, values, offsets):
    parts = [values[a:b] for a, b in zip(offsets, offsets[1:])]
    results = {
        "sums": [math.fsum(part) for part in parts],
        "means": [math.fsum(part) / len(part) if part else 0.0 for part in parts],
    }
    return vector("sequence_reduce", name, {"values": values, "offsets": offsets}, results, DOUBLE)


# ---- weights (section 6), value (sections 3 and 4) and coefficients (section 5) ----------------------------------------


def transformed(log_w, name, t):
    if name == "clip" and dual(log_w).value > math.log(t):
        return Dual(t)
    w = exp(log_w)
    if name == "power":
        return exp(t * log(w))
    if name == "shrinkage":
        return t * w / (w * w + t)
    if name == "sub-gaussian":
        return w / (1 - t + t * w)
    return w


def slates_of(offsets):
    return [range(a, b) for a, b in zip(offsets, offsets[1:])]


def weights(log, level, transform, t):
    ratio = [a - b for a, b in zip(log["log_prob"], log["logging_log_prob"])]
    if level == "response":
        log_weights = ratio
    else:
        log_weights = [math.fsum(ratio[k] for k in slate) for slate in slates_of(log["slate_offsets"])]
        if level == "geometric":
            log_weights = [w / len(slate) for w, slate in zip(log_weights, slates_of(log["slate_offsets"]))]
    h = [transformed(Dual(w, 1.0), transform, t) for w in log_weights]
    results = {"log_weights": log_weights, "weights": [x.value for x in h], "derivatives": [x.slope for x in h]}
    arguments = {key: log[key] for key in ("log_prob", "logging_log_prob", "slate_offsets")}
    arguments |= {"level": level, "transform": transform, "parameter": t}
    return vector("weights", f"{level} weights, {transform}", arguments, results, DOUBLE)


def rewards(o, l, r, entropy):
    """Utility and diversity part of the reward of a response."""
    spread = -dual(l) if entropy is None else dual(entropy)
    if o["form"] == "gated":
        return dual(o["lambda_cu"] * r), o["lambda_div"] * r * spread
    factor = exp(l) if o["form"] == "expected" else dual(1.0)
    return factor * (o["lambda_cu"] * r), factor * o["lambda_div"] * spread


def contribution(o, ratios, reward):
    size = float(len(ratios))
    h = lambda w: transformed(w, o["transform"], o["parameter"])
    if o["estimator"] == "slate":
        x = h(total(ratios)) * total(reward)
    elif o["estimator"] == "decomposed":
        x = total(h(ratio) * R for ratio, R in zip(ratios, reward))
    elif len(ratios) == 1:
        x = exp(ratios[0]) * reward[0]
    elif any(R.value <= 0 for R in reward):
        x = dual(0.0)
    else:
        x = size * exp(total(ratio + log(R) for ratio, R in zip(ratios, reward)) / size)
    return x / size if o["reduction"] == "mean" else x


def contributions(o, data, log_prob=None, entropy=None):
    """Of every slate: the whole, its utility and its diversity."""
    log_prob = log_prob or data["log_prob"]
    entropy = entropy or data.get("entropy")
    found = []
    for slate in slates_of(data["slate_offsets"]):
        ratios = [dual(log_prob[k]) - data["logging_log_prob"][k] for k in slate]
        parts = [rewards(o, log_prob[k], data["reward"][k], entropy[k] if entropy else None) for k in slate]
        whole = [u + d for u, d in parts]
        found.append([contribution(o, ratios, reward) for reward in (whole, [u for u, _ in parts], [d for _, d in parts])])
    return found


def mean(data, values):
    omega = data.get("query_weight") or [1.0] * len(values)
    return total(w * x for w, x in zip(omega, values)) / math.fsum(omega)


def slate_value(name, data, o):
    found = contributions(o, data)
    results = {key: [x[i].value for x in found] for i, key in enumerate(["contributions", "utilities", "diversities"])}
    entropy = data.get("entropy") or [None] * len(data["log_prob"])
    parts = [rewards(o, *response) for response in zip(data["log_prob"], data["reward"], entropy)]
    results["response_rewards"] = [(u + d).value for u, d in parts]
    results["totals"] = [mean(data, [x[i] for x in found]).value for i in range(3)]
    return vector("slate_value", name, data | {"objective": o}, results, DOUBLE)


def slate_coefficients(name, data, o):
    """The derivative of the value by each log-probability and entropy, by one pass of dual numbers for each."""

    def derivative(field, k):
        moved = [Dual(x, float(i == k)) for i, x in enumerate(data[field])]
        return mean(data, [x[0] for x in contributions(o, data, **{field: moved})]).slope

    count = range(len(data["log_prob"]))
    results = {"coefficients": [derivative("log_prob", k) for k in count]}
    if "entropy" in data:
        results["entropy_coefficients"] = [derivative("entropy", k) for k in count]
    return vector("slate_coefficients", name, data | {"objective": o}, results, DOUBLE)


# ---- the vectors ------------------------------------------------------------------------------------------------------


def vector(function, name, arguments, results, tolerance):
    return {"function": function, "name": name, "arguments": arguments, "results": results, "tolerance": tolerance}


def refusal(function, name, arguments, status, index):
    return {"function": function, "name": name, "arguments": arguments, "status": status, "index": index}


def random_log(generator, sizes, entropy=False):
    offsets = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    log_prob = [-generator.uniform(0.2, 4) for _ in range(offsets[-1])]
    data = {
        "log_prob": log_prob,
        "logging_log_prob": [l + generator.gauss(0, 0.7) for l in log_prob],
        "reward": [generator.uniform(0, 1) for _ in log_prob],
        "slate_offsets": offsets,
    }
    if entropy:
        data["entropy"] = [generator.uniform(0.1, 3) for _ in log_prob]
        data["query_weight"] = [generator.choice([0.0, 0.5, 1.0, 3.0]) for _ in sizes[1:]] + [2.0]
    return data


def all_vectors():
    generator = random.Random(20240917)
    gauss = lambda rows, vocab, spread=3.0: [[generator.gauss(0, spread) for _ in range(vocab)] for _ in range(rows)]
    inf, nan, ln2 = math.inf, math.nan, math.log(2)

    yield token_logprobs("softmax 1/2, 1/4, 1/4", [[ln2, 0.0, 0.0]], [0])
    yield token_logprobs("a vocabulary of one token", [[3.5], [-2.0]], [0, 0])
    yield token_logprobs("an odd vocabulary", gauss(3, 37), [0, 36, 17])
    yield token_logprobs("a vocabulary beyond one block", gauss(2, 1031), [1030, 0])
    yield token_logprobs("large logits", [[1e4, 1e4 - 1, -1e4], [-1e4, -1e4 + 2, -1e4]], [1, 0], tolerance=LARGE)
    yield token_logprobs("masked tokens", [[0.5, -inf, 1.5, -inf], [-inf, 2.0, -inf, -inf]], [2, 1])
    yield token_logprobs("a masked target", [[0.5, -inf, 1.5]], [1])
    yield token_logprobs("a row of masked tokens beside a sound one", [[-inf] * 3, [0.0, 1.0, 2.0]], [0, 2])
    yield token_logprobs("NaN and infinity spoil their own row", [[nan, 0.0], [inf, 0.0], [0.0, 0.0]], [0, 1, 1])
    yield token_logprobs("f16", gauss(2, 19), [3, 18], dtype="f16")
    yield token_logprobs("bf16", gauss(2, 19), [3, 18], dtype="bf16")
    arguments = {"dtype": "f32", "rows": 2, "vocab": 3, "logits": [0.0] * 6, "targets": [2, 3]}
    yield refusal("token_logprobs", "a target outside the vocabulary", arguments, "OUT_OF_RANGE", 1)
    yield refusal("token_logprobs", "too few logits", arguments | {"logits": [0.0] * 5, "targets": [0, 0]}, "SHAPE", -1)

    yield token_logprobs_grad("of the log-probability", [[ln2, 0.0, 0.0]], [0], [2.0])
    yield token_logprobs_grad("of log-probability and entropy", gauss(3, 11), [0, 10, 4], [1.0, -0.5, 0.25], [0.5, 1.0, -2.0])
    yield token_logprobs_grad("f16", gauss(2, 7), [6, 0], [1.0, -1.5], [0.5, 0.25], dtype="f16")
    yield token_logprobs_grad("bf16", gauss(2, 7), [6, 0], [1.0, -1.5], [0.5, 0.25], dtype="bf16")

    yield sequence_reduce("an empty response first, between and last", [1.0, 2.0, 4.0, -8.0], [0, 0, 3, 3, 4, 4])
    yield sequence_reduce("cancellation", [2.0**24, 1.0, -(2.0**24)], [0, 3])
    backwards = {"values": [1.0, 2.0, 3.0], "offsets": [0, 2, 1, 3]}
    yield refusal("sequence_reduce", "offsets that decrease", backwards, "OUT_OF_RANGE", 1)

    log = random_log(generator, [1, 3, 2, 5])
    transforms = [("identity", 0.0), ("clip", 1.3), ("power", 0.5), ("shrinkage", 2.0), ("sub-gaussian", 0.3)]
    for level in ("response", "slate", "geometric"):
        for transform, t in transforms:
            yield weights(log, level, transform, t)
    far = {"log_prob": [-1.0, 0.0, -1.0], "logging_log_prob": [-1.0, -710.0, -1.0], "slate_offsets": [0, 1, 3]}
    named = {"level": "response", "transform": "identity", "parameter": 0.0}
    yield refusal("weights", "a weight that is no double", far | named, "WEIGHT_OVERFLOW", 1)
    yield weights(far, "slate", "clip", 10.0)
    yield refusal("weights", "infinite", far | named | {"log_prob": [-1.0, -inf, 0.0]}, "NON_FINITE", 1)

    with_entropy = random_log(generator, [2, 1, 4], entropy=True)
    negative = log | {"reward": [x - 0.5 for x in log["reward"]]}
    for estimator in ("slate", "decomposed", "bound"):
        for form in ("expected", "soft", "gated"):
            o = {"estimator": estimator, "form": form, "transform": "identity", "reduction": "sum"}
            o |= {"lambda_cu": 1.0, "lambda_div": 0.7, "parameter": 0.0}
            clipped = o | {"transform": "clip", "parameter": 1.3, "reduction": "mean"}
            for name, data, objective in (
                (f"{estimator}, {form}", log, o),
                (f"{estimator}, {form}, entropies and query weights", with_entropy, o),
                (f"{estimator}, {form}, clipped, mean", log, clipped),
                (f"{estimator}, {form}, rewards of both signs", negative, o | {"lambda_div": -0.2}),
            ):
                yield slate_value(name, data, objective)
                yield slate_coefficients(name, data, objective)
    soft = {"estimator": "decomposed", "form": "soft", "transform": "identity", "reduction": "sum"}
    soft |= {"lambda_cu": 1.0, "lambda_div": 0.0, "parameter": 0.0}
    for function in ("slate_value", "slate_coefficients"):
        yield refusal(function, "a weight that is no double", far | {"reward": [1.0] * 3, "objective": soft}, "WEIGHT_OVERFLOW", 1)
        empty = log | {"slate_offsets": [0, 1, 1, 11], "objective": soft}
        yield refusal(function, "an empty slate", empty, "OUT_OF_RANGE", 1)


def plain(value):
    """JSON has no NaN and no infinity: they are the strings "nan", "inf" and "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [plain(x) for x in value]
    return {key: plain(x) for key, x in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(plain(v), separators=(",", ":")) for v in all_vectors())
    sys.stdout.write('{"abi":1,"vectors":[\n' + lines + "\n]}\n")
