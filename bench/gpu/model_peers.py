"""The work of models.mjs by torch and transformers, as most people would write it: no packing, every response behind its
own copy of the prompt; shapes, numbers of tokens and rows of the table as there. Needs a GPU; peft for the rows of LoRA.

    python3 bench/gpu/model_peers.py --out peers-models.json [--dtype float32|bfloat16] [--slates 8] [--checkpointing]
"""

import argparse
import json
import statistics

import torch
import transformers

LLAMA = dict(vocab_size=128256, num_key_value_heads=8, intermediate_size=8192, rope_theta=500000.0, rms_norm_eps=1e-5,
             tie_word_embeddings=True)
MODELS = {
    "Llama-3.2-1B": ("LlamaConfig", dict(LLAMA, hidden_size=2048, num_hidden_layers=16, num_attention_heads=32,
                                         head_dim=64)),
    "Llama-3.2-3B": ("LlamaConfig", dict(LLAMA, hidden_size=3072, num_hidden_layers=28, num_attention_heads=24,
                                         head_dim=128)),
    "Qwen3-4B": ("Qwen3Config", dict(vocab_size=151936, hidden_size=2560, num_hidden_layers=36, num_attention_heads=32,
                                     num_key_value_heads=8, head_dim=128, intermediate_size=9728, rope_theta=1e6,
                                     tie_word_embeddings=True)),
    "Phi-3.5-mini": ("Phi3Config", dict(vocab_size=32064, hidden_size=3072, num_hidden_layers=32, num_attention_heads=32,
                                        num_key_value_heads=32, intermediate_size=8192, pad_token_id=0)),
}
PROMPT, LENGTH, RESPONSES, SAMPLES, NEW_TOKENS = 512, 64, 16, 50, 128
SEQUENCES_AT_ONCE = 16  # whose logits fit
rows = []


def log_probs(model, ids):
    """Of the last LENGTH tokens of each sequence [sequences, LENGTH]."""
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=LENGTH + 1).logits[:, :-1].float()
    return torch.log_softmax(logits, -1).gather(2, ids[:, -LENGTH:, None])[..., 0]


def sequences(vocabulary, count):
    return torch.randint(vocabulary, (count, PROMPT + LENGTH), device="cuda")


def score(model, ids):
    def run():
        with torch.no_grad():
            for some in ids.split(SEQUENCES_AT_ONCE):
                log_probs(model, some)

    return run


def generate(model, prompts):
    def run():
        model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=True, num_return_sequences=SAMPLES,
                       min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS, pad_token_id=0)

    return run


def step(model, ids, loss_of, group):
    """One AdamW step over all sequences; those of a group come into one term of the loss."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6, fused=True)

    def run():
        for some in ids.split(max(group, SEQUENCES_AT_ONCE)):
            (loss_of(log_probs(model, some).sum(-1)) / len(ids)).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return run


def importance_weighted(sums):
    # POPE's objective has another coefficient for each response, at no cost: what is timed is the passes.
    return -(torch.exp(sums - sums.detach()) * torch.linspace(0, 1, len(sums), device="cuda")).sum()


def dpo(sums):
    return -torch.nn.functional.logsigmoid(0.1 * (sums[0::2] - sums[1::2])).sum()


def report(name, what, tokens, make):
    """Times what make() returns; work that does not fit or is not there is left out, with the reason."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        run = make()
        times = []
        for _ in range(6):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            run()
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end))
    except Exception as error:  # a lack of memory, of a package or of a function
        print(f"{name:14} {what:36} left out: {type(error).__name__}: {str(error).splitlines()[0][:80]}", flush=True)
        return
    ms = statistics.median(times[1:])
    peak = torch.cuda.max_memory_allocated()
    rows.append({"model": name, "what": what, "ms": ms, "tokensPerSecond": tokens / ms * 1e3, "peakBytes": peak})
    print(f"{name:14} {what:36} {ms:10.1f} ms {tokens / ms * 1e3:9.0f} response tokens/s  peak {peak * 1e-9:.2f} GB",
          flush=True)


def bench(name, slates, dtype, checkpointing):
    kind, shape = MODELS[name]
    config = getattr(transformers, kind)(max_position_embeddings=4096, **shape)
    config._attn_implementation = "sdpa"
    with torch.device("cuda"):
        model = transformers.AutoModelForCausalLM.from_config(config, torch_dtype=dtype)
    all_responses = sequences(config.vocab_size, slates * RESPONSES)
    pairs, single = all_responses[: slates * 2], all_responses[:slates]

    model.eval()
    report(name, "score, 16 responses, unpacked", slates * RESPONSES * LENGTH, lambda: score(model, all_responses))
    report(name, "generate 50 samples", slates * SAMPLES * NEW_TOKENS, lambda: generate(model, single[:, :PROMPT]))
    model.train()
    if checkpointing:
        model.gradient_checkpointing_enable()

    def steps(kind):
        pope = slates * RESPONSES * LENGTH
        report(name, f"step of POPE, 16 responses{kind}", pope,
               lambda: step(model, all_responses, importance_weighted, RESPONSES))
        report(name, f"step of SFT, one response{kind}", slates * LENGTH,
               lambda: step(model, single, lambda s: -s.sum(), 1))
        report(name, f"step of DPO, 2 responses{kind}", slates * 2 * LENGTH, lambda: step(model, pairs, dpo, 2))

    steps("")
    try:
        import peft
    except ImportError:
        return
    model.zero_grad(set_to_none=True)
    lora = peft.LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model = peft.get_peft_model(model, lora)
    steps(", LoRA 8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--dtype", default="bfloat16", choices=["float32", "bfloat16"])
    parser.add_argument("--slates", type=int, default=8)
    parser.add_argument("--checkpointing", action="store_true")
    options = parser.parse_args()
    for name in options.models.split(","):
        bench(name, options.slates, getattr(torch, options.dtype), options.checkpointing)
        torch.cuda.empty_cache()
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "dtype": options.dtype}
    with open(options.out, "w") as file:
        json.dump({**versions, "device": torch.cuda.get_device_name(), "times": rows}, file, indent=1)


if __name__ == "__main__":
    main()
