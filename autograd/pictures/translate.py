"""Modules of plain Python as JavaScript, so that the page runs them instead of a copy.

Plain are functions of numbers, strings, lists and tuples, with loops, branches on
comparisons, comprehensions and the functions in ``LIBRARY``. Numbers are doubles, so
that a whole number must not pass 2^53. What else there is raises, and a test compares
what both languages compute.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable
from types import ModuleType

__all__ = ["translated"]

LIBRARY = """\
const ascending = (a, b) => {
  if (!Array.isArray(a)) return a < b ? -1 : Number(a > b);
  for (let i = 0; i < a.length; i += 1) {
    const sign = ascending(a[i], b[i]);
    if (sign) return sign;
  }
  return 0;
};
const range = (a, b) => Array.from({ length: Math.max(0, b - a) }, (_, i) => a + i);
const enumerate = (xs, first = 0) => xs.map((x, i) => [first + i, x]);
const zip = (xs, ys) => xs.map((x, i) => [x, ys[i]]);
const sum = (xs) => xs.reduce((all, x) => all + x, 0);
const maximum = (xs, none) => (xs.length ? xs.reduce((x, y) => Math.max(x, y)) : none);
const minimum = (xs, none) => (xs.length ? xs.reduce((x, y) => Math.min(x, y)) : none);
const sorted = (xs, key) => xs.map((x) => [key(x), x])
  .sort(([a], [b]) => ascending(a, b)).map(([, x]) => x);
