"""The policy kernels of POPE for Python: ctypes over the C ABI of native/include/pope.h, standard library alone, no Node.

    import pope_native
    kernels = pope_native.load()
    result = kernels.token_logprobs(logits, targets)

Arrays may be NumPy arrays, torch tensors, array.array, memoryviews or plain lists. Arrays of the right type are passed by
pointer, lists are copied. They must be contiguous. Results are of the kind of the first argument: tensors on its device,
NumPy arrays, or array.array. A call on tensors of a GPU puts its work on the current stream of PyTorch and does not wait;
what only the kernels can see there (a token outside the vocabulary, a number that is not finite) gives NaN instead of an
error. Formulas: docs/theory.md. Units: natural logarithms (nats).
"""

import ctypes
import os
import platform
import sys
from array import array
from collections import namedtuple

ABI_VERSION = 1

_DTYPES = {"f32": 0, "f16": 1, "bf16": 2}
_LEVELS = ("response", "slate", "geometric")
_TRANSFORMS = ("identity", "clip", "power", "shrinkage", "sub-gaussian")
_ESTIMATORS = ("slate", "decomposed", "bound")
_FORMS = ("expected", "soft", "gated")
_REDUCTIONS = ("sum", "mean")
_STATUS = {
    -1: "INVALID_ARGUMENT",
    -2: "SHAPE",
    -3: "OUT_OF_RANGE",
    -4: "NON_FINITE",
    -5: "WEIGHT_OVERFLOW",
    -6: "OUT_OF_MEMORY",
    -7: "UNSUPPORTED",
    -8: "INTERNAL",
}

TokenLogProbs = namedtuple("TokenLogProbs", "log_probs entropies log_sum_exp")
Reduced = namedtuple("Reduced", "sums means")
Weights = namedtuple("Weights", "log_weights weights derivatives")
SlateValue = namedtuple("SlateValue", "value utility diversity contributions utilities diversities response_rewards totals")
Coefficients = namedtuple("Coefficients", "coefficients entropy_coefficients")


class PopeError(Exception):
    """What a kernel refused: `code` as in pope_status, `index` of the offending row, response or slate, or -1."""

    def __init__(self, code, message, index=-1):
        super().__init__(message)
        self.code = code
        self.index = index


# ---- the argument structures, as in pope.h ---------------------------------------------------------------------------


def _buffers(*names):
    return [field for name in names for field in ((name, ctypes.c_void_p), (name + "_count", ctypes.c_int64))]


_SIZE = [("struct_size", ctypes.c_uint32)]
_DEVICE = [("device", ctypes.c_int32), ("stream", ctypes.c_void_p)]
_ROWS = [("dtype", ctypes.c_int32), ("rows", ctypes.c_int64), ("vocab", ctypes.c_int64)]


class _TokenLogProbsArgs(ctypes.Structure):
    _fields_ = _SIZE + _ROWS + _buffers("logits", "targets", "log_probs", "entropies", "log_sum_exp") + _DEVICE


class _TokenLogProbsGradArgs(ctypes.Structure):
    _fields_ = (
        _SIZE
        + _ROWS
        + _buffers("logits", "targets", "log_prob_gradient", "entropy_gradient", "logits_gradient")
        + _DEVICE
    )


class _SequenceReduceArgs(ctypes.Structure):
    _fields_ = _SIZE + [("responses", ctypes.c_int64)] + _buffers("values", "offsets", "sums", "means") + _DEVICE


class _WeightsArgs(ctypes.Structure):
    _fields_ = (
        _SIZE
        + [("level", ctypes.c_int32), ("transform", ctypes.c_int32)]
        + [("transform_parameter", ctypes.c_double), ("slates", ctypes.c_int64)]
        + _buffers("log_prob", "logging_log_prob", "slate_offsets", "log_weights", "weights", "derivatives")
        + _DEVICE
    )


class _Objective(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_int32) for name in ("estimator", "form", "transform", "reduction")]
        + [(name, ctypes.c_double) for name in ("lambda_cu", "lambda_div", "transform_parameter", "baseline")]
        + [("score", ctypes.c_int32), ("reserved", ctypes.c_int32)]
    )


