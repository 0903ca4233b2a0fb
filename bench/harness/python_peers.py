"""numpy (and torch, where it is installed) as peers: answers requests of bench/harness/python.mjs, one per line, with the
milliseconds of one call by its own clock, or the value that was asked for. What a call needs is made before, once."""
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


def torch_matmul_bf16(m, k, n):
    a, b = (torch.from_numpy(x).bfloat16() for x in arrays((m, k), (k, n)))
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


def torch_log_probs_gradient(rows, vocab):
    (logits,) = arrays((rows, vocab))
    z, targets = torch.from_numpy(logits).requires_grad_(), torch.arange(rows) * 7919 % vocab
    weights = torch.cos(torch.arange(rows))

    def run():
        z.grad = None
        (torch.nn.functional.cross_entropy(z, targets, reduction="none") * weights).sum().backward()

    return run


logs = {}


def log(rounds, k):
    if (rounds, k) not in logs:
        generator = numpy.random.default_rng(0)
        policy = generator.uniform(0.1, 1, (rounds, k))
        policy /= policy.sum(axis=1, keepdims=True)
        columns = {name: generator.uniform(0.1, 1, rounds) for name in ("reward", "propensity")}
        action, q_hat = generator.integers(0, k, rounds), generator.uniform(size=(rounds, k))
        chosen = policy[numpy.arange(rounds), action]
        logs[rounds, k] = {**columns, "policy": policy, "action": action, "q_hat": q_hat, "chosen": chosen}
    return logs[rounds, k]


def ips_small(rounds, k):
    at = log(rounds, k)
    return lambda: (at["chosen"] / at["propensity"] * at["reward"]).mean()


def snips_small(rounds, k):
    at = log(rounds, k)

    def run():
        weights = at["chosen"] / at["propensity"]
        return (weights * at["reward"] / weights.mean()).mean()

    return run


def ips_large(rounds, k):
    at, i = log(rounds, k), numpy.arange(rounds)
    return lambda: (at["policy"][i, at["action"]] / at["propensity"] * at["reward"]).mean()


def dr_large(rounds, k):
    at, i = log(rounds, k), numpy.arange(rounds)

    def run():
        direct = numpy.average(at["q_hat"], weights=at["policy"], axis=1)
        weights = at["policy"][i, at["action"]] / at["propensity"]
        return (direct + weights * (at["reward"] - at["q_hat"][i, at["action"]])).mean()

    return run


def bootstrap(rounds, resamples):
    values = log(rounds, 10)["reward"]

    def run():
        generator = numpy.random.default_rng(1)
        means = [generator.choice(values, size=rounds).mean() for _ in range(resamples)]
        return numpy.percentile(means, [2.5, 97.5])

    return run


trainings = {}


def training(folder, how):
    """how: eager or compiled, then _bf16 where autocast rounds the factors of products."""
    if (folder, how) not in trainings:
        from torch_llama import Training

        trainings[folder, how] = Training(folder, 1e-3, autocast=how.endswith("_bf16"), compiled=how.startswith("compiled"))
    return trainings[folder, how]


def training_step(folder, how):
    return training(folder, how).step


def torch_kernel(name, *sizes):
    import torch_kernels

    return torch_kernels.torch_kernel(name, *sizes)


ESTIMATES = (ips_small, snips_small, ips_large, dr_large, bootstrap)
KERNELS = (matmul, torch_matmul_bf16, log_probs, torch_log_probs, torch_log_probs_gradient, torch_kernel)
WORK = {work.__name__: work for work in (*ESTIMATES, *KERNELS, training_step)}
VALUES = {
    "versions": lambda: {"numpy": numpy.__version__, "torch": torch and torch.__version__},
    "training_loss": lambda folder, how: training(folder, how).loss().item(),
}

for line in sys.stdin:
    name, *arguments = (int(word) if word.isdigit() else word for word in line.split())
    if name in VALUES:
        answer = json.dumps(VALUES[name](*arguments))
    else:
        work = WORK[name](*arguments)
        start = time.perf_counter()
        work()
        answer = f"{(time.perf_counter() - start) * 1e3:.6f}"
    print(answer, flush=True)
