"""As much of PyTorch as pope_native uses, with a GPU whose memory is the host's: for a library of kernels that native/simt
runs on the host. install() makes it what `import torch` finds."""

import sys
import types
from array import array
from contextlib import contextmanager

_LETTERS = {"float32": "f", "float64": "d", "int32": "i", "int64": "q", "float16": "H", "bfloat16": "H"}


class Device:
    def __init__(self, type):
        self.type = type

    def __eq__(self, other):
        return isinstance(other, Device) and self.type == other.type

    def __str__(self):
        return self.type


class Tensor:
    def __init__(self, values, dtype, device="cuda", contiguous=True):
        self.dtype, self.device, self._contiguous = "torch." + dtype, Device(device), contiguous
        self.values = array(_LETTERS[dtype], values)
        self.shape = (len(self.values),)

    def data_ptr(self):
        return self.values.buffer_info()[0] if self.values else 0

    def numel(self):
        return len(self.values)

    def is_contiguous(self):
        return self._contiguous

    def reshape(self, _):
        return self

    def __getitem__(self, i):
        return self.values[i]

    def tolist(self):
        return self.values.tolist()


entered = []


@contextmanager
def _current(device):
    entered.append(str(device))
    yield


def install():
    torch = types.ModuleType("torch")
    for name in _LETTERS:
        setattr(torch, name, name)
    torch.empty = lambda count, dtype, device: Tensor([0] * count, dtype, str(device))
    torch.cuda = types.SimpleNamespace(
        device=_current, current_stream=lambda device: types.SimpleNamespace(cuda_stream=0)
    )
    sys.modules["torch"] = torch
    return torch
