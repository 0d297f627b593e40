"""Who runs the workloads: one small adapter for each library.

An adapter says how the library makes a leaf and a constant, what it calls the
few functions that a script needs, and how it goes from a loss to a gradient.
Each is used in its own interpreter, so a library is imported by its adapter
alone, when the adapter is made.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import operator
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dags import ARITHMETIC, JAX, TORCH, Dag, Functions, evaluate, named, written_out
from workloads import Data, Step, Workload

Answer = Callable[[], list[float]]
"""The loss and its gradient after a step, so that the parent can compare them."""

Derivatives = dict[str, list[float]]
"""``gradient``, and where the library has them ``hessian`` and ``jvp``."""


CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
"""How many threads there are to be: four, if the machine has them."""


class Library:
    """A library of scalars with ``backward``: micrograd's form, and this project's."""

    distribution = ""
    leaf: Callable[[float], Any]
    constant: Callable[[Any], Any]
    number: Callable[[Any], float] = operator.attrgetter("data")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.distribution} has no {name}")

    def version(self) -> str:
        if not self.distribution:
            return ""
        return importlib.metadata.version(self.distribution)

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        """What is timed: forward, backward, and the release of the graph.

        The parameters are made once, as a training loop makes them. The graph is
        released when ``step`` returns, since nothing else refers to it.
        """
        model = workload.build(self, data)
        parameters = workload.parameters(model)
        forward = workload.forward

        def step() -> Any:
            for parameter in parameters:
                parameter.grad = 0.0
            loss = forward(self, model, data)
            loss.backward()
            return loss.data

        def answer() -> list[float]:
            return [step(), *(p.grad for p in parameters)]

        return step, answer


class Floats(Library):
    """Plain floats: the forward pass alone, what the others are measured by."""

    leaf = constant = staticmethod(float)
    exp = staticmethod(math.exp)
    log = staticmethod(math.log)

    @staticmethod
    def relu(x: float) -> float:
        return x if x > 0.0 else 0.0

    @staticmethod
    def number(x: float) -> float:
        return x

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        model = workload.build(self, data)
        forward = workload.forward

        def step() -> Any:
            return forward(self, model, data)

        return step, lambda: [step()]


class Engine(Library):
    """This project, on one of its engines."""

    name = "reference"

    def __init__(self) -> None:
        import autograd
        from autograd.core import choice

        choice.use(self.name)
        self.autograd: Any = autograd
        self.leaf = self.constant = autograd.Value
        # Unbound methods: ``exp(x)`` costs what ``x.exp()`` costs.
        self.exp, self.log = autograd.Value.exp, autograd.Value.log
        self.relu, self.tanh = autograd.Value.relu, autograd.Value.tanh
        self.take, self.dot = autograd.take, autograd.dot
        self.logsumexp = autograd.logsumexp

    def mlp(self, *sizes: Any) -> Any:
        return importlib.import_module("nn").MLP(*sizes)

    def function(self, dag: Dag) -> Callable[[Any], Any]:
        """A random expression as a function of its inputs."""
        ag = self.autograd
        functions: Functions = {
            **{name: getattr(ag, name) for name in ag.RULES if hasattr(ag, name)},
            **ARITHMETIC,
            "sum": lambda *xs: ag.sum(xs),
            "mean": lambda *xs: ag.mean(xs),
            "logsumexp": lambda *xs: ag.logsumexp(xs),
            "dot": lambda *xs: ag.dot(xs[:2], xs[2:4], xs[4]),
            "constant": float,
        }

        return lambda inputs: evaluate(dag, functions, inputs)

    def derivatives(self, dag: Dag) -> Derivatives:
        """The gradient, the Hessian and one directional derivative."""
        ag, f = self.autograd, self.function(dag)
        x, v = dag["inputs"], dag["directions"]
        return {
            "gradient": ag.grad(f)(x),
            "hessian": _flat(ag.hessian(f)(x)),
            "jvp": [ag.jvp(f, (x,), (v,))[1]],
        }


class Native(Engine):
    name = "native"


class Compiled(Native):
    """The same scripts, recorded once and run as programs.

    A script over examples is recorded for one of them. Any other is a function of an
    array of all its numbers, and gives its value and an array of the derivatives.
    """

    executor: str | None = None
    exact = True

    def __init__(self) -> None:
        super().__init__()
        self.number = self.autograd.Value.detach

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        if "points" in data:
            return self.over_examples(workload, data)
        np = importlib.import_module("numpy")
        numbers: list[float] = []
        self.leaf = lambda x: numbers.append(x) or x
        workload.build(self, data)

        def function(theta: Any) -> Any:
            rest = iter(theta)
            self.leaf = lambda _: next(rest)
            return workload.forward(self, workload.build(self, data), data)

        program = self.autograd.compile(
            self.autograd.value_and_grad(function), executor=self.executor
        )
        theta = np.array(numbers)

        def answer() -> list[float]:
            value, gradient = program(theta)
            return [value, *gradient.tolist()]

        return lambda: program(theta)[0], answer

    def over_examples(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        np = importlib.import_module("numpy")
        self.constant = lambda x: x
        model = workload.build(self, data)
        parameters = workload.parameters(model)
        program = self.autograd.compile(
            lambda point, label: workload.forward(
                self, model, {"points": [point], "labels": [label]}
            ),
            executor=self.executor,
            exact=self.exact,
        )
        points, labels = np.array(data["points"]), np.array(data["labels"])
        count = len(labels)
        share = np.full(count, 1.0 / count)  # its product is the mean, and sooner there

        def step() -> Any:
            return program.backward(points, labels, scale=1.0 / count).dot(share)

        def answer() -> list[float]:
            for parameter in parameters:
                parameter.grad = 0.0
            return [float(step()), *(p.grad for p in parameters)]

        return step, answer


class FastCompiled(Compiled):
    """The same with the machine's fused operations and faster functions."""

    exact = False


