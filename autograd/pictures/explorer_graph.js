// The graph as Python wrote it, the numbers that follow from it, and both as text

// Numbers come as text: JSON has no nan, inf or -0.0.
const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const parsed = (text) => (text in WORDS ? WORDS[text] : Number(text));
const graph = JSON.parse(document.getElementById("data").textContent);
// A name from right to left, or that overrides the direction, keeps it to itself.
const LEFTWARD = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufeff]/;
const isolated = (name) => (LEFTWARD.test(name) ? `\u2068${name.replace(/[\u2066-\u2069]/g, "�")}\u2069` : name);
const cut = (name, letters) => `${Array.from(name).slice(0, letters).join("")}…${name.startsWith("\u2068") ? "\u2069" : ""}`;
const nodes = graph.nodes.map((node, id) => ({
  ...node, id, name: isolated(node.name), data: parsed(node.data), grad: parsed(node.grad), partials: node.partials.map(parsed), users: [],
}));
const sources = nodes.filter((node) => !node.op); // what can be moved
for (const node of nodes) {
  node.edges = [];
  node.operands = node.operands.map((x, place) => {
    if (typeof x === "string") {
      sources.push({ name: `constant of ${node.name}`, data: parsed(x) });
      return sources[sources.length - 1];
    }
    const edge = {
      source: nodes[x], target: node, place,
      get partial() { return node.partials[place]; },
      get dead() { return node.choice && node.partials[place] === 0; }, // nothing passes
    };
    node.edges.push(edge);
    nodes[x].users.push(edge);
    return nodes[x];
  });
}
for (const one of [...nodes, ...sources]) one.recorded = { data: one.data, partials: one.partials };
const output = nodes[nodes.length - 1];
const inner = nodes.filter((node) => node.op);
const uncomputed = nodes.every((node) => node.grad === 0); // no backward() yet
const same = (x, y) => x === y || (Number.isNaN(x) && Number.isNaN(y));
const moved = (one) => !Object.is(one.data, one.recorded.data);

/** The adjoints after so many steps backward, in the order and the bits of Python's. */
function swept(steps) {
  const adjoints = new Map([[output, 1]]);
  const reached = new Set([output]);
  let shares = [];
  for (let i = 0; i < steps; i += 1) {
    const node = inner[inner.length - 1 - i];
    shares = node.edges.map((edge) => {
      const passed = reached.has(node) && !edge.dead;
      const share = passed ? adjoints.get(node) * edge.partial : 0;
      const before = adjoints.get(edge.source) ?? 0;
      adjoints.set(edge.source, before + share);
      if (passed) reached.add(edge.source);
      return { edge, before, share, after: before + share };
    });
  }
  return { adjoints, shares };
}

/** All numbers anew. Where no operand has moved, the recorded ones stay, bit for bit. */
function compute() {
  for (const node of inner) {
    if (!node.operands.some(moved)) Object.assign(node, node.recorded);
    else {
      const row = ROWS[`${node.op}/${node.operands.length}`];
      const xs = node.operands.map((x) => x.data);
      [node.data, ...node.partials] = row ? row(xs) : [NaN, ...xs.map(() => NaN)];
    }
  }
  const { adjoints } = swept(inner.length);
  for (const node of nodes) node.adjoint = adjoints.get(node) ?? 0;
}
compute();

// Numbers as text

/** A few significant digits, with a true minus sign: as Python's `number` prints them. */
function short(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const [fraction, exponent] = Math.abs(x).toExponential(digits - 1).split("e");
  const n = Number(exponent);
  const plain = n >= -4 && n < digits;
  let text = plain ? Math.abs(x).toFixed(digits - 1 - n) : fraction;
  if (text.includes(".")) text = text.replace(/\.?0+$/, "");
  if (!plain) text += `e${String(n).replace("-", "−")}`;
  return x < 0 || Object.is(x, -0) ? `−${text}` : text;
}

/** All digits, as Python's `repr`. */
function exact(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (Object.is(x, -0)) return "-0.0";
  const [fraction, exponent] = x.toExponential().split("e");
  const n = Number(exponent);
  if (n < -4 || n > 15) return `${fraction}e${n < 0 ? "-" : "+"}${String(Math.abs(n)).padStart(2, "0")}`;
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

const signed = (x) => (x < 0 || Object.is(x, -0) || Number.isNaN(x) ? short(x) : `+${short(x)}`);
const factor = (text) => (text.startsWith("−") ? `(${text})` : text);
const readBack = (text) => Number(text.replaceAll("−", "-").replace("∞", "Infinity"));

/** Numbers with so few digits that an equation holds as it is printed, or else "≈". */
function printed(numbers, result, compute) {
  for (let digits = 4; digits < 10; digits += 1) {
    const texts = numbers.map((x) => short(x, digits));
    if (short(compute(texts.map(readBack))) === short(result)) return { texts, sign: "=" };
  }
  return { texts: numbers.map((x) => short(x)), sign: "≈" };
}

// Elements: whatever comes from the graph becomes a text node or an attribute.

function make(space, tag, attributes, children) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const XHTML = "http://www.w3.org/1999/xhtml";
const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";
const el = (tag, attributes = {}, ...children) => make(XHTML, tag, attributes, children);
const svg = (tag, attributes = {}, ...children) => make(SVG, tag, attributes, children);
const mo = (tag, ...children) => make(MATHML, tag, {}, children);
const $ = (id) => document.getElementById(id);

/** The derivative of one value by another, as a fraction. */
const by = ({ name }) => mo("mrow", mo("mo", "∂"), mo("mtext", name.length > 14 ? cut(name, 13) : name));
const ratio = (over, under) => mo("mfrac", by(over), by(under));
const math = (...parts) => mo("math", mo("mrow", ...parts));