class _SlateLog(ctypes.Structure):
    _fields_ = [("slates", ctypes.c_int64)] + _buffers(
        "log_prob", "logging_log_prob", "reward", "entropy", "slate_offsets", "query_weight"
    )


class _SlateValueArgs(ctypes.Structure):
    _fields_ = (
        _SIZE
        + [("objective", _Objective), ("log", _SlateLog)]
        + _buffers("contributions", "utilities", "diversities", "response_rewards", "totals")
        + _DEVICE
    )


class _SlateCoefficientsArgs(ctypes.Structure):
    _fields_ = (
        _SIZE
        + [("objective", _Objective), ("log", _SlateLog)]
        + _buffers("coefficients", "entropy_coefficients")
        + _DEVICE
    )


_FUNCTIONS = {
    "token_logprobs": _TokenLogProbsArgs,
    "token_logprobs_grad": _TokenLogProbsGradArgs,
    "sequence_reduce": _SequenceReduceArgs,
    "weights": _WeightsArgs,
    "slate_value": _SlateValueArgs,
    "slate_coefficients": _SlateCoefficientsArgs,
}

# ---- arrays ----------------------------------------------------------------------------------------------------------

# A type of elements: its name in messages, in PyTorch and NumPy, the letter of array.array, and those that a buffer of it
# may have. bf16 is a uint16 where there is no tensor; "l" and "q" are the same where a long has 64 bits.
_Element = namedtuple("_Element", "name torch numpy letter formats bytes")
_F32 = _Element("float32", "float32", "float32", "f", "f", 4)
_F64 = _Element("float64", "float64", "float64", "d", "d", 8)
_I32 = _Element("int32", "int32", "int32", "i", "il" if ctypes.sizeof(ctypes.c_long) == 4 else "i", 4)
_I64 = _Element("int64", "int64", "int64", "q", "ql" if ctypes.sizeof(ctypes.c_long) == 8 else "q", 8)
_F16 = _Element("float16", "float16", "float16", "H", "eH", 2)
_BF16 = _Element("bfloat16 (or its bits as uint16)", "bfloat16", "uint16", "H", "H", 2)


def _is_tensor(value):
    return hasattr(value, "data_ptr") and hasattr(value, "is_contiguous")