class CompiledOnArrays(Compiled):
    """The same on NumPy, as where no C compiler was."""

    executor = "arrays"


class CompiledCall(Native):
    """A program called with numbers, where the others compute with them."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        program = self.autograd.compile(lambda *x: workload.forward(self, x, data))
        start = data["start"]
        program(*start)
        return lambda: program(*start), lambda: [program(*start)]


class CompiledGreeks(Native):
    """The price of each option and its five derivatives, mapped over arrays."""

    exact = True
    threads = 0

    def __init__(self) -> None:
        super().__init__()
        self.sqrt, self.erfc = self.autograd.sqrt, self.autograd.erfc

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        np, ag = importlib.import_module("numpy"), self.autograd

        def greeks(s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
            price, (delta, *others) = ag.value_and_grad(
                lambda x: workload.forward(self, [x[0], k, *x[1:]], data)
            )([s, t, r, v])
            along = lambda s: workload.forward(self, [s, k, t, r, v], data)
            return price, delta, ag.grad(ag.grad(along))(s), *others

        program = ag.compile(greeks, exact=self.exact)
        columns = list(map(np.array, workload.build(self, data)))
        pool = ThreadPoolExecutor(self.threads) if self.threads else None

        def step() -> Any:
            return program.map(*columns, executor=pool)

        return step, lambda: [float(x.mean()) for x in step()]


class FastGreeks(CompiledGreeks):
    exact = False


class ThreadedGreeks(CompiledGreeks):
    threads = CORES


class CompiledRecording(Compiled):
    """Recording and compiling itself, derivatives included."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        def step() -> Any:
            return super(CompiledRecording, self).prepare(workload, data)[0]()

        return step, lambda: [step()]


class Micrograd(Library):
    distribution = "micrograd"

    def __init__(self) -> None:
        # ``backward`` calls itself once per node of the longest path.
        sys.setrecursionlimit(100_000)
        Value = importlib.import_module(f"{self.distribution}.engine").Value
        self.leaf = self.constant = Value
        self.relu = Value.relu
        self.mlp = importlib.import_module(f"{self.distribution}.nn").MLP


class Minigrad(Micrograd):
    """micrograd's interface, written in C."""

    distribution = "minigrad"


class Xad(Library):
    """A C++ tape with Python bindings; the tape is rewound between steps."""

    distribution = "xad"

    def __init__(self) -> None:
        adjoint = importlib.import_module("xad.adj_1st")
        functions = importlib.import_module("xad.math")
        self.tape = adjoint.Tape()
        self.leaf, self.constant = adjoint.Real, float
        self.exp, self.log = functions.exp, functions.log
        maximum = functions.max
        self.relu = lambda x: maximum(x, 0.0)
        self.number = adjoint.Real.getValue

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        tape, forward = self.tape, workload.forward
        tape.activate()
        model = workload.build(self, data)
        parameters = workload.parameters(model)
        tape.registerInputs(parameters)

        def step() -> Any:
            tape.newRecording()
            loss = forward(self, model, data)
            tape.registerOutput(loss)
            loss.derivative = 1.0
            tape.computeAdjoints()
            return loss.value

        def answer() -> list[float]:
            return [step(), *(p.derivative for p in parameters)]

        return step, answer


