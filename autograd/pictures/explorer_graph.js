// The graph as Python wrote it, the numbers that follow from it, and its drawing

// Numbers come as text: JSON has no nan, inf or -0.0.
const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const parsed = (text) => (text in WORDS ? WORDS[text] : Number(text));
const graph = JSON.parse(document.getElementById("data").textContent);
const nodes = graph.nodes.map((node, id) => ({
  ...node, id, data: parsed(node.data), grad: parsed(node.grad), partials: node.partials.map(parsed), users: [],
}));
const edges = [];
const sources = nodes.filter((node) => !node.op); // what can be moved
for (const node of nodes) {
  node.edges = [];
  node.operands = node.operands.map((x, place) => {
    if (typeof x === "string") {
      sources.push({ name: `constant of ${node.name}`, data: parsed(x) });
      return sources[sources.length - 1];
    }
    const edge = { source: nodes[x], target: node, place, get partial() { return node.partials[place]; } };
    edges.push(edge);
    node.edges.push(edge);
    nodes[x].users.push(edge);
    return nodes[x];
  });
}
for (const one of [...nodes, ...sources]) one.recorded = { data: one.data, partials: one.partials };
const output = nodes[nodes.length - 1];
const inner = nodes.filter((node) => node.op);
const same = (x, y) => x === y || (Number.isNaN(x) && Number.isNaN(y));
const moved = (one) => !Object.is(one.data, one.recorded.data);