class _Call:
    """Fills one argument structure. Keeps alive what its pointers refer to, and the kind and device of the results."""

    def __init__(self, library, name, template):
        self._library = library
        self._name = name
        self._template = template
        self._kept = []
        self._device = template.device if _is_tensor(template) else None
        self.args = _FUNCTIONS[name]()

    def fail(self, code, message):
        raise PopeError(code, f"{self._name}: {message}")

    def choice(self, name, value, names):
        if value not in names:
            self.fail("INVALID_ARGUMENT", f"{name} must be one of {', '.join(names)}, not {value!r}")
        return names.index(value)

    def input(self, name, value, element, into=None):
        """Puts a caller's array into the structure; returns its number of elements."""
        into = self.args if into is None else into
        if value is None:
            return 0
        pointer, count = self._tensor(name, value, element) if _is_tensor(value) else self._host(name, value, element)
        setattr(into, name, pointer)
        setattr(into, name + "_count", count)
        return count

    def output(self, name, count, element):
        """An uninitialised array of the kind of the results, put into the structure."""
        if self._device is not None:
            import torch

            result = torch.empty(count, dtype=getattr(torch, element.torch), device=self._device)
        elif hasattr(self._template, "__array_interface__"):
            import numpy

            result = numpy.empty(count, dtype=element.numpy)
        else:
            result = array(element.letter, bytes(element.bytes * count))
        self.input(name, result, element)
        return result

    def run(self):
        """Calls the function; PopeError when it refuses."""
        args = self.args
        args.struct_size = ctypes.sizeof(args)
        if self._on_gpu():
            import torch

            args.device = 1
            args.stream = torch.cuda.current_stream(self._device).cuda_stream
            # The kernels go to the current device of the calling thread.
            with torch.cuda.device(self._device):
                status = self._library.call(self._name, args)
        else:
            status = self._library.call(self._name, args)
        if status != 0:
            error = self._library.last_error()
            raise PopeError(_STATUS.get(status, str(status)), *error)

    def _on_gpu(self):
        return self._device is not None and self._device.type == "cuda"

    def _tensor(self, name, value, element):
        if value.device.type not in ("cpu", "cuda"):
            self.fail("UNSUPPORTED", f"{name} is on {value.device}; the kernels take tensors of the CPU and of CUDA")
        if self._device is None or value.device != self._device:
            expected = "the host" if self._device is None else self._device
            self.fail("INVALID_ARGUMENT", f"{name} is on {value.device}, the first array on {expected}; move one of them")
        dtype = str(value.dtype).rpartition(".")[2]
        if dtype != element.torch:
            self.fail("INVALID_ARGUMENT", f"{name} must be a tensor of {element.torch}, not {dtype}; convert it with .to()")
        if not value.is_contiguous():
            self.fail("INVALID_ARGUMENT", f"{name} is not contiguous; pass {name}.contiguous()")
        self._kept.append(value)
        return value.data_ptr(), value.numel()

    def _host(self, name, value, element):
        if self._on_gpu():
            self.fail("INVALID_ARGUMENT", f"{name} is on the host, the first array on {self._device}; move one of them")
        if isinstance(value, (list, tuple)):
            value = self._copied(name, value, element)
        try:
            view = memoryview(value)
        except TypeError:
            self.fail("INVALID_ARGUMENT", f"{name} must be an array of {element.name} or a list, not a {type(value).__name__}")
        if not view.c_contiguous:
            self.fail("INVALID_ARGUMENT", f"{name} is not contiguous; pass a copy")
        if view.format.lstrip("@=<") not in element.formats or view.itemsize != element.bytes:
            self.fail("INVALID_ARGUMENT", f"{name} must hold {element.name}, its buffer has format {view.format!r}")
        if view.nbytes == 0:
            return None, 0
        kind = ctypes.c_char * view.nbytes
        # ctypes takes the address of writable memory alone; what is read-only is an input, of which a copy will do.
        memory = kind.from_buffer_copy(view) if view.readonly else kind.from_buffer(view)
        self._kept.append(memory)
        return ctypes.addressof(memory), view.nbytes // view.itemsize

    def _copied(self, name, value, element):
        try:
            return array(element.letter, value)
        except (TypeError, OverflowError) as error:
            self.fail("INVALID_ARGUMENT", f"{name} must hold {element.name}: {error}")


# ---- the library -----------------------------------------------------------------------------------------------------


def load(path=None, *, cuda=False):
    """The kernels of one shared library: `path`, else POPE_LIBRARY, else what this package has built or prebuilt.

    cuda: take the library that has kernels for GPUs, too. Raises OSError when there is none that loads.
    """
    path = path or os.environ.get("POPE_LIBRARY")
    if path:
        return Kernels(path)
    candidates = _candidates("cuda" if cuda else "cpu")
    found = next((candidate for candidate in candidates if os.path.exists(candidate)), None)
    if found is None:
        raise OSError(
            "no library of POPE's kernels. Looked for:\n  "
            + "\n  ".join(candidates)
            + f"\nBuild it with `npm run build:{'cuda' if cuda else 'native'}`, or set POPE_LIBRARY to the path of one."
        )
    return Kernels(found)


def _candidates(kind):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "")
    name = f"libpope_{kind}.{'dylib' if sys.platform == 'darwin' else 'so'}"
    build, folder = ("build", ()) if kind == "cpu" else ("build-cuda", ("cuda",))
    return [
        os.path.join(root, build, "Release", name),
        os.path.join(root, "prebuilds", f"{system}-{machine}", *folder, name),
        os.path.join(os.path.dirname(os.path.abspath(__file__)), name),
    ]