class Torch(Library):
    """PyTorch in float64 on one thread: a tensor per scalar, or whole arrays."""

    distribution = "torch"

    def __init__(self) -> None:
        torch = importlib.import_module("torch")
        torch.set_num_threads(1)
        self.leaf = lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
        self.constant = lambda x: torch.tensor(x, dtype=torch.float64)
        self.exp, self.log, self.relu = torch.exp, torch.log, torch.relu
        self.einsum, self.softmax = torch.einsum, lambda x: torch.softmax(x, -1)
        self.tanh, self.logsumexp = torch.tanh, torch.logsumexp
        self.integers = torch.tensor
        self.number = torch.Tensor.item
        self.array, self.special = torch, torch.special

    @staticmethod
    def scan(step: Callable[..., Any], carry: Any, xs: Any) -> Any:
        """The carry after a step for each x, in a loop."""
        for x in zip(*xs):
            carry = step(carry, x)
        return carry

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        model = workload.build(self, data)
        parameters = workload.parameters(model)
        forward = workload.forward

        def step() -> Any:
            for parameter in parameters:
                parameter.grad = None
            loss = forward(self, model, data)
            loss.backward()
            return loss.item()

        def answer() -> list[float]:
            loss = step()
            gradient = [
                p.detach() * 0 if p.grad is None else p.grad for p in parameters
            ]
            return [loss, *_flat([g.reshape(-1).tolist() for g in gradient])]

        return step, answer

    def derivatives(self, dag: Dag) -> Derivatives:
        """The gradient, by ``backward``."""
        functions: Functions = {
            **ARITHMETIC,
            **written_out(self.exp, self.log),
            **named(TORCH),
            "constant": self.constant,
        }
        inputs = [self.leaf(x) for x in dag["inputs"]]
        evaluate(dag, functions, inputs).backward()
        return {"gradient": [0.0 if x.grad is None else x.grad.item() for x in inputs]}


class Jax(Library):
    """JAX in float64 on whole arrays, each operation dispatched by itself.

    On one core, since it has no setting for one thread.
    """

    distribution = "jax"

    def __init__(self) -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        self.jax, self.np = jax, jax.numpy
        self.leaf = self.constant = jax.numpy.asarray
        self.exp, self.log = jax.numpy.exp, jax.numpy.log
        self.relu, self.softmax = jax.nn.relu, jax.nn.softmax
        self.tanh, self.logsumexp = jax.numpy.tanh, jax.nn.logsumexp
        self.einsum, self.integers = jax.numpy.einsum, jax.numpy.asarray
        self.array, self.special = jax.numpy, jax.scipy.special

    def scan(self, step: Callable[..., Any], carry: Any, xs: Any) -> Any:
        """The carry after a step for each x, as one operation."""
        carry, _ = self.jax.lax.scan(lambda c, x: (step(c, x), None), carry, xs)
        return carry

    def transformed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        model = workload.build(self, data)
        function = self.transformed(
            self.jax.value_and_grad(lambda m: workload.forward(self, m, data))
        )
        block = self.jax.block_until_ready

        def step() -> Any:
            return float(block(function(model))[0])

        def answer() -> list[float]:
            loss, gradient = function(model)
            return [float(loss), *_flat([g.reshape(-1).tolist() for g in gradient])]

        return step, answer

    def derivatives(self, dag: Dag) -> Derivatives:
        """The gradient, the Hessian and one directional derivative."""
        functions: Functions = {
            **ARITHMETIC,
            **written_out(self.exp, self.log),
            **named(JAX),
            "gelu": lambda x: self.jax.nn.gelu(x, approximate=False),
        }

        def f(inputs: Any) -> Any:
            return evaluate(dag, functions, inputs)

        x, v = self.constant(dag["inputs"]), self.constant(dag["directions"])
        return {
            "gradient": self.jax.grad(f)(x).tolist(),
            "hessian": self.jax.hessian(f)(x).reshape(-1).tolist(),
            "jvp": [self.jax.jvp(f, (x,), (v,))[1].item()],
        }


class JaxJitted(Jax):
    """The same compiled by XLA before it is timed."""

    def transformed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.jax.jit(function)
        return compiled


class JaxGreeks(JaxJitted):
    """The price of each option and its five derivatives."""

    def __init__(self) -> None:
        super().__init__()
        self.sqrt, self.erfc = self.np.sqrt, self.jax.scipy.special.erfc

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        jax = self.jax
        price = lambda *x: workload.forward(self, x, data)

        def greeks(*x: Any) -> Any:
            value, (delta, *others) = jax.value_and_grad(price, (0, 2, 3, 4))(*x)
            return value, delta, jax.grad(jax.grad(price))(*x), *others

        function = jax.jit(jax.vmap(greeks))
        columns = list(map(self.constant, workload.build(self, data)))

        def step() -> Any:
            return jax.block_until_ready(function(*columns))

        return step, lambda: [float(x.mean()) for x in step()]


