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

# fmt: off
SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "===", ast.NotEq: "!==", ast.Is: "===", ast.IsNot: "!==",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.BitAnd: "&",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%",
    ast.Pow: "**", ast.And: "&&", ast.Or: "||", ast.Not: "!", ast.USub: "-",
}
# fmt: on


def translated(module: ModuleType, *names: str, own: str = "") -> str:
    """An object with some functions of a module; the page has its ``own`` of one."""
    parts = [LIBRARY]
    for name, x in vars(module).items():
        if name.isupper():
            parts.append(f"const {name} = {json.dumps(x)};")
    for found in ast.parse(inspect.getsource(module)).body:
        if not isinstance(found, ast.FunctionDef) or found.name == own:
            continue
        if found.decorator_list:  # computed once: here
            value = json.dumps(getattr(module, found.name)())
            parts.append(f"const {found.name} = () => {value};")
        else:
            parts.append(statement(found))
    inner = "\n".join([*parts, f"return {{ {', '.join(names)} }};"])
    return f"(() => {{\n{inner}\n}})()"


def statement(node: ast.stmt) -> str:
    """A statement as JavaScript; a TypeError or KeyError if it is not plain."""
    match node:
        case ast.FunctionDef(name, ast.arguments(args=args, defaults=defaults)):
            given = [arg.arg for arg in args]
            stored = {
                x.id
                for x in ast.walk(node)
                if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
            }
            variables = ", ".join(sorted(stored - {*given} | {"_"}))
            for k, default in enumerate(defaults, len(given) - len(defaults)):
                given[k] += f" = {script(default)}"
            body = f"let {variables};\n{block(node.body)}"
            return f"function {name}({', '.join(given)}) {{ {body} }}\n"
        case ast.Return(value):
            return f"return {script(value)};\n"
        case ast.Raise():
            return "throw new RangeError();\n"
        case ast.Break():
            return "break;\n"
        case ast.Expr(ast.Constant()):
            return ""  # a docstring
        case ast.Expr(value):
            return f"{script(value)};\n"
        case ast.Assign(targets, value):
            return f"{' = '.join(map(script, targets))} = {script(value)};\n"
        case ast.AnnAssign(target, _, value):
            return f"{script(target)} = {script(value)};\n"
        case ast.AugAssign(target, _, ast.List() | ast.ListComp() as value):
            return f"{script(target)}.push(...{script(value)});\n"
        case ast.AugAssign(target, sign, value):
            return f"{script(target)} {SIGNS[type(sign)]}= {script(value)};\n"
        case ast.For(target, over, body):
            return f"for ({script(target)} of {script(over)}) {{ {block(body)} }}\n"
        case ast.While(test, body):
            return f"while ({script(test)}) {{ {block(body)} }}\n"
        case ast.If(test, body, orelse):
            otherwise = f" else {{ {block(orelse)} }}" if orelse else ""
            return f"if ({script(test)}) {{ {block(body)} }}{otherwise}\n"
    raise TypeError(f"not plain: {ast.unparse(node)}")


def block(body: Iterable[ast.stmt]) -> str:
    """Statements, one after the other."""
    return "".join(map(statement, body))


def listed(nodes: Iterable[ast.expr]) -> str:
    """Expressions, with commas."""
    return ", ".join(map(script, nodes))


def script(node: ast.expr | None) -> str:
    """An expression as JavaScript; errors as of a statement."""
    match node:
        case ast.Constant(value):
            return json.dumps(value)
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name("math"), name):
            return {"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"}[name]
        case ast.Attribute(of, name):
            return f"{script(of)}.{name}"
        case ast.Starred(value):
            return f"...{script(value)}"
        case ast.List(values) | ast.Tuple(values):
            return f"[{listed(values)}]"
        case ast.Subscript(of, ast.Slice(lower, upper, None)):
            ends = [lower or ast.Constant(0), *([upper] if upper else [])]
            return f"{script(of)}.slice({listed(ends)})"
        case ast.Subscript(of, ast.UnaryOp() as at):
            return f"{script(of)}.at({script(at)})"
        case ast.Subscript(of, at):
            return f"{script(of)}[{script(at)}]"
        case ast.ListComp(value, generators) | ast.GeneratorExp(value, generators):
            said = script(value)
            for depth, one in enumerate(reversed(generators)):
                over, target = script(one.iter), script(one.target)
                for test in one.ifs:
                    over += f".filter(({target}) => {script(test)})"
                said = f"{over}.{'flatMap' if depth else 'map'}(({target}) => {said})"
            return said
        case ast.Lambda(ast.arguments(args=args), value):
            return f"({', '.join(arg.arg for arg in args)}) => {script(value)}"
        case ast.IfExp(test, value, other):
            return f"({script(test)} ? {script(value)} : {script(other)})"
        case ast.BoolOp(sign, values):
            return f"({f' {SIGNS[type(sign)]} '.join(map(script, values))})"
        case ast.UnaryOp(sign, value):
            return f"({SIGNS[type(sign)]}{script(value)})"
        case ast.BinOp(x, ast.FloorDiv(), y):
            return f"Math.floor({script(x)} / {script(y)})"
        case ast.BinOp(x, sign, y):
            return f"({script(x)} {SIGNS[type(sign)]} {script(y)})"
        case ast.Compare(x, signs, others):
            xs, spelled = [x, *others], [SIGNS[type(sign)] for sign in signs]
            pairs = zip(map(script, xs), spelled, map(script, others))
            return f"({' && '.join(map(' '.join, pairs))})"
        case ast.Call(ast.Name("max" | "min" as name), [xs], [default]):
            return f"{name}imum({script(xs)}, {script(default.value)})"
        case ast.Call(ast.Name("max" | "min" as name), values):
            return f"Math.{name}({listed(values)})"
        case ast.Call(ast.Name("sorted"), [xs], [key]):
            return f"sorted({script(xs)}, {script(key.value)})"
        case ast.Call(ast.Name(), [], [_, *_] as pairs):  # of a named tuple
            return f"({{ {', '.join(f'{k.arg}: {script(k.value)}' for k in pairs)} }})"
        case ast.Call(ast.Name("range"), [end]):
            return f"range(0, {script(end)})"
        case ast.Call(ast.Attribute(of, "append" | "pop" as name), values, []):
            return f"{script(of)}.{name.replace('append', 'push')}({listed(values)})"
        case ast.Call(function, values, []):
            name = ast.unparse(function)
            return CALLS.get(name, f"{name.split('.')[-1]}({{}})").format(
                listed(values)
            )
    raise TypeError(f"not plain: {ast.unparse(node) if node else None}")