/** The adjoints after so many steps backward, in the order and the bits of Python's. */
function swept(steps) {
  const adjoints = new Map([[output, 1]]);
  let shares = [];
  for (let i = 0; i < steps; i += 1) {
    const node = inner[inner.length - 1 - i];
    shares = node.edges.map((edge) => {
      const share = adjoints.get(node) * edge.partial;
      const before = adjoints.get(edge.source) ?? 0;
      adjoints.set(edge.source, before + share);
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
const factor = (x) => (x < 0 || Object.is(x, -0) ? `(${short(x)})` : short(x));

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
const ratio = (over, under) =>
  mo("mfrac",
    mo("mrow", mo("mo", "∂"), mo("mtext", over.name)),
    mo("mrow", mo("mo", "∂"), mo("mtext", under.name)));
const math = (...parts) => mo("math", mo("mrow", ...parts));

// The drawing

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "700 13px system-ui, sans-serif";
function fitted(text, width) {
  if (ruler.measureText(text).width <= width) return text;
  const letters = Array.from(text.slice(0, 60));
  while (letters.length && ruler.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("")}…`;
}

/** The pieces of a route, each a path of its own: bends between layers, lines within. */
function pieces(points) {
  return points.slice(1).map(([u, v], i) => {
    const [x, y] = points[i];
    const middle = (x + u) / 2;
    return `M${x},${y}${i % 2 ? "L" : `C${middle},${y} ${middle},${v} `}${u},${v}`;
  });
}

function draw() {
  for (const edge of edges) {
    const route = edge.target.routes[edge.place];
    edge.pieces = pieces(route);
    edge.line = svg("path", { class: "edge", d: edge.pieces.map((d, i) => (i ? d.replace(/^M[^LC]*/, "") : d)).join("") });
    $("edges").append(edge.line);
    if (edge.partial !== 1) {
      const [x, y] = route[route.length - 1];
      edge.label = svg("text", { class: "partial", x: x - 9, y: y - 4.5 }, `×${short(edge.partial)}`);
      $("labels").append(edge.label);
    }
  }
  for (const node of nodes) {
    const [x, y, width, height] = node.box;
    const top = y + (height - 66) / 2;
    const name = fitted(node.name, node.op ? width * 0.62 : width - 16);
    const rest = node.op ? fitted(` = ${node.symbol}`, width - 16 - ruler.measureText(name).width) : "";
    node.dataText = svg("text", { class: "data", x: x + width - 9, y: top + 38, "text-anchor": "end" });
    node.gradKey = svg("text", { class: "key", x: x + 9, y: top + 56 });
    node.gradText = svg("text", { class: "grad", x: x + width - 9, y: top + 56, "text-anchor": "end" });
    node.element = svg("g", { class: node.op ? "box" : "box leaf", tabindex: "-1", role: "button", "data-id": node.id },
      svg("rect", { x, y, width, height, rx: 9 }),
      svg("text", { class: "name", x: x + width / 2, y: top + 18, "text-anchor": "middle" },
        svg("tspan", {}, name), svg("tspan", {}, rest)),
      svg("text", { class: "key", x: x + 9, y: top + 38 }, "data"),
      node.dataText, node.gradKey, node.gradText);
    $("boxes").append(node.element);
  }
  output.element.setAttribute("tabindex", "0");
}

// What the boxes show: everything, or what a step has come to

const largest = (values) => Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
const scales = {
  grad: largest(nodes.map((node) => node.grad)),
  adjoint: largest(nodes.map((node) => node.adjoint)),
};

function paint(node, data, grad, key) {
  const element = node.element;
  const texts = [data === null ? "·" : short(data), grad === null ? "·" : short(grad)];
  if (node.dataText.textContent !== texts[0]) node.dataText.textContent = texts[0];
  if (node.gradText.textContent !== texts[1]) node.gradText.textContent = texts[1];
  if (node.gradKey.textContent !== key) node.gradKey.textContent = key;
  element.classList.toggle("odd", grad !== null && Number.isNaN(grad));
  element.classList.toggle("plus", grad > 0);
  element.classList.toggle("minus", grad < 0);
  const share = Number.isFinite(grad) ? Math.abs(grad) / (scales[key] || 1) : 1;
  element.style.setProperty("--t", Math.sqrt(Math.min(1, share)).toFixed(3));
  const said = [node.name, node.op ? `= ${node.symbol}` : "leaf"];
  said.push(data === null ? "not computed yet" : `data ${texts[0]}`);
  if (grad !== null) said.push(`${key} ${texts[1]}`);
  element.setAttribute("aria-label", said.join(", "));
}

// The camera

const canvas = $("canvas");
const view = { x: 0, y: 0, scale: 1 };
const SCALES = [0.02, 6];

function look() {
  $("world").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  $("graph").classList.toggle("small", view.scale < 0.4);
  $("graph").classList.toggle("tiny", view.scale < 0.25);
}

function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(SCALES[1], Math.max(SCALES[0], view.scale * by));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  look();
}

const MARGIN = 24;

/** Show all of it, or as much as is `legible`, from the output backward. */
function fit(legible = false) {
  const [width, height] = graph.size;
  const room = [canvas.clientWidth - 2 * MARGIN, canvas.clientHeight - 2 * MARGIN];
  const whole = Math.max(SCALES[0], Math.min(room[0] / width, room[1] / height, 1.6));
  view.scale = legible ? Math.max(whole, 0.7, Math.min(room[0] / width, 1)) : whole;
  const [left, top, w, h] = output.box;
  const over = [width * view.scale > room[0], height * view.scale > room[1]];
  view.x = over[0] ? canvas.clientWidth - MARGIN - (left + w) * view.scale
    : (canvas.clientWidth - width * view.scale) / 2;
  view.y = (canvas.clientHeight - (over[1] ? 2 * top + h : height) * view.scale) / 2;
  look();
}

/** Move as little as brings a box fully into view. */
function reveal(node) {
  const [x, y, width, height] = node.box;
  for (const [axis, start, size, room] of [
    ["x", x, width, canvas.clientWidth],
    ["y", y, height, canvas.clientHeight],
  ]) {
    const low = view[axis] + start * view.scale;
    const high = low + size * view.scale;
    if (low < MARGIN) view[axis] += MARGIN - low;
    else if (high > room - MARGIN) view[axis] -= Math.min(high - room + MARGIN, low - MARGIN);
  }
  look();
}

const pointers = new Map();
let dragged = false;
canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  dragged = false;
});
window.addEventListener("pointermove", (event) => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const now = [event.clientX, event.clientY];
  if (!dragged && Math.hypot(now[0] - last[0], now[1] - last[1]) < 4) return;
  dragged = true;
  canvas.classList.add("dragging");
  const other = [...pointers].find(([id]) => id !== event.pointerId);
  if (other) {
    const frame = canvas.getBoundingClientRect();
    const spread = ([x, y]) => Math.hypot(x - other[1][0], y - other[1][1]) || 1;
    zoom(spread(now) / spread(last), other[1][0] - frame.left, other[1][1] - frame.top);
  } else {
    view.x += now[0] - last[0];
    view.y += now[1] - last[1];
    look();
  }
  pointers.set(event.pointerId, now);
});
for (const kind of ["pointerup", "pointercancel"]) {
  window.addEventListener(kind, (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) canvas.classList.remove("dragging");
  });
}
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const frame = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0015)), event.clientX - frame.left, event.clientY - frame.top);
}, { passive: false });

// The value section: what one value is, and how it was computed

function rule(node) {
  const formulas = $(`rule-${node.rule}`).content.children;
  return [...formulas].map((formula) => formula.cloneNode(true));
}

function numberCell(x) {
  return el("td", { class: "number", title: exact(x) }, short(x, 6));
}

let shown = null;
function describe(node) {
  if (shown === node) return;
  if ($("controls").dataset.of !== String(node.id)) control(node);
  $("controls").dataset.of = node.id;
  shown = node;
  const list = el("dl", {},
    el("dt", {}, "data"), el("dd", { class: "exact" }, exact(node.data)),
    el("dt", {}, "grad"), el("dd", { class: "exact" }, exact(node.grad)));
  if (!same(node.adjoint, node.grad)) {
    list.append(
      el("dt", {}, math(ratio(output, node))),
      el("dd", {}, el("span", { class: "exact" }, exact(node.adjoint)),
        el("span", { class: "muted" }, isMoved() ? " now; grad is the recorded one"
          : " from this output; grad holds other backward() calls too, or none")));
  }
  const formulas = node.op ? rule(node) : [];
  $("value").replaceChildren(
    el("h3", {}, node.op ? `${node.name} = ${node.symbol}` : node.name),
    el("p", { class: "muted" }, node.op ? `${node.op}: ${graph.docs[node.op]}`
      : `a leaf, used ${node.users.length === 1 ? "once" : `${node.users.length} times`}`),
    Number.isNaN(node.data) && node.op && !ROWS[`${node.op}/${node.operands.length}`]
      ? el("p", {}, "Only Python can compute this row: what depends on it cannot follow.") : "",
    list,
    ...(node.op ? [el("div", { class: "formulas" }, ...formulas), partials(node)] : []));
}

/** Each operand with its number and the partial by it. */
function partials(node) {
  const formulas = rule(node);
  const rows = node.operands.map((operand, place) => {
    if (operand.id === undefined) {
      return el("tr", {}, el("td", { class: "muted" }, "constant"), numberCell(operand.data),
        el("td", { class: "muted", colspan: "2" }, "no partial"));
    }
    const letter = formulas[node.letters[place]].querySelector("mfrac");
    return el("tr", {}, el("td", { class: "who" }, operand.name), numberCell(operand.data),
      el("td", {}, math(letter.cloneNode(true))), numberCell(node.partials[place]));
  });
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "operand"),
      el("th", { scope: "col", class: "number" }, "data"),
      el("th", { scope: "col", colspan: "2" }, "partial"))),
    el("tbody", {}, ...rows));
}