class Casadi(Library):
    """CasADi's scalar expressions: recorded, differentiated and evaluated."""

    distribution = "casadi"

    def __init__(self) -> None:
        self.casadi = casadi = importlib.import_module("casadi")
        self.leaf = lambda x: casadi.SX.sym("p")
        self.constant = float
        self.exp, self.log = casadi.exp, casadi.log
        self.relu = lambda x: casadi.fmax(x, 0.0)
        self.number = lambda x: 0.0  # its graph has no numbers; they only shift

    def compiled(self, workload: Workload, data: Data) -> Any:
        casadi = self.casadi
        model = workload.build(self, data)
        inputs = casadi.vertcat(*workload.parameters(model))
        loss = workload.forward(self, model, data)
        return casadi.Function("f", [inputs], [loss, casadi.gradient(loss, inputs)])

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        weights = self.casadi.DM(_weights(data))

        def step() -> Any:
            return float(self.compiled(workload, data)(weights)[0])

        return step, lambda: self.answer(self.compiled(workload, data)(weights))

    @staticmethod
    def answer(result: Any) -> list[float]:
        return [float(result[0]), *result[1].full().ravel().tolist()]


class CasadiCompiled(Casadi):
    """Only the evaluation of a program that was recorded before."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        weights = self.casadi.DM(_weights(data))
        function = self.compiled(workload, data)

        def step() -> Any:
            return float(function(weights)[0])

        return step, lambda: self.answer(function(weights))


# The transforms.


class EngineGrad(Engine):
    """``grad(f)(x)`` where the others write ``f(x).backward()``."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        gradient = self.autograd.grad(lambda x: workload.forward(self, [x], data))
        (start,) = data["start"]

        def step() -> Any:
            return gradient(start)

        return step, lambda: [step()]


class EngineBackward(Engine):
    """``f(x).backward()`` on a new leaf."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        (start,) = data["start"]

        def step() -> Any:
            x = self.leaf(start)
            workload.forward(self, [x], data).backward()
            return x.grad

        return step, lambda: [step()]


class NativeGrad(EngineGrad, Native):
    pass


class NativeBackward(EngineBackward, Native):
    pass


class EngineHessian(Engine):
    """``hessian(f)(θ)`` of the lecture's loss."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("dot", "relu", "sigmoid", "log"):
            setattr(self, name, getattr(self.autograd, name))
        self.hessian = self.autograd.hessian

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        function = self.hessian(lambda theta: workload.forward(self, theta, data))
        theta = data["theta"]

        def step() -> Any:
            return function(theta)

        return step, lambda: _flat(step())


class NativeHessian(EngineHessian, Native):
    pass


class CompiledHessian(EngineHessian, Native):
    """The same as a program, arrays in and arrays out."""

    def __init__(self) -> None:
        super().__init__()
        self.hessian = lambda f: self.autograd.compile(self.autograd.hessian(f))

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        np = importlib.import_module("numpy")
        arrays = {**data, "theta": np.array(data["theta"])}
        step, _ = super().prepare(workload, arrays)
        return step, lambda: np.asarray(step()).ravel().tolist()


class ArrayHessian(Library):
    """The same by a library of arrays."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        function = self.hessian(lambda theta: workload.forward(self, theta, data))
        theta = self.constant(data["theta"])

        def step() -> Any:
            return self.ready(function(theta))

        return step, lambda: step().reshape(-1).tolist()

    hessian: Callable[..., Any]

    def ready(self, result: Any) -> Any:
        """The result once it is computed, for libraries that compute ahead."""
        return result


class HipsHessian(ArrayHessian):
    """HIPS autograd, whose import name is this project's too."""

    distribution = "autograd"

    def __init__(self) -> None:
        np = importlib.import_module("autograd.numpy")
        self.hessian = importlib.import_module("autograd").hessian
        self.constant, self.exp, self.log = np.array, np.exp, np.log
        self.relu = lambda x: np.maximum(x, 0.0)


class JaxHessian(ArrayHessian, Jax):
    def __init__(self) -> None:
        super().__init__()
        self.hessian = self.jax.hessian

    def ready(self, result: Any) -> Any:
        return self.jax.block_until_ready(result)


class JaxJittedHessian(JaxHessian):
    def __init__(self) -> None:
        super().__init__()
        self.hessian = lambda f: self.jax.jit(self.jax.hessian(f))


