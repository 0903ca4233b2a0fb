"""The work of models.mjs by torch, transformers and peft: shapes (shapes.json), numbers of tokens and rows of the table as there.

    python3 bench/gpu/model_peers.py --out FILE [--device cuda|cpu] [--models NAME,..] [--slates 8] [--checkpointing] [--quick]

--quick takes the tiny model and little work, on any device: to see that it runs.

Rows of "unpacked" are what most people write: every response behind its own copy of the prompt. Rows of "packed" are what a
careful user writes without kernels of his own: a slate is one sequence, and a boolean mask [tokens, tokens] keeps responses
apart (scaled_dot_product_attention then takes its memory-efficient kernel, not the flash one).

Precision. Scores and samples come from weights in bf16, as pope score holds them. What pope align does (f32 weights and
moments, products in bf16) is torch's "autocast": compare with these rows. Rows of "bf16 weights" hold weights, gradients and
moments in bf16, which is quicker and smaller, and in which a step of 1e-6 is lost to rounding in most weights. LoRA holds its
base in bf16 and its adapters in f32 on both sides, on the matrices that peft takes by default. Samples are drawn from all of
the vocabulary, four prompts at a time: the caches of all eight would not fit beside the larger models, since every sample has
its own copy of the prompt's.
"""

import argparse
import contextlib
import json
import pathlib
from dataclasses import dataclass

import torch
import transformers
from peer_timing import choose_device, describe_device, first_line, median_ms, peak_bytes, start_afresh

SHAPES = json.loads((pathlib.Path(__file__).parent / "shapes.json").read_text())
RESPONSES = 16
ROWS_AT_ONCE = 16  # sequences of a pass without packing, so that activations fit; a quarter as many packed slates
PROMPTS_AT_ONCE = 4
rows = []


@dataclass
class Work:
    prompt: int = 512
    length: int = 64
    samples: int = 50
    new_tokens: int = 128


def build(name, dtype, device):
    config = transformers.AutoConfig.for_model(max_position_embeddings=4096, **SHAPES[name])
    with device:
        return transformers.AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")


def chosen_log_probs(logits, targets):
    return torch.log_softmax(logits.float(), -1).gather(2, targets[..., None])[..., 0]


def log_probs_and_entropy(logits, targets):
    log_p = torch.log_softmax(logits.float(), -1)
    return log_p.gather(2, targets[..., None])[..., 0], -(log_p.exp() * log_p).sum(-1)


def unpacked(model, prompts, responses, head):
    """head(logits, targets) of the responses [slates, responses, length] behind a copy each of their prompts [slates, prompt];
    yields passes."""
    length = responses.shape[2]
    behind = prompts[:, None].expand(-1, responses.shape[1], -1)
    sequences = torch.cat([behind, responses], 2).flatten(0, 1)
    for some in sequences.split(ROWS_AT_ONCE):
        logits = model(input_ids=some[:, :-1], use_cache=False, logits_to_keep=length).logits
        yield head(logits, some[:, -length:])