class Kernels:
    """The functions of one library. They may be called from several threads at once."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self._library = ctypes.CDLL(self.path)
        version = self._library.pope_abi_version()
        if version != ABI_VERSION:
            raise OSError(f"{self.path} has version {version} of the interface, this module speaks {ABI_VERSION}")
        self._library.pope_last_error.restype = ctypes.c_char_p
        self._library.pope_last_error_index.restype = ctypes.c_int64
        for name, structure in _FUNCTIONS.items():
            function = getattr(self._library, "pope_" + name)
            function.argtypes = [ctypes.POINTER(structure)]
            function.restype = ctypes.c_int32

    def call(self, name, args):
        """The C function itself: its status. For arguments that the methods below do not make."""
        return getattr(self._library, "pope_" + name)(ctypes.byref(args))

    def last_error(self):
        """Message and index of the last failure on this thread."""
        return self._library.pope_last_error().decode(), self._library.pope_last_error_index()

    def token_logprobs(self, logits, targets, *, dtype=None, entropy=True):
        """Log-probability of each target under softmax(logits), entropy of the whole vocabulary, and log-sum-exp, nats.

        logits: [rows, vocab], or flat; float32, float16 or bfloat16. targets: [rows] int32.
        dtype: "f32", "f16" or "bf16"; needed for the bits of f16 or bf16 in uint16, default: what logits are.
        Returns TokenLogProbs of float32 [rows]; entropies is None with entropy=False.
        """
        call = _Call(self, "token_logprobs", logits)
        rows = self._rows(call, logits, targets, dtype)
        log_probs = call.output("log_probs", rows, _F32)
        entropies = call.output("entropies", rows, _F32) if entropy else None
        log_sum_exp = call.output("log_sum_exp", rows, _F32)
        call.run()
        return TokenLogProbs(log_probs, entropies, log_sum_exp)

    def token_logprobs_grad(self, logits, targets, log_prob_gradient, entropy_gradient=None, *, dtype=None):
        """dJ/dlogits, of the dtype and size of logits, for g = dJ/dlog_prob and h = dJ/dentropy, float32 [rows]:

        dJ/dz_v = g (1[v = target] - p_v) - h p_v (log p_v + H).
        """
        call = _Call(self, "token_logprobs_grad", logits)
        self._rows(call, logits, targets, dtype)
        call.input("log_prob_gradient", log_prob_gradient, _F32)
        call.input("entropy_gradient", entropy_gradient, _F32)
        element = (_F32, _F16, _BF16)[call.args.dtype]
        gradient = call.output("logits_gradient", call.args.logits_count, element)
        call.run()
        return gradient.reshape(logits.shape) if hasattr(logits, "reshape") else gradient

    def sequence_reduce(self, values, offsets):
        """Sums and means of token values, float32 [tokens], over responses cut by offsets, int64 [responses + 1].

        Returns Reduced of float64 [responses]; both are 0 for an empty response.
        """
        call = _Call(self, "sequence_reduce", values)
        call.input("values", values, _F32)
        responses = self._parts(call, "offsets", offsets, _I64)
        call.args.responses = responses
        result = Reduced(call.output("sums", responses, _F64), call.output("means", responses, _F64))
        call.run()
        return result

    def weights(self, log_prob, logging_log_prob, slate_offsets, *, level="response", transform="identity", parameter=0.0):
        """Importance weights h(w), their logarithms before the transform h, and w h'(w); float64.

        log_prob, logging_log_prob: [M] float64. slate_offsets: [slates + 1] int32, strictly increasing from 0 to M.
        level: "response" (length M), "slate" or "geometric" (length slates).
        transform: identity w, clip min(w, t), power w^t, shrinkage t w / (w^2 + t), sub-gaussian w / (1 - t + t w).
        """
        call = _Call(self, "weights", log_prob)
        args = call.args
        args.level = call.choice("level", level, _LEVELS)
        args.transform = call.choice("transform", transform, _TRANSFORMS)
        args.transform_parameter = parameter
        responses = call.input("log_prob", log_prob, _F64)
        call.input("logging_log_prob", logging_log_prob, _F64)
        args.slates = self._parts(call, "slate_offsets", slate_offsets, _I32)
        count = responses if level == "response" else args.slates
        result = Weights(*(call.output(name, count, _F64) for name in Weights._fields))
        call.run()
        return result

    def slate_value(self, log_prob, logging_log_prob, reward, slate_offsets, *, entropy=None, query_weight=None, **objective):
        """Value of a log under the target policy, and what it is made of (docs/theory.md sections 3 and 4).

        log_prob, logging_log_prob, reward, entropy: [M] float64. slate_offsets: [slates + 1] int32, strictly increasing.
        query_weight: [slates] float64. objective: estimator "slate", "decomposed" or "bound"; form "expected", "soft" or
        "gated"; lambda_cu, lambda_div; transform and parameter as in weights(); reduction "sum" or "mean".
        Returns SlateValue: value, utility and diversity as numbers (of tensors on a GPU, which nothing waits for: tensors
        of no dimension), contributions, utilities and diversities [slates], response_rewards [M], totals [3].
        """
        call = _Call(self, "slate_value", log_prob)
        self._objective(call, **objective)
        self._log(call, log_prob, logging_log_prob, reward, slate_offsets, entropy, query_weight)
        slates = call.args.log.slates
        parts = [call.output(name, slates, _F64) for name in ("contributions", "utilities", "diversities")]
        response_rewards = call.output("response_rewards", call.args.log.log_prob_count, _F64)
        totals = call.output("totals", 3, _F64)
        call.run()
        return SlateValue(totals[0], totals[1], totals[2], *parts, response_rewards, totals)

    def slate_coefficients(
        self, log_prob, logging_log_prob, reward, slate_offsets, *, entropy=None, query_weight=None, **objective
    ):
        """dvalue / dlog_prob, and dvalue / dentropy where an entropy is given; float64 [M].

        Arguments as in slate_value(); objective also takes baseline, which is subtracted from the reward wherever that
        multiplies the derivative of a weight, and score=True for the score-function direction in place of the derivative.
        """
        call = _Call(self, "slate_coefficients", log_prob)
        self._objective(call, **objective)
        self._log(call, log_prob, logging_log_prob, reward, slate_offsets, entropy, query_weight)
        responses = call.args.log.log_prob_count
        coefficients = call.output("coefficients", responses, _F64)
        by_entropy = None if entropy is None else call.output("entropy_coefficients", responses, _F64)
        call.run()
        return Coefficients(coefficients, by_entropy)

    def _rows(self, call, logits, targets, dtype):
        dtype = dtype or _dtype_of(logits)
        if dtype not in _DTYPES:
            call.fail("INVALID_ARGUMENT", f"dtype must be one of {', '.join(_DTYPES)}, not {dtype!r}")
        args = call.args
        args.dtype = _DTYPES[dtype]
        call.input("logits", logits, (_F32, _F16, _BF16)[args.dtype])
        args.rows = call.input("targets", targets, _I32)
        shape = getattr(logits, "shape", ())
        if len(shape) == 2 and shape[0] != args.rows:
            call.fail("SHAPE", f"logits have {shape[0]} rows, targets {args.rows}")
        args.vocab = args.logits_count // args.rows if args.rows else 0
        return args.rows

    def _parts(self, call, name, offsets, element, into=None):
        count = call.input(name, offsets, element, into)
        if count == 0:
            call.fail("SHAPE", f"{name} must hold at least one offset, 0")
        return count - 1

    def _objective(
        self,
        call,
        *,
        estimator="decomposed",
        form="expected",
        lambda_cu=1.0,
        lambda_div=1.0,
        transform="identity",
        parameter=0.0,
        reduction="sum",
        baseline=0.0,
        score=False,
    ):
        call.args.objective = _Objective(
            call.choice("estimator", estimator, _ESTIMATORS),
            call.choice("form", form, _FORMS),
            call.choice("transform", transform, _TRANSFORMS),
            call.choice("reduction", reduction, _REDUCTIONS),
            lambda_cu,
            lambda_div,
            parameter,
            baseline,
            int(score),
            0,
        )

    def _log(self, call, log_prob, logging_log_prob, reward, slate_offsets, entropy, query_weight):
        log = call.args.log
        call.input("log_prob", log_prob, _F64, log)
        call.input("logging_log_prob", logging_log_prob, _F64, log)
        call.input("reward", reward, _F64, log)
        call.input("entropy", entropy, _F64, log)
        log.slates = self._parts(call, "slate_offsets", slate_offsets, _I32, log)
        call.input("query_weight", query_weight, _F64, log)


def _dtype_of(logits):
    name = str(getattr(logits, "dtype", "")).rpartition(".")[2]
    return {"float16": "f16", "bfloat16": "bf16"}.get(name, "f32")
