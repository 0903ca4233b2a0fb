"""A Llama in torch, with the fused functions that torch brings (attention, norms, AdamW), and one step of training it, also compiled
and in bf16 by autocast: the peer of bench/training-step.mjs. Reads the folder that bench/harness/random-llama.mjs wrote, and from batch.json of it the token ids of the sequences and how
many of them are the prompt, which all sequences have of the same length."""
import json
import os
import struct

import numpy
import torch
import torch.nn.functional as F


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = numpy.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
        yield name, torch.nn.Parameter(torch.from_numpy(values.copy()))


def rotated(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine


class Llama:
    def __init__(self, folder):
        with open(os.path.join(folder, "config.json")) as file:
            self.config = json.load(file)
        self.weights = dict(read_safetensors(os.path.join(folder, "model.safetensors")))

    def hidden(self, ids):
        config = self.config
        heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
        batch, length = ids.shape
        width = config["hidden_size"] // heads
        norm = lambda x, weight: F.rms_norm(x, weight.shape, weight, config["rms_norm_eps"])
        frequencies = config["rope_theta"] ** (-torch.arange(0, width, 2).float() / width)
        angles = torch.outer(torch.arange(length).float(), frequencies).repeat(1, 2)
        cosine, sine = angles.cos(), angles.sin()
        x = F.embedding(ids, self.weights["model.embed_tokens.weight"])
        for layer in range(config["num_hidden_layers"]):
            weight = lambda name: self.weights[f"model.layers.{layer}.{name}.weight"]
            split = lambda y, count: y.view(batch, length, count, width).transpose(1, 2)
            y = norm(x, weight("input_layernorm"))
            query = rotated(split(F.linear(y, weight("self_attn.q_proj")), heads), cosine, sine)
            key = rotated(split(F.linear(y, weight("self_attn.k_proj")), shared), cosine, sine)
            value = split(F.linear(y, weight("self_attn.v_proj")), shared)
            attention = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
            x = x + F.linear(attention.transpose(1, 2).reshape(batch, length, -1), weight("self_attn.o_proj"))
            y = norm(x, weight("post_attention_layernorm"))
            gated = F.silu(F.linear(y, weight("mlp.gate_proj"))) * F.linear(y, weight("mlp.up_proj"))
            x = x + F.linear(gated, weight("mlp.down_proj"))
        return norm(x, self.weights["model.norm.weight"])


class Training:
    """Steps of AdamW on the mean log-probability of the responses."""

    def __init__(self, folder, lr, autocast, compiled):
        self.model = Llama(folder)
        with open(os.path.join(folder, "batch.json")) as file:
            batch = json.load(file)
        self.ids, self.prompt = torch.tensor(batch["ids"]), batch["prompt"]
        self.optimizer = torch.optim.AdamW(self.model.weights.values(), lr=lr, weight_decay=0.0, fused=True)
        self.autocast = autocast
        self.loss = torch.compile(self.mean_loss) if compiled else self.mean_loss

    def mean_loss(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            # Logits of the rows that predict a response, no others.
            rows = self.model.hidden(self.ids)[:, self.prompt - 1 : -1]
            logits = F.linear(rows, self.model.weights["model.embed_tokens.weight"])
        return F.cross_entropy(logits.flatten(0, 1).float(), self.ids[:, self.prompt :].flatten())

    def step(self):
        """The loss before the step."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss.item()
