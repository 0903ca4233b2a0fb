"""The work of the GPU benchmark by its peers, on the same shapes: torch eager, torch.compile, and Liger and flash-attn where they import.

    python3 bench/gpu/peers.py --out FILE [--device cuda|cpu] [--quick]

Medians with inputs larger than the second-level cache. torch keeps all logits of a head; where they do not fit, the row is
left out. --quick takes tiny shapes, on any device: to see that it runs.
"""

import argparse
import json
import math
import pathlib

import torch
from peer_timing import choose_device, describe_device, first_line, median_ms, start_afresh

HEADS = [
    ("H 4096, V 131072", 4096, 131072),
    ("Llama-3.2-1B", 2048, 128256),
    ("Llama-3.2-3B", 3072, 128256),
    ("Qwen3-4B", 2560, 151936),
    ("Phi-3.5-mini", 3072, 32064),
]
ATTENTION = [
    ("Llama-3.2-1B", 32, 8, 64),
    ("Llama-3.2-3B", 24, 8, 128),
    ("Qwen3-4B", 32, 8, 128),
    ("Phi-3.5-mini", 32, 32, 96),
]
# What is unpacked, a long sequence, two prompts' samples with their keys, a long context.
BATCHES = {"unpacked": (128, 576), "long": (1, 8192), "samples": (100, 576), "context": (1, 16448)}
VOCABULARIES = (128256, 151936, 32000, 32064)
QUICK_BATCHES = {"unpacked": (2, 5), "long": (1, 20), "samples": (3, 5), "context": (1, 20)}
SCALE = 0.8
rows = []


def report(device, group, name, shape, make):
    """Times what make() returns; a peer that fails says so and is left out."""
    start_afresh(device)
    try:
        ms = median_ms(make(), device, warm=3, least=10, most=100, enough_ms=300)
    except Exception as error:  # a peer may lack memory, a compiler or a function
        print(f"{name:44} {shape:26} left out: {first_line(error)}", flush=True)
        return
    print(f"{name:44} {shape:26} {ms:9.3f} ms", flush=True)
    rows.append({"group": group, "name": name, "shape": shape, "dtype": "bf16", "ms": ms})


def compiled(function):
    """For one shape: what was compiled before is forgotten, lest it be made to fit all shapes."""
    torch.compiler.reset()
    return torch.compile(function, dynamic=False)


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


def bench_logits(device, rows_of_logits, vocab):
    shape = f"[{rows_of_logits}, {vocab}]"
    targets = torch.randint(vocab, (rows_of_logits,), device=device)
    g, h = torch.randn(2, rows_of_logits, device=device)
    logits = (3 * torch.randn(rows_of_logits, vocab, device=device, dtype=torch.bfloat16)).requires_grad_()
    for name, function in (("torch", log_probs_and_entropy), ("torch.compile", compiled(log_probs_and_entropy))):
        report(device, "token_logprobs", f"{name}: log-prob + entropy", shape, lambda f=function: no_grad(f, logits, targets))
        report(device, "token_logprobs", f"{name}: forward + gradient", shape,
               lambda f=function: backward_of(f, [logits], targets, g, h))


def bench_head(device, rows_of_hidden, model, width, vocab):
    shape = f"M {rows_of_hidden} H {width} V {vocab}"
    targets = torch.randint(vocab, (rows_of_hidden,), device=device)
    g, h = torch.randn(2, rows_of_hidden, device=device)
    hidden = torch.randn(rows_of_hidden, width, device=device, dtype=torch.bfloat16).requires_grad_()
    weight = (torch.randn(vocab, width, device=device, dtype=torch.bfloat16) * (2 / math.sqrt(width))).requires_grad_()
    for name, function in (("torch", head), ("torch.compile", compiled(head))):
        report(device, "heads", f"{model}, {name}, forward", shape, lambda f=function: no_grad(f, hidden, weight, targets))
        report(device, "heads", f"{model}, {name}, + backward", shape,
               lambda f=function: backward_of(f, [hidden, weight], targets, g, h))

    # Liger's fused head gives the mean loss, without entropies, and forms its gradients in the forward pass, the weight's in bf16.
    def liger():
        from liger_kernel.transformers.functional import liger_fused_linear_cross_entropy

        def run():
            hidden.grad = weight.grad = None
            liger_fused_linear_cross_entropy(hidden, weight, targets).backward()

        return run

    report(device, "heads", f"{model}, Liger cross entropy, + backward", shape, liger)


def bench_attention(device, batches, model, heads, kv, head_size):
    """128 sequences of 512 + 64 tokens, what 8 slates are to those who cannot pack; one of 8192; one new token each."""
    scale = 1 / math.sqrt(head_size)

    def tensors(count, queries, keys):
        def tensor(number, length):
            return torch.randn(count, number, length, head_size, device=device, dtype=torch.bfloat16).requires_grad_()

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
        for how, batch in (("unpacked", "unpacked"), ("a long sequence", "long")):
            count, length = batches[batch]
            shape = f"{count * length} rows"
            inputs = tensors(count, length, length)
            row = f"{model}, {name}, {how}"
            report(device, "attention", row, shape, lambda f=function, i=inputs: no_grad(f, *i))
            report(device, "attention", f"{row}, backward", shape, lambda f=function, i=inputs: backward(f, i))
        for how, batch in (("decode, 50 samples of 2 prompts", "samples"), ("decode, one long context", "context")):
            count, length = batches[batch]
            inputs = tensors(count, 1, length)
            report(device, "attention", f"{model}, {name}, {how}", f"{count} rows, {count * length} keys",
                   lambda f=function, i=inputs: no_grad(f, *i, False))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", choices=["cuda", "cpu"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    device = choose_device(options.device)
    versions = {"torch": torch.__version__, "device": describe_device(device)}

    def save():  # after each group: what there is stays where a later one is cut off
        pathlib.Path(options.out).write_text(json.dumps({**versions, "times": rows}, indent=1))

    if options.quick:
        bench_logits(device, 5, 33)
        bench_head(device, 5, "tiny", 16, 33)
        bench_attention(device, QUICK_BATCHES, "tiny", 4, 2, 8)
        save()
        return
    for attention in ATTENTION:
        bench_attention(device, BATCHES, *attention)
        save()
    for each in HEADS:
        bench_head(device, 8192, *each)
        save()
    for vocab in VOCABULARIES:
        bench_logits(device, 8192, vocab)
        save()


if __name__ == "__main__":
    main()
