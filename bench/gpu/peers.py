"""The work of the GPU benchmark by its peers, on the same shapes: torch eager, torch.compile, and Liger where it imports.

Times are medians between device events with inputs larger than the second-level cache. torch keeps all logits of a head;
where they do not fit, the row is left out.
"""

import argparse
import json
import math
import statistics

import torch

HEADS = [
    ("Llama-3.2-1B", 2048, 128256),
    ("Llama-3.2-3B", 3072, 128256),
    ("Qwen3-4B", 2560, 151936),
    ("Phi-3.5-mini", 3072, 32064),
    ("H 4096, V 131072", 4096, 131072),
]
ATTENTION = [
    ("Llama-3.2-1B", 32, 8, 64),
    ("Llama-3.2-3B", 24, 8, 128),
    ("Qwen3-4B", 32, 8, 128),
    ("Phi-3.5-mini", 32, 32, 96),
]
ROWS = 8192
SCALE = 0.8
rows = []


def median_ms(run):
    for _ in range(3):
        run()
    times = []
    while len(times) < 10 or (sum(times) < 500 and len(times) < 100):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def report(group, name, shape, make):
    """Times what make() returns; a peer that fails says so and is left out."""
    try:
        torch.cuda.empty_cache()
        ms = median_ms(make())
    except Exception as error:  # a peer may lack memory, a compiler or a function
        print(f"{name:44} {shape:26} left out: {type(error).__name__}: {str(error).splitlines()[0][:80]}")
        return
    print(f"{name:44} {shape:26} {ms:9.3f} ms", flush=True)
    rows.append({"group": group, "name": name, "shape": shape, "dtype": "bf16", "ms": ms})


def log_probs_and_entropy(logits, targets):
    log_p = torch.log_softmax(logits.float(), dim=-1)
    chosen = log_p.gather(1, targets[:, None])[:, 0]
    return chosen, -(log_p.exp() * log_p).sum(-1)


def head(hidden, weight, targets):
    return log_probs_and_entropy(hidden @ weight.T * SCALE, targets)


def backward_of(function, inputs, targets, g, h):
    def run():
        for x in inputs:
            x.grad = None
        log_prob, entropy = function(*inputs, targets)
        torch.autograd.backward([log_prob, entropy], [g, h])

    return run


def no_grad(function, *arguments):
    def run():
        with torch.no_grad():
            function(*arguments)

    return run


def bench_logits(vocab):
    shape = f"[{ROWS}, {vocab}]"
    targets = torch.randint(vocab, (ROWS,), device="cuda")
    g, h = torch.randn(ROWS, device="cuda"), torch.randn(ROWS, device="cuda")
    logits = (3 * torch.randn(ROWS, vocab, device="cuda", dtype=torch.bfloat16)).requires_grad_()
    for name, function in (("torch", log_probs_and_entropy), ("torch.compile", torch.compile(log_probs_and_entropy))):
        report("token_logprobs", f"{name}: log-prob + entropy", shape, lambda f=function: no_grad(f, logits, targets))
        report("token_logprobs", f"{name}: forward + gradient", shape,
               lambda f=function: backward_of(f, [logits], targets, g, h))


def bench_head(model, width, vocab):
    shape = f"M {ROWS} H {width} V {vocab}"
    targets = torch.randint(vocab, (ROWS,), device="cuda")
    g, h = torch.randn(ROWS, device="cuda"), torch.randn(ROWS, device="cuda")
    hidden = torch.randn(ROWS, width, device="cuda", dtype=torch.bfloat16).requires_grad_()
    weight = (torch.randn(vocab, width, device="cuda", dtype=torch.bfloat16) * (2 / math.sqrt(width))).requires_grad_()
    for name, function in (("torch", head), ("torch.compile", torch.compile(head))):
        report("heads", f"{model}, {name}, forward", shape, lambda f=function: no_grad(f, hidden, weight, targets))
        report("heads", f"{model}, {name}, + backward", shape,
               lambda f=function: backward_of(f, [hidden, weight], targets, g, h))

    # Liger's fused head gives the mean loss, without entropies, and forms its gradients in the forward pass.
    def liger():
        from liger_kernel.transformers.functional import liger_fused_linear_cross_entropy

        def run():
            hidden.grad = weight.grad = None
            result = liger_fused_linear_cross_entropy(hidden, weight, targets)
            (result[0] if isinstance(result, tuple) else result).backward()

        return run

    report("heads", f"{model}, Liger cross entropy, + backward", shape, liger)


def bench_attention(model, heads, kv, head):
    """128 sequences of 512 + 64 tokens, what 8 slates are to those who cannot pack; one of 8192; one new token each."""
    scale = 1 / math.sqrt(head)

    def tensors(count, queries, keys):
        def tensor(number, length):
            return torch.randn(count, number, length, head, device="cuda", dtype=torch.bfloat16).requires_grad_()

        return tensor(heads, queries), tensor(kv, keys), tensor(kv, keys)

    def torch_attention(q, k, v, causal=True):
        attend = torch.nn.functional.scaled_dot_product_attention
        return attend(q, k, v, is_causal=causal, scale=scale, enable_gqa=heads != kv)

    def flash(q, k, v, causal=True):
        from flash_attn import flash_attn_func

        return flash_attn_func(*(x.transpose(1, 2) for x in (q, k, v)), softmax_scale=scale, causal=causal)

    def backward(function, inputs):
        out = function(*inputs)
        gradient = torch.randn_like(out)
        return lambda: torch.autograd.grad(out, inputs, gradient, retain_graph=True)

    for name, function in (("torch", torch_attention), ("flash-attn", flash)):
        for how, count, length in (("unpacked", 128, 576), ("a long sequence", 1, 8192)):
            shape = f"{count * length} rows"
            inputs = tensors(count, length, length)
            row = f"{model}, {name}, {how}"
            report("attention", row, shape, lambda f=function, i=inputs: no_grad(f, *i))
            report("attention", f"{row}, backward", shape, lambda f=function, i=inputs: backward(f, i))
        for how, count, length in (("decode, 50 samples of 2 prompts", 100, 576), ("decode, one long context", 1, 16448)):
            inputs = tensors(count, 1, length)
            report("attention", f"{model}, {name}, {how}", f"{count} rows, {count * length} keys",
                   lambda f=function, i=inputs: no_grad(f, *i, False))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    for vocab in (32000, 128256, 151936, 32064):
        bench_logits(vocab)
    for model, width, vocab in HEADS:
        bench_head(model, width, vocab)
    for attention in ATTENTION:
        bench_attention(*attention)
    versions = {"torch": torch.__version__, "device": torch.cuda.get_device_name()}
    with open(out, "w") as file:
        json.dump({**versions, "times": rows}, file, indent=1)


if __name__ == "__main__":
    main()
