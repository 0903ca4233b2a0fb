"""python3 test/python/test_pope_native.py: the module on what Python hands over. Standard library alone; NumPy and PyTorch
where they are installed. With POPE_SIMT, and that addon preloaded, also tensors of a GPU that is the host's memory."""

import ctypes
import math
import os
import sys
import threading
import unittest
from array import array

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(root, "python"), os.path.join(root, "conformance")]
sys.dont_write_bytecode = True

import pope_native  # noqa: E402
import run  # noqa: E402

try:
    import numpy
except ImportError:
    numpy = None
simt = os.environ.get("POPE_SIMT")
if simt:
    import host_torch

    torch = host_torch.install()
else:
    try:
        import torch
    except ImportError:
        torch = None

HALF = [math.log(2), 0.0, 0.0]  # softmax 1/2, 1/4, 1/4


class Spy(pope_native.Kernels):
    """Keeps the arguments of the last call."""

    def call(self, name, args):
        self.seen = args
        return super().call(name, args)


def spy():
    return Spy(pope_native.load().path)


class Layout(unittest.TestCase):
    def test_is_that_of_the_header(self):
        with open(os.path.join(root, "test/native/abi/layout.txt"), encoding="utf8") as file:
            expected = file.read().splitlines()
        structures = dict(pope_native._FUNCTIONS, objective=pope_native._Objective, slate_log=pope_native._SlateLog)
        found = []
        for name, structure in structures.items():
            name = name if structure in (pope_native._Objective, pope_native._SlateLog) else name + "_args"
            for field, _ in structure._fields_:
                place = getattr(structure, field)
                found.append(f"{name}.{field} {place.offset} {place.size}")
            found.append(f"{name} {ctypes.sizeof(structure)}")
        self.assertEqual(sorted(found), sorted(expected))


