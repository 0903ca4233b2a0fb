"""Kernels of a network by torch, with its fused functions: for bench/network-kernels.mjs through python_peers.py."""
import torch
from torch.nn import functional


def values(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()


def attention(rows, heads, key_value_heads, head):
    q, k, v = (values(rows, count, head) for count in (heads, key_value_heads, key_value_heads))
    per_head = lambda x: x.transpose(0, 1)[None]

    def run():
        # The default scale is head**-0.5.
        out = functional.scaled_dot_product_attention(*map(per_head, (q, k, v)), is_causal=True, enable_gqa=True)
        return out[0].transpose(0, 1).reshape(rows, heads * head)

    return run, (q, k, v)


def rms_norm(rows, width):
    x, weight = values(rows, width), values(width)
    return lambda: functional.rms_norm(x, (width,), weight, 1e-5), (x, weight)


def layer_norm(rows, width):
    x, weight, bias = values(rows, width), values(width), values(width)
    return lambda: functional.layer_norm(x, (width,), weight, bias), (x, weight, bias)


def swiglu(rows, width):
    gate, up = values(rows, width), values(rows, width)
    return lambda: functional.silu(gate) * up, (gate, up)


def fused_head(rows, width, vocab):
    hidden, weight, targets = values(rows, width), values(vocab, width), torch.arange(rows) * 7919 % vocab
    return lambda: functional.cross_entropy(hidden @ weight.T, targets, reduction="none"), (hidden, weight)


def adamw(count):
    parameter = values(count)
    parameter.grad = torch.ones(count)
    return torch.optim.AdamW([parameter], lr=1e-3, fused=True).step, ()


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
