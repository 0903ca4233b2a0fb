"""What the peers are timed with: between device events where there is a GPU, by the clock where there is none."""

import gc
import statistics
import time

import torch


def choose_device(name):
    """What a command line names, or else the GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def describe_device(device):
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def milliseconds(run, device):
    if device.type != "cuda":
        begin = time.perf_counter()
        run()
        return (time.perf_counter() - begin) * 1e3
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def median_ms(run, device, warm, least, most, enough_ms):
    """Median of `least` to `most` runs, no more than `enough_ms` take, after `warm` more."""
    for _ in range(warm):
        run()
    times = []
    while len(times) < least or (sum(times) < enough_ms and len(times) < most):
        times.append(milliseconds(run, device))
    return statistics.median(times)


def start_afresh(device):
    """Gives back what the work before held."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device):
    """Of device memory since start_afresh; null where there is no GPU."""
    return torch.cuda.max_memory_allocated() if device.type == "cuda" else None


def first_line(error):
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:100]}"