class Arrays(unittest.TestCase):
    def test_lists_give_arrays(self):
        found = pope_native.load().token_logprobs(HALF, [0])
        self.assertIsInstance(found.log_probs, array)
        self.assertAlmostEqual(found.log_probs[0], math.log(0.5), places=6)
        self.assertAlmostEqual(found.entropies[0], 1.5 * math.log(2), places=6)
        self.assertIsNone(pope_native.load().token_logprobs(HALF, [0], entropy=False).entropies)

    def test_what_has_the_type_goes_by_pointer(self):
        kernels, logits = spy(), array("f", HALF)
        kernels.token_logprobs(logits, array("i", [0]))
        self.assertEqual(kernels.seen.logits, logits.buffer_info()[0])

    def test_read_only_memory_is_copied(self):
        found = pope_native.load().token_logprobs(memoryview(bytes(array("f", HALF))).cast("f"), [0])
        self.assertAlmostEqual(found.log_probs[0], math.log(0.5), places=6)

    def test_the_library_is_found_without_a_setting(self):
        self.assertRegex(pope_native.load().path, r"libpope_cpu\.(so|dylib)$")

    def test_threads_have_their_own_errors(self):
        kernels, codes = pope_native.load(), []

        def fail(target, index):
            for _ in range(200):
                try:
                    kernels.token_logprobs(HALF * 2, target)
                except pope_native.PopeError as error:
                    codes.append(error.index == index)

        threads = [threading.Thread(target=fail, args=args) for args in (([3, 0], 0), ([0, 3], 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(codes), all(codes)), (400, True))

    @unittest.skipUnless(numpy, "NumPy is not installed")
    def test_numpy_goes_by_pointer_and_comes_back(self):
        kernels, logits = spy(), numpy.array([HALF, HALF], "float32")
        found = kernels.token_logprobs(logits, numpy.array([0, 1], "int32"))
        self.assertEqual(kernels.seen.logits, logits.ctypes.data)
        self.assertIsInstance(found.log_probs, numpy.ndarray)
        numpy.testing.assert_allclose(found.log_probs, numpy.log([0.5, 0.25]), rtol=1e-6)
        gradient = kernels.token_logprobs_grad(logits, [0, 1], [1.0, 1.0])
        self.assertEqual(gradient.shape, logits.shape)

    @unittest.skipUnless(numpy, "NumPy is not installed")
    def test_numpy_f16(self):
        found = pope_native.load().token_logprobs(numpy.array([HALF], "float16"), [0])
        self.assertAlmostEqual(float(found.log_probs[0]), math.log(0.5), places=3)


class Refusals(unittest.TestCase):
    def refused(self, code, message, call, index=-1):
        with self.assertRaisesRegex(pope_native.PopeError, message) as caught:
            call(pope_native.load())
        self.assertEqual((caught.exception.code, caught.exception.index), (code, index))

    def test_of_the_library_have_code_and_index(self):
        message = r"targets\[1\] is token 3, outside the vocabulary of 3"
        self.refused("OUT_OF_RANGE", message, lambda k: k.token_logprobs(HALF * 2, [0, 3]), 1)

    def test_of_arguments_name_what_was_expected(self):
        cases = [
            ("logits must hold float32, its buffer has format 'd'", lambda k: k.token_logprobs(array("d", HALF), [0])),
            ("dtype must be one of f32, f16, bf16", lambda k: k.token_logprobs(HALF, [0], dtype="f8")),
            ("targets must be an array of int32 or a list, not a int", lambda k: k.token_logprobs(HALF, 0)),
            ("targets must hold int32", lambda k: k.token_logprobs(HALF, ["a"])),
            ("level must be one of response, slate, geometric", lambda k: k.weights([0.0], [0.0], [0, 1], level="x")),
        ]
        for message, call in cases:
            self.refused("INVALID_ARGUMENT", message, call)
        self.refused("SHAPE", "at least one offset", lambda k: k.sequence_reduce([1.0], []))
        self.refused("SHAPE", "logits must hold 2 elements, but has 3", lambda k: k.token_logprobs(HALF, [0, 0]))

    @unittest.skipUnless(numpy, "NumPy is not installed")
    def test_of_numpy_arrays(self):
        square = numpy.zeros((3, 3), "float32")
        self.refused("INVALID_ARGUMENT", "not contiguous", lambda k: k.token_logprobs(square[:, ::2], [0, 0, 0]))
        self.refused("SHAPE", "logits have 3 rows, targets 1", lambda k: k.token_logprobs(square, [0]))

    def test_a_library_that_is_not_there(self):
        with self.assertRaises(OSError):
            pope_native.load("/nowhere/libpope_cpu.so")


@unittest.skipUnless(torch and not simt, "PyTorch is not installed")
class Torch(unittest.TestCase):
    def test_goes_by_pointer_and_comes_back(self):
        kernels, logits = spy(), torch.tensor([HALF], dtype=torch.float32)
        found = kernels.token_logprobs(logits, torch.tensor([0], dtype=torch.int32))
        self.assertEqual(kernels.seen.logits, logits.data_ptr())
        self.assertAlmostEqual(found.log_probs.item(), math.log(0.5), places=6)
        found = kernels.token_logprobs(logits.bfloat16(), torch.tensor([0], dtype=torch.int32))
        self.assertAlmostEqual(found.log_probs.item(), math.log(0.5), places=2)

    @unittest.skipUnless(not simt and torch and torch.cuda.is_available(), "no GPU")
    def test_vectors_on_a_gpu(self):
        vectors = [v for v in run.read_vectors() if v.get("status", "SHAPE") == "SHAPE"]
        functions = run.functions_of(pope_native.load(cuda=True), run.on_gpu)
        self.assertEqual(run.check(vectors, functions, lambda tensor: tensor.double().tolist()), [])


def on_host_gpu(name, values, dtype):
    kinds = {"targets": "int32", "slate_offsets": "int32", "offsets": "int64"}
    single = name in ("values", "log_prob_gradient", "entropy_gradient")
    logits = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
    kind = logits[dtype] if name == "logits" else kinds.get(name, "float32" if single else "float64")
    return host_torch.Tensor(values, kind)


@unittest.skipUnless(simt, "POPE_SIMT is not set")
class HostGpu(unittest.TestCase):
    def test_vectors(self):
        vectors = [v for v in run.read_vectors() if v.get("status", "SHAPE") == "SHAPE"]
        functions = run.functions_of(pope_native.load(simt), on_host_gpu)
        self.assertEqual(run.check(vectors, functions, lambda tensor: tensor.tolist()), [])
        self.assertEqual(set(host_torch.entered), {"cuda"})

    def test_what_only_the_kernels_see_is_nan(self):
        logits = on_host_gpu("logits", HALF, "f32")
        found = pope_native.load(simt).token_logprobs(logits, on_host_gpu("targets", [3], None))
        self.assertTrue(math.isnan(found.log_probs[0]))

    def test_refusals_of_tensors(self):
        logits, targets = on_host_gpu("logits", HALF, "f32"), on_host_gpu("targets", [0], None)
        for message, arguments in [
            ("targets is on the host, the first array on cuda", (logits, [0])),
            ("targets is on cuda, the first array on the host", (HALF, targets)),
            ("targets must be a tensor of int32, not int64", (logits, host_torch.Tensor([0], "int64"))),
            ("logits is not contiguous", (host_torch.Tensor(HALF, "float32", contiguous=False), targets)),
        ]:
            with self.assertRaisesRegex(pope_native.PopeError, message):
                pope_native.load(simt).token_logprobs(*arguments)


class Vectors(unittest.TestCase):
    def test_all_pass(self):
        self.assertEqual(run.check(run.read_vectors(), run.functions_of(pope_native.load())), [])

    def test_a_wrong_value_and_a_missing_refusal_fail(self):
        functions = run.functions_of(pope_native.load())
        vectors = {v["name"]: v for v in run.read_vectors() if v["function"] == "token_logprobs"}
        wrong = dict(vectors["softmax 1/2, 1/4, 1/4"], results={"log_probs": [-0.7]})
        sound = vectors["softmax 1/2, 1/4, 1/4"]["arguments"]
        lenient = dict(vectors["a target outside the vocabulary"], arguments=sound)
        self.assertEqual(len(run.check([wrong, lenient], functions)), 2)


if __name__ == "__main__":
    unittest.main()