def packed(model, prompts, responses, head):
    """The same with each slate as one sequence; the last token of a response is predicted only."""
    (_, prompt), (_, count, length) = prompts.shape, responses.shape
    own = length - 1
    device = prompts.device
    slate = torch.arange(count, device=device).repeat_interleave(own)
    member = torch.cat([torch.full((prompt,), -1, device=device), slate])
    place = torch.arange(len(member), device=device)
    mask = (place[:, None] >= place) & ((member == -1) | (member[:, None] == member))
    positions = torch.cat([place[:prompt], prompt + torch.arange(own, device=device).repeat(count)])
    starts = prompt + own * torch.arange(count, device=device)[:, None]
    before_first = torch.full((count, 1), prompt - 1, device=device)
    kept = torch.cat([before_first, starts + torch.arange(own, device=device)], 1).flatten()
    for some, answers in zip(prompts.split(ROWS_AT_ONCE // 4), responses.split(ROWS_AT_ONCE // 4)):
        logits = model(
            input_ids=torch.cat([some, answers[:, :, :-1].flatten(1)], 1),
            attention_mask=mask[None, None].expand(len(some), 1, -1, -1),
            position_ids=positions[None].expand(len(some), -1),
            use_cache=False,
            logits_to_keep=kept,
        ).logits
        yield head(logits, answers.flatten(1))


def score(model, how, prompts, responses):
    def run():
        with torch.no_grad():
            for _ in how(model, prompts, responses, log_probs_and_entropy):
                pass

    return run


def generate(model, prompts, work):
    def run():
        for some in prompts.split(PROMPTS_AT_ONCE):
            model.generate(some, attention_mask=torch.ones_like(some), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                           num_return_sequences=work.samples, min_new_tokens=work.new_tokens,
                           max_new_tokens=work.new_tokens, pad_token_id=0)

    return run


def gradient(model, how, prompts, responses, loss_of, precision=contextlib.nullcontext):
    """Adds the gradients of loss_of(sums of log-probabilities [.., responses]), pass by pass, to those of the model."""
    def run():
        count = responses.shape[1]
        passes = how(model, prompts, responses, chosen_log_probs)
        while True:
            with precision():
                log_probs = next(passes, None)
            if log_probs is None:
                return
            sums = log_probs.reshape(-1, count, responses.shape[2]).sum(2)
            (loss_of(sums) / len(prompts)).backward()

    return run


def gradient_alone(model, *arguments):
    add = gradient(model, *arguments)

    def run():
        add()
        model.zero_grad(set_to_none=True)

    return run


def step(model, *arguments):
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6, fused=True)
    add = gradient(model, *arguments)

    def run():
        add()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return run


def importance_weighted(sums):
    # POPE's objective has another coefficient for each response, at no cost: what is timed is the passes.
    return -(torch.exp(sums - sums.detach()) * torch.linspace(0, 1, sums.shape[1], device=sums.device)).sum()


def sft(sums):
    return -sums.sum()


def dpo(sums):
    return -torch.nn.functional.logsigmoid(0.1 * (sums[:, 0] - sums[:, 1])).sum()


def report(name, model, what, tokens, make):
    """Times what make() returns; work that does not fit or is not there is left out, with the reason."""
    device = model.device
    start_afresh(device)
    try:
        ms = median_ms(make(), device, warm=1, least=2, most=5, enough_ms=10e3)
    except Exception as error:  # a lack of memory, of a package or of a function
        model.zero_grad(set_to_none=True)
        print(f"{name:14} {what:52} left out: {first_line(error)}", flush=True)
        return
    parameters = {"parameters": model.num_parameters(), "trained": model.num_parameters(only_trainable=True)}
    peak = peak_bytes(device)
    rows.append({"model": name, "what": what, "ms": ms, "tokensPerSecond": tokens / ms * 1e3, "peakBytes": peak, **parameters})
    memory = "" if peak is None else f"  peak {peak * 1e-9:.2f} GB"
    print(f"{name:14} {what:52} {ms:10.1f} ms {tokens / ms * 1e3:9.0f} response tokens/s{memory}", flush=True)


def bench(name, slates, work, device, checkpointing):
    vocabulary = SHAPES[name]["vocab_size"]
    prompts = torch.randint(vocabulary, (slates, work.prompt), device=device)
    responses = torch.randint(vocabulary, (slates, RESPONSES, work.length), device=device)
    pairs, single = responses[:, :2], responses[:, :1]
    tokens, group = responses.numel(), f"{RESPONSES} responses"
    layouts = {"packed": packed, "unpacked": unpacked}

    def row(model, what, count, make, *arguments):
        report(name, model, what, count, lambda: make(model, *arguments))

    def training(kind):
        model = build(name, torch.float32 if kind == "autocast" else torch.bfloat16, device)
        model.train()
        if checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if kind == "LoRA 8":
            import peft

            fused = SHAPES[name]["model_type"] == "phi3"
            targets = ["qkv_proj"] if fused else ["q_proj", "v_proj"]
            model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM"))
        return model

    def autocast():
        return torch.autocast(device.type, torch.bfloat16)

    model = build(name, torch.bfloat16, device).eval()
    for layout, how in layouts.items():
        row(model, f"score, {group}, {layout}", tokens, score, how, prompts, responses)
    row(model, f"generate {work.samples} samples", slates * work.samples * work.new_tokens, generate, prompts, work)
    del model

    model = training("autocast")
    for layout, how in layouts.items():
        some = (how, prompts, responses, importance_weighted, autocast)
        row(model, f"gradient, {group}, {layout}, autocast", tokens, gradient_alone, *some)
        row(model, f"step of POPE, {group}, {layout}, autocast", tokens, step, *some)
    row(model, "step of SFT, one response, autocast", single.numel(), step, unpacked, prompts, single, sft, autocast)
    row(model, "step of DPO, 2 responses, autocast", pairs.numel(), step, unpacked, prompts, pairs, dpo, autocast)
    del model

    model = training("bf16 weights")
    row(model, f"step of POPE, {group}, packed, bf16 weights", tokens, step, packed, prompts, responses, importance_weighted)
    row(model, "step of SFT, one response, bf16 weights", single.numel(), step, unpacked, prompts, single, sft)
    row(model, "step of DPO, 2 responses, bf16 weights", pairs.numel(), step, unpacked, prompts, pairs, dpo)
    del model

    try:
        model = training("LoRA 8")
    except ImportError as error:
        print(f"{name:14} LoRA left out: {first_line(error)}", flush=True)
        return
    for layout, how in layouts.items():
        some = (how, prompts, responses, importance_weighted, autocast)
        row(model, f"step of POPE, {group}, {layout}, LoRA 8", tokens, step, *some)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", choices=["cuda", "cpu"])
    parser.add_argument("--models")
    parser.add_argument("--slates", type=int)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    device = choose_device(options.device)
    quick = options.quick
    work = Work(prompt=32, length=8, samples=5, new_tokens=8) if quick else Work()
    names = options.models or ("tiny" if quick else ",".join(name for name in SHAPES if name != "tiny"))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "device": describe_device(device)}
    for name in names.split(","):
        bench(name, options.slates or (2 if quick else 8), work, device, options.checkpointing)
        start_afresh(device)
        # After each model: what there is stays where a later one is cut off.
        pathlib.Path(options.out).write_text(json.dumps({**versions, "times": rows}, indent=1))


if __name__ == "__main__":
    main()
