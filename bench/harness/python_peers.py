"""numpy (and torch, where it is installed) as peers: answers requests of bench/harness/numpy.mjs, one per line, with the
milliseconds of one call by its own clock. Arguments are made once per shape, outside of the time."""
import json
import sys
import time

import numpy

try:
    import torch
except ImportError:
    torch = None

made = {}


def arrays(*shape_of_each):
    key = tuple(shape_of_each)
    if key not in made:
        generator = numpy.random.default_rng(0)
        made[key] = [generator.standard_normal(shape, dtype=numpy.float32) for shape in shape_of_each]
    return made[key]


def matmul(m, k, n):
    a, b = arrays((m, k), (k, n))
    return lambda: a @ b


def log_probs(rows, vocab):
    (logits,) = arrays((rows, vocab))
    targets = numpy.arange(rows) * 7919 % vocab

    def run():
        shifted = logits - logits.max(axis=1, keepdims=True)
        p = numpy.exp(shifted)
        total = p.sum(axis=1)
        log_total = numpy.log(total)
        return shifted[numpy.arange(rows), targets] - log_total, log_total - (p * shifted).sum(axis=1) / total

    return run


def torch_log_probs(rows, vocab):
    (logits,) = arrays((rows, vocab))
    z, targets = torch.from_numpy(logits), (torch.arange(rows) * 7919 % vocab)[:, None]

    def run():
        with torch.no_grad():
            log_p = torch.log_softmax(z, -1)
            return log_p.gather(1, targets), -(log_p.exp() * log_p).sum(-1)

    return run


WORK = {"matmul": matmul, "log_probs": log_probs, "torch_log_probs": torch_log_probs}

for line in sys.stdin:
    name, *sizes = line.split()
    if name == "versions":
        answer = json.dumps({"numpy": numpy.__version__, "torch": torch and torch.__version__})
    else:
        work = WORK[name](*map(int, sizes))
        start = time.perf_counter()
        work()
        answer = f"{(time.perf_counter() - start) * 1e3:.6f}"
    print(answer, flush=True)