class GradBench(Native):
    """An evaluation of GradBench: its derivative, its value in the answer alone."""

    style = "eager"

    def __init__(self) -> None:
        super().__init__()
        os.environ["GRADBENCH_STYLE"] = self.style
        sys.path.insert(0, str(Path(__file__).parents[2]))

    def function(self, data: Data, asked: str) -> tuple[Step, Answer]:
        """What computes the value or the derivative, and what the tool tells of it."""
        package = "tests.benchmarks.gradbench"
        flat = importlib.import_module(f"{package}.function").flat
        rows = importlib.import_module(f"{package}.{data['evaluation']}").FUNCTIONS
        row = rows[data[asked]]
        arguments = row.prepare(data["input"])

        def run() -> Any:
            return row.compute(*arguments)

        return run, lambda: [*map(float, flat(row.report(run())))]

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        _, values = self.function(data, "value")
        run, slopes = self.function(data, "derivative")
        return run, lambda: [values()[-1], *slopes()]


class GradBenchCompiled(GradBench):
    """The same as programs, recorded before they are timed."""

    style = "compiled"


class TorchNewton(Torch):
    """A gradient over a Hessian's diagonal, by one direction through a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.transforms = importlib.import_module("torch.func")

    def transformed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    def wait(self, result: Any) -> Any:
        return result

    def detached(self, leaf: Any) -> Any:
        return leaf.detach()

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        start = self.detached(workload.build(self, data)[0])

        def cost(x: Any) -> Any:
            return workload.forward(self, [x], data)

        def direction(x: Any) -> Any:
            gradient, diagonal = self.transforms.jvp(
                self.transforms.grad(cost), (x,), (self.array.ones_like(x),)
            )
            return gradient / diagonal

        function = self.transformed(direction)

        def answer() -> list[float]:
            return [float(cost(start)), *function(start).reshape(-1).tolist()]

        return lambda: self.wait(function(start)), answer


class JaxJittedNewton(JaxJitted):
    """The same with JAX."""

    prepare = TorchNewton.prepare

    def __init__(self) -> None:
        super().__init__()
        self.transforms, self.wait = self.jax, self.jax.block_until_ready
        self.detached = self.array.asarray


class GradBenchPrimal(GradBenchCompiled):
    """The value alone."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        run, values = self.function(data, "value")
        return run, lambda: values()[-1:]


class Cpp(Library):
    """The same in C++, on doubles."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        from gradbench.tapes import Evaluation

        run = Evaluation(data, taped=False).primal()
        return run, lambda: [run()]


class AdolC(Library):
    """ADOL-C, a C++ tape: recorded before, and replayed."""

    def prepare(self, workload: Workload, data: Data) -> tuple[Step, Answer]:
        from gradbench.tapes import Evaluation

        return Evaluation(data, taped=True).replay()


def _weights(data: Data) -> list[float]:
    """The parameters' numbers, in the order in which they are built."""
    if "weights" in data:
        return list(data["weights"])
    return [w for matrix in data["matrices"].values() for w in _flat(matrix)]


def _flat(rows: Any) -> list[float]:
    return [x for row in rows for x in row]


LIBRARIES: dict[str, type[Library]] = {
    "floats": Floats,
    "reference": Engine,
    "native": Native,
    "native-compiled": Compiled,
    "native-compiled-fast": FastCompiled,
    "native-on-arrays": CompiledOnArrays,
    "native-call": CompiledCall,
    "native-recording": CompiledRecording,
    "native-greeks": CompiledGreeks,
    "native-greeks-fast": FastGreeks,
    "native-greeks-threads": ThreadedGreeks,
    "native-compiled-hessian": CompiledHessian,
    "micrograd": Micrograd,
    "minigrad": Minigrad,
    "xad": Xad,
    "torch": Torch,
    "jax": Jax,
    "jax-jitted": JaxJitted,
    "jax-greeks": JaxGreeks,
    "casadi": Casadi,
    "casadi-compiled": CasadiCompiled,
    "reference-grad": EngineGrad,
    "native-grad": NativeGrad,
    "reference-backward": EngineBackward,
    "native-backward": NativeBackward,
    "reference-hessian": EngineHessian,
    "native-hessian": NativeHessian,
    "hips-hessian": HipsHessian,
    "jax-hessian": JaxHessian,
    "jax-jitted-hessian": JaxJittedHessian,
    "native-gradbench": GradBench,
    "native-gradbench-compiled": GradBenchCompiled,
    "torch-newton": TorchNewton,
    "jax-jitted-newton": JaxJittedNewton,
    "native-gradbench-primal": GradBenchPrimal,
    "cpp": Cpp,
    "adolc": AdolC,
}