"""
"""What Python has built in; ``max`` and ``min`` of a list are called otherwise."""

CALLS = {
    "len": "{}.length",
    "list": "[...{}]",
    "reversed": "[...{}].reverse()",
    "abs": "Math.abs({})",
    "int": "{}",
    "float": "{}",
    "math.fsum": "fsum(...{})",
    "math.isinf": "(Math.abs({}) === Infinity)",
    **{f"math.{f}": f"Math.{f}({{}})" for f in ("ceil", "floor", "log", "sqrt", "tan")},
}
"""How functions of one operand are spelled, where their name is not enough."""

METHODS = {"append": "push", "pop": "pop"}

SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "===",
    ast.NotEq: "!==",
    ast.Is: "===",
    ast.IsNot: "!==",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.BitAnd: "&",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.And: "&&",
    ast.Or: "||",
    ast.Not: "!",
    ast.USub: "-",
}


def translated(module: ModuleType, *names: str, own: str = "") -> str:
    """An object with some functions of a module; the page has its ``own`` of one."""
    parts = [LIBRARY]
    for name, x in vars(module).items():
        if name.isupper():
            parts.append(f"const {name} = {json.dumps(x)};")
    for statement in ast.parse(inspect.getsource(module)).body:
        if not isinstance(statement, ast.FunctionDef) or statement.name == own:
            continue
        if statement.decorator_list:  # computed once: here
            found = json.dumps(getattr(module, statement.name)())
            parts.append(f"const {statement.name} = () => {found};")
        else:
            parts.append(Script().visit(statement))
    inner = "\n".join([*parts, f"return {{ {', '.join(names)} }};"])
    return f"(() => {{\n{inner}\n}})()"


class Script(ast.NodeVisitor):
    """Writes each node of a module's tree; one that it does not know raises."""

    def generic_visit(self, node: ast.AST) -> str:
        raise TypeError(f"no plain Python: {ast.unparse(node)}")

    def block(self, body: Iterable[ast.stmt]) -> str:
        return "{ " + "".join(map(self.visit, body)) + "}\n"

    def listed(self, nodes: Iterable[ast.AST]) -> str:
        return ", ".join(map(self.visit, nodes))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> str:
        given = {arg.arg for arg in node.args.args}
        stored = {
            x.id
            for x in ast.walk(node)
            if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
        }
        names = ", ".join(sorted(stored - given | {"_"}))
        listed = [arg.arg for arg in node.args.args]
        for k, default in enumerate(node.args.defaults, -len(node.args.defaults)):
            listed[k] += f" = {self.visit(default)}"
        body = self.block(node.body).replace("{", f"{{ let {names};", 1)
        return f"function {node.name}({', '.join(listed)}) {body}"

    def visit_Return(self, node: ast.Return) -> str:
        return f"return {self.visit(node.value)};\n" if node.value else "return;\n"

    def visit_Raise(self, node: ast.Raise) -> str:
        return "throw new RangeError();\n"

    def visit_Expr(self, node: ast.Expr) -> str:
        if isinstance(node.value, ast.Constant):
            return ""  # a docstring
        return f"{self.visit(node.value)};\n"

    def visit_Assign(self, node: ast.Assign) -> str:
        targets = " = ".join(map(self.visit, node.targets))
        return f"{targets} = {self.visit(node.value)};\n"

    def visit_AnnAssign(self, node: ast.AnnAssign) -> str:
        assert node.value is not None
        return f"{self.visit(node.target)} = {self.visit(node.value)};\n"

    def visit_AugAssign(self, node: ast.AugAssign) -> str:
        target, value = self.visit(node.target), self.visit(node.value)
        if isinstance(node.value, (ast.List, ast.ListComp)):
            return f"{target}.push(...{value});\n"
        return f"{target} {SIGNS[type(node.op)]}= {value};\n"

    def visit_For(self, node: ast.For) -> str:
        target, over = self.visit(node.target), self.visit(node.iter)
        return f"for ({target} of {over}) {self.block(node.body)}"

    def visit_While(self, node: ast.While) -> str:
        return f"while ({self.visit(node.test)}) {self.block(node.body)}"

    def visit_If(self, node: ast.If) -> str:
        said = f"if ({self.visit(node.test)}) {self.block(node.body)}"
        return said + (f"else {self.block(node.orelse)}" if node.orelse else "")

    def visit_Break(self, node: ast.Break) -> str:
        return "break;\n"

    def visit_Constant(self, node: ast.Constant) -> str:
        return json.dumps(node.value)

    def visit_Name(self, node: ast.Name) -> str:
        return node.id

    def visit_Attribute(self, node: ast.Attribute) -> str:
        said = ast.unparse(node)
        return {"math.pi": "Math.PI", "math.inf": "Infinity", "math.nan": "NaN"}.get(
            said, f"{self.visit(node.value)}.{node.attr}"
        )

    def visit_Starred(self, node: ast.Starred) -> str:
        return f"...{self.visit(node.value)}"

    def visit_List(self, node: ast.List | ast.Tuple) -> str:
        return f"[{self.listed(node.elts)}]"

    visit_Tuple = visit_List  # noqa: N815  # a name that ast gives

    def visit_Subscript(self, node: ast.Subscript) -> str:
        of, at = self.visit(node.value), node.slice
        if isinstance(at, ast.Slice) and at.step is None:
            ends = [x or ast.Constant(0) for x in (at.lower, at.upper)]
            return f"{of}.slice({self.listed(ends if at.upper else ends[:1])})"
        if isinstance(at, ast.UnaryOp):
            return f"{of}.at({self.visit(at)})"
        return f"{of}[{self.visit(at)}]"

    def visit_ListComp(self, node: ast.ListComp | ast.GeneratorExp) -> str:
        said: str = self.visit(node.elt)
        for depth, one in enumerate(reversed(node.generators)):
            over, target = self.visit(one.iter), self.visit(one.target)
            for test in one.ifs:
                over += f".filter(({target}) => {self.visit(test)})"
            said = f"{over}.{'flatMap' if depth else 'map'}(({target}) => {said})"
        return said

    visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> str:
        names = ", ".join(arg.arg for arg in node.args.args)
        return f"({names}) => {self.visit(node.body)}"

    def visit_IfExp(self, node: ast.IfExp) -> str:
        test, *either = map(self.visit, (node.test, node.body, node.orelse))
        return f"({test} ? {' : '.join(either)})"

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        return f"({f' {SIGNS[type(node.op)]} '.join(map(self.visit, node.values))})"

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        return f"({SIGNS[type(node.op)]}{self.visit(node.operand)})"

    def visit_BinOp(self, node: ast.BinOp) -> str:
        x, y = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.FloorDiv):
            return f"Math.floor({x} / {y})"
        return f"({x} {SIGNS[type(node.op)]} {y})"

    def visit_Compare(self, node: ast.Compare) -> str:
        xs = [self.visit(x) for x in (node.left, *node.comparators)]
        pairs = zip(xs, map(type, node.ops), xs[1:])
        return f"({' && '.join(f'{x} {SIGNS[op]} {y}' for x, op, y in pairs)})"

    def visit_Call(self, node: ast.Call) -> str:
        name, operands = ast.unparse(node.func), self.listed(node.args)
        if name in ("max", "min"):
            if len(node.args) > 1:
                return f"Math.{name}({operands})"
            start = [k.value for k in node.keywords]
            name = f"{name}imum"
            return f"{name}({operands}, {self.listed(start)})"
        if name == "sorted":
            (key,) = node.keywords
            return f"sorted({operands}, {self.visit(key.value)})"
        if node.keywords:  # of a named tuple
            pairs = (f"{k.arg}: {self.visit(k.value)}" for k in node.keywords)
            return f"({{ {', '.join(pairs)} }})"
        if name == "range" and len(node.args) == 1:
            return f"range(0, {operands})"
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            of = self.visit(node.func.value)
            return f"{of}.{METHODS[node.func.attr]}({operands})"
        return CALLS.get(name, f"{name.split('.')[-1]}({{}})").format(operands)
