"""Kernels of a network by torch, as a model written with it runs them: for bench/network-kernels.mjs through python_peers.py."""
import torch
from torch.nn import functional


def values(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()


def attention(rows, heads, key_value_heads, head):
    q, k, v = (values(rows, count, head) for count in (heads, key_value_heads, key_value_heads))
    mask = torch.full((rows, rows), float("-inf")).triu(1)

    def run():
        per_head = [x.transpose(0, 1) for x in (q, *(x.repeat_interleave(heads // key_value_heads, 1) for x in (k, v)))]
        scores = per_head[0] @ per_head[1].transpose(1, 2) * head**-0.5 + mask
        return (torch.softmax(scores, -1) @ per_head[2]).transpose(0, 1).reshape(rows, heads * head)

    return run, (q, k, v)


def rms_norm(rows, width):
    x, weight = values(rows, width), values(width)
    return lambda: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * weight, (x, weight)


def layer_norm(rows, width):
    x, weight, bias = values(rows, width), values(width), values(width)
    return lambda: functional.layer_norm(x, (width,), weight, bias), (x, weight, bias)


def swiglu(rows, width):
    gate, up = values(rows, width), values(rows, width)
    return lambda: functional.silu(gate) * up, (gate, up)


def fused_head(rows, width, vocab):
    hidden, weight, targets = values(rows, width), values(vocab, width), (torch.arange(rows) * 7919 % vocab)[:, None]
    return lambda: torch.log_softmax(hidden @ weight.T, -1).gather(1, targets), (hidden, weight)


def adamw(count):
    parameter = values(count)
    parameter.grad = torch.ones(count)
    return torch.optim.AdamW([parameter], lr=1e-3).step, ()


KERNELS = {kernel.__name__: kernel for kernel in (attention, rms_norm, layer_norm, swiglu, fused_head, adamw)}
made = {}


def torch_kernel(name, *sizes):
    """The forward half, or with a name that ends in _backward the other: gradients of the inputs, given that of the result."""
    if (name, sizes) not in made:
        forward, inputs = KERNELS[name.removesuffix("_backward")](*sizes)
        if name.endswith("_backward"):
            result = forward()
            seed = torch.ones_like(result)
            made[name, sizes] = lambda: torch.autograd.grad(result, inputs, seed, retain_graph=True)
        else:
            made[name, sizes] = torch.no_grad()(forward)
    return made[name, sizes]
