"use strict";

// The graph, as Python wrote it. Numbers come as text: JSON has no nan, inf or -0.0.

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const parsed = (text) => (text in WORDS ? WORDS[text] : Number(text));
const graph = JSON.parse(document.getElementById("data").textContent);
const nodes = graph.nodes.map((node, id) => ({
  ...node,
  id,
  exact: { data: node.data, grad: node.grad, adjoint: node.adjoint },
  data: parsed(node.data),
  grad: parsed(node.grad),
  adjoint: parsed(node.adjoint),
  partials: node.partials.map(parsed),
  users: [],
}));
const edges = [];
for (const node of nodes) {
  node.edges = node.operands.flatMap((operand, place) => {
    if (typeof operand === "string") return [];
    const edge = { source: operand, target: node.id, place, partial: node.partials[place] };
    edges.push(edge);
    nodes[operand].users.push(edge);
    return [edge];
  });
}
const output = nodes[nodes.length - 1];
const inner = nodes.filter((node) => node.op);
const same = (x, y) => x === y || (Number.isNaN(x) && Number.isNaN(y));

// Numbers as text

/** A few significant digits, with a true minus sign. */
function short(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (Object.is(x, -0)) return "−0";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  let text = x.toPrecision(digits);
  if (text.includes(".")) text = text.replace(/\.?0+(?=e|$)/, "");
  return text.replaceAll("-", "−").replace("e+", "e");
}

/** All digits, in a form that Python reads back. */
function exact(x) {
  if (Number.isNaN(x)) return "nan";
  if (Object.is(x, -0)) return "-0.0";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
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
    const route = nodes[edge.target].routes[edge.place];
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
  shown = node;
  const list = el("dl", {},
    el("dt", {}, "data"), el("dd", { class: "exact" }, node.exact.data),
    el("dt", {}, "grad"), el("dd", { class: "exact" }, node.exact.grad));
  if (!same(node.adjoint, node.grad)) {
    list.append(
      el("dt", {}, math(ratio(output, node))),
      el("dd", {}, el("span", { class: "exact" }, node.exact.adjoint),
        el("span", { class: "muted" }, node.op
          ? " from this output; grad holds another backward() or none"
          : " from this output; grad holds other backward() calls too, or none")));
  }
  const parts = [el("h3", {}, node.op ? `${node.name} = ${node.symbol}` : node.name), list];
  if (node.op) {
    const formulas = rule(node);
    parts.splice(1, 0, el("p", { class: "muted" }, `${node.op}: ${graph.docs[node.op]}`));
    parts.push(el("div", { class: "formulas" }, ...formulas));
    parts.push(partials(node));
  } else {
    parts.splice(1, 0, el("p", { class: "muted" },
      `a leaf, used ${node.users.length === 1 ? "once" : `${node.users.length} times`}`));
  }
  $("value").replaceChildren(...parts);
  $("value").scrollTop = 0;
}

/** Each operand with its number and the local derivative by it. */
function partials(node) {
  const formulas = rule(node);
  const rows = node.operands.map((operand, place) => {
    if (typeof operand === "string") {
      return el("tr", {}, el("td", { class: "muted" }, "constant"), numberCell(parsed(operand)),
        el("td", { class: "muted", colspan: "2" }, "no derivative"));
    }
    const letter = formulas[node.letters[place]].querySelector("mfrac");
    return el("tr", {}, el("td", { class: "who" }, nodes[operand].name), numberCell(nodes[operand].data),
      el("td", {}, math(letter.cloneNode(true))), numberCell(node.partials[place]));
  });
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "operand"),
      el("th", { scope: "col", class: "number" }, "data"),
      el("th", { scope: "col", colspan: "2" }, "local derivative"))),
    el("tbody", {}, ...rows));
}

// Paths: all of them counted, the largest listed, their sum the adjoint

const LISTED = 8;
const DASH = 9;

/** How many paths lead from each value to the output. */
function counts() {
  const found = nodes.map(() => 0n);
  found[output.id] = 1n;
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    for (const edge of nodes[i].edges) found[edge.source] += found[i];
  }
  return found;
}

/** Where a path stands among others: by the size of its product, inf and nan first. */
const rank = (size, partial) => {
  const sum = size + Math.log2(Math.abs(partial));
  return Number.isNaN(sum) ? Infinity : sum;
};

/**
 * The largest paths from each value to the output. Those from a value are among the
 * largest from its users, each one edge longer. The products are multiplied from the
 * output back, as the adjoints are; their logarithms, which cannot overflow, rank them.
 * Some that are 0 are kept as well, since 0 times inf further on is nan.
 */
function largestPaths() {
  const found = nodes.map(() => []);
  found[output.id] = [{ edge: null, rest: null, contribution: 1, size: 0 }];
  for (let i = nodes.length - 2; i >= 0; i -= 1) {
    const longer = nodes[i].users.flatMap((edge) => found[edge.target].map((rest) => ({
      edge, rest, contribution: rest.contribution * edge.partial, size: rank(rest.size, edge.partial),
    })));
    longer.sort((a, b) => (a.size === b.size ? 0 : b.size - a.size));
    const zeros = longer.filter((path) => path.size === -Infinity).slice(0, LISTED);
    found[i] = [...new Set([...longer.slice(0, LISTED), ...zeros])];
  }
  return found.map((paths) => paths.slice(0, LISTED).map((path) => {
    const taken = [];
    for (let step = path; step.edge; step = step.rest) taken.push(step.edge);
    return { edges: taken, contribution: path.contribution };
  }));
}

const pathCounts = counts();
const pathsFrom = largestPaths();
let lit = null; // { node, paths, solo }

function light(node) {
  lit = { node, paths: node === output ? [] : pathsFrom[node.id], solo: null };
  for (const other of nodes) other.element.classList.toggle("selected", other === node);
  shine();
  explainPaths();
}

function unlight() {
  lit = null;
  for (const node of nodes) node.element.classList.remove("selected", "on");
  shine();
  explainPaths();
}

/** Color the paths; a piece of line on several shows dashes of each color in turn. */
function shine() {
  const rays = $("lit");
  rays.replaceChildren();
  const on = new Set();
  const colors = new Map(); // by piece: the edges of one value share their first ones
  const used = new Set();
  const paths = lit ? lit.paths : [];
  paths.forEach((path, color) => {
    if (lit.solo !== null && lit.solo !== color) return;
    for (const edge of path.edges) {
      on.add(edge.source).add(edge.target);
      used.add(edge);
      for (const d of edge.pieces) colors.set(d, (colors.get(d) || new Set()).add(color));
    }
  });
  if (lit) on.add(lit.node.id);
  $("graph").classList.toggle("lighting", Boolean(lit && paths.length));
  for (const node of nodes) node.element.classList.toggle("on", on.has(node.id));
  for (const edge of edges) {
    edge.line.classList.toggle("on", used.has(edge));
    edge.label?.classList.toggle("on", used.has(edge));
  }
  for (const [d, shared] of colors) {
    [...shared].forEach((color, turn) => {
      const ray = svg("path", { class: `ray p${color}`, d });
      if (shared.size > 1) {
        ray.setAttribute("stroke-dasharray", `${DASH} ${DASH * (shared.size - 1)}`);
        ray.setAttribute("stroke-dashoffset", -DASH * turn);
      }
      rays.append(ray);
    });
  }
}

/** At most 12 of the texts, and how many are missing between them. */
function abridged(texts) {
  if (texts.length <= 12) return texts;
  return [...texts.slice(0, 6), `… ${texts.length - 12} more …`, ...texts.slice(-6)];
}

const counted = (n) => (n < 10n ** 21n ? n.toLocaleString("en") : `about 10^${String(n).length - 1}`);

function explainPaths() {
  const place = $("paths");
  if (!lit) {
    place.replaceChildren(el("p", { class: "muted" },
      "Click a value, or press Enter on it: its paths to the output light up, each with the product of its local derivatives. Their sum is the gradient."));
    return;
  }
  const { node, paths } = lit;
  if (node === output) {
    place.replaceChildren(el("p", {}, `${node.name} is the output: the empty path, whose product is 1.`));
    return;
  }
  const count = pathCounts[node.id];
  const head = el("p", {}, `${counted(count)} ${count === 1n ? "path" : "paths"} from ${node.name} to ${output.name}`
    + (count > BigInt(paths.length) ? `, the ${paths.length} largest first:` : ":"));
  const rows = paths.map((path, i) => {
    const steps = [node, ...path.edges.map((edge) => nodes[edge.target])];
    const inside = steps.slice(1, -1);
    const named = inside.filter((step) => !step.unnamed);
    const names = [node, ...(named.length ? named : inside), output].map((step) => step.name);
    const factors = path.edges.filter((edge) => edge.partial !== 1).map((edge) => factor(edge.partial));
    const button = el("button", { type: "button", class: `path p${i}`, "aria-pressed": "false", title: "Light this path alone" },
      el("b", {}, `${i + 1}  `), abridged(names).join(" → "), el("br"),
      `${abridged(factors).join(" · ") || "1"} = `,
      el("b", { class: "product", title: exact(path.contribution) }, signed(path.contribution)));
    button.addEventListener("click", () => {
      lit.solo = lit.solo === i ? null : i;
      [...place.querySelectorAll(".path")].forEach((other, k) =>
        other.setAttribute("aria-pressed", String(lit.solo === k)));
      shine();
    });
    return button;
  });
  const parts = [head, ...rows];
  if (count > BigInt(paths.length)) {
    const rest = node.adjoint - paths.reduce((sum, path) => sum + path.contribution, 0);
    parts.push(el("p", { class: "rest" }, `${counted(count - BigInt(paths.length))} more, together ${signed(rest)}`));
  }
  parts.push(el("p", { class: "sum" }, `sum = ∂${output.name}/∂${node.name} = `,
    el("span", { id: "total", title: exact(node.adjoint) }, signed(node.adjoint)), " ",
    el("span", { class: "exact" }, `(${node.exact.adjoint})`)));
  place.replaceChildren(...parts);
  place.scrollTop = 0;
}

// Stepping: position 0 has the leaves alone, then one step per inner value forward,
// one for the output's adjoint 1, and one per inner value backward.

const LAST = 2 * inner.length + 1;
let position = null;
let timer = null;

/** The adjoints after so many backward steps, and the shares of the last one. */
function swept(steps) {
  const adjoints = new Map([[output, 1]]);
  let shares = [];
  for (let i = 0; i < steps; i += 1) {
    const node = inner[inner.length - 1 - i];
    shares = node.edges.map((edge) => {
      const operand = nodes[edge.source];
      const share = adjoints.get(node) * edge.partial;
      const before = adjoints.get(operand) ?? 0;
      const after = before + share;
      adjoints.set(operand, after);
      return { edge, operand, before, share, after };
    });
  }
  return { adjoints, shares };
}

function show() {
  for (const element of document.querySelectorAll(".current, .flow")) element.classList.remove("current", "flow");
  $("position").value = position ?? 0;
  // Not `disabled`, which would take the keyboard's focus away.
  $("back").setAttribute("aria-disabled", String(!position));
  $("next").setAttribute("aria-disabled", String(position === LAST));
  if (position === null) {
    for (const node of nodes) paint(node, node.data, node.grad, "grad");
    for (const edge of edges) edge.label?.classList.remove("later");
    introduce();
    return;
  }
  const forward = Math.min(position, inner.length);
  const done = new Set(inner.slice(0, forward));
  const backward = position - inner.length - 1;
  const { adjoints, shares } = backward >= 0 ? swept(backward) : { adjoints: new Map(), shares: [] };
  for (const node of nodes) {
    paint(node, !node.op || done.has(node) ? node.data : null, adjoints.has(node) ? adjoints.get(node) : null, "adjoint");
  }
  for (const edge of edges) edge.label?.classList.toggle("later", !done.has(nodes[edge.target]));
  const where = el("p", { class: "muted" }, `Step ${position} of ${LAST}`);
  let current = null;
  let parts;
  if (position === 0) {
    parts = [el("h3", {}, "The leaves"), el("p", {}, "They have their numbers. Nothing else is computed yet.")];
  } else if (backward < 0) {
    current = inner[position - 1];
    for (const edge of current.edges) {
      edge.line.classList.add("flow");
      edge.label?.classList.add("flow");
    }
    parts = [
      el("h3", {}, `Forward: ${current.name} = ${current.symbol}`),
      el("div", { class: "formulas" }, rule(current)[0],
        el("span", {}, `${current.name} = `, el("b", { title: exact(current.data) }, short(current.data, 6)))),
      el("p", {}, "The local derivatives are recorded with it:"),
      partials(current),
    ];
  } else if (backward === 0) {
    current = output;
    parts = [el("h3", {}, "Backward: the output"),
      el("p", {}, math(ratio(output, output), mo("mo", "="), mo("mn", "1"))),
      el("p", {}, "Everything else follows by the chain rule, each value after all that use it.")];
  } else {
    current = inner[inner.length - backward];
    parts = [el("h3", {}, `Backward: ${current.name} hands out its share`), chainRule(current, adjoints, shares)];
    for (const { edge } of shares) {
      edge.line.classList.add("flow");
      edge.label?.classList.add("flow");
    }
    if (position === LAST) parts.push(el("p", {}, el("b", {}, "Done: every value has its gradient.")));
  }
  if (current) {
    current.element.classList.add("current");
    reveal(current);
    describe(current);
  }
  $("step").replaceChildren(where, ...parts);
  $("step").scrollTop = 0;
}

function chainRule(node, adjoints, shares) {
  const rows = shares.map(({ edge, operand, before, share, after }) => el("tr", {},
    el("td", { class: "who" }, math(ratio(output, operand))),
    el("td", {}, `${short(before)} + ${factor(adjoints.get(node))} × ${factor(edge.partial)}`),
    el("td", { class: "number after", title: exact(after), "data-share": exact(share) }, `= ${short(after, 6)}`)));
  const any = shares.length ? shares[0].operand : null;
  const law = any
    ? math(ratio(output, { name: "operand" }), mo("mo", "+="), ratio(output, node), mo("mo", "×"), ratio(node, { name: "operand" }))
    : el("p", {}, "All its operands are constants.");
  return el("div", {},
    el("div", { class: "formulas" }, math(ratio(output, node), mo("mo", "="), mo("mn", short(adjoints.get(node), 6))), law),
    el("table", {}, el("tbody", {}, ...rows)));
}

function introduce() {
  const differing = nodes.filter((node) => !same(node.grad, node.adjoint)).length;
  const parts = [el("p", {},
    `${nodes.length.toLocaleString("en")} values. Next or Play walks the forward pass, then the backward pass, one value at a time.`)];
  if (differing) {
    parts.push(el("p", {},
      `In ${differing.toLocaleString("en")} of them grad is not the derivative of this output alone: backward() has not run from here, or gradients have added up. The steps and the paths use this output's own.`));
  }
  $("step").replaceChildren(...parts);
}

function go(to) {
  position = to === null ? null : Math.max(0, Math.min(LAST, to));
  if (position === null || position === LAST) pause();
  show();
}

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "▸ Play";
}

function play() {
  if (timer !== null) return pause();
  if (position === LAST) position = null;
  go(position === null ? 0 : position + 1);
  if (position === LAST) return undefined;
  timer = setInterval(() => go(position + 1), Number($("speed").value));
  $("play").textContent = "▮▮ Pause";
  return undefined;
}

const next = () => { pause(); go(position === null ? 0 : position + 1); };
const back = () => { pause(); if (position) go(position - 1); };
const reset = () => { pause(); go(null); };

// Controls

$("next").addEventListener("click", next);
$("back").addEventListener("click", back);
$("reset").addEventListener("click", reset);
$("play").addEventListener("click", play);
$("position").addEventListener("input", (event) => { pause(); go(Number(event.target.value)); });
$("speed").addEventListener("change", () => { if (timer !== null) { pause(); play(); } });
$("zoom-in").addEventListener("click", () => zoom(1.25));
$("zoom-out").addEventListener("click", () => zoom(0.8));
$("fit").addEventListener("click", () => fit());
$("help").addEventListener("click", () => {
  $("keys").hidden = !$("keys").hidden;
  $("help").setAttribute("aria-expanded", String(!$("keys").hidden));
});

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { $("theme").textContent = dark() ? "Light" : "Dark"; };
$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  nameTheme();
});
prefersDark.addEventListener("change", nameTheme);

const nodeOf = (target) => {
  const element = target.closest?.(".box");
  return element ? nodes[Number(element.dataset.id)] : null;
};
$("boxes").addEventListener("pointerover", (event) => {
  if (!pointers.size && nodeOf(event.target)) describe(nodeOf(event.target));
});
$("boxes").addEventListener("pointerout", (event) => {
  if (lit && !pointers.size && !nodeOf(event.relatedTarget ?? document)) describe(lit.node);
});
// On the canvas: a listener for it would make an SVG group a stop of the Tab key.
canvas.addEventListener("focusin", (event) => {
  const node = nodeOf(event.target);
  if (!node) return;
  describe(node);
  reveal(node);
  for (const other of $("boxes").querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  node.element.setAttribute("tabindex", "0");
});
canvas.addEventListener("click", (event) => {
  if (dragged) return;
  const node = nodeOf(event.target);
  if (node) {
    describe(node);
    light(node);
  } else if (event.detail) unlight();
});
$("find").addEventListener("change", (event) => {
  const node = nodes[Number(event.target.value)];
  if (!node) return;
  reveal(node);
  describe(node);
  light(node);
});

/** The box that an arrow key leads to: along an edge, or the next in the layer. */
function neighbor(node, key) {
  const middle = (other) => other.box[1] + other.box[3] / 2;
  const nearest = (others) => others.sort((a, b) =>
    Math.abs(middle(a) - middle(node)) - Math.abs(middle(b) - middle(node)) || a.id - b.id)[0];
  if (key === "ArrowLeft") return nearest(node.edges.map((edge) => nodes[edge.source]));
  if (key === "ArrowRight") return nearest(node.users.map((edge) => nodes[edge.target]));
  const side = key === "ArrowUp" ? -1 : 1;
  return nearest(nodes.filter((other) =>
    other.box[0] === node.box[0] && side * (middle(other) - middle(node)) > 0));
}

const PAN = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
const KEYS = {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => fit(),
  n: next, b: back, p: play, r: reset, Escape: unlight,
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const node = nodeOf(event.target);
  if (node && (event.key === "Enter" || event.key === " ")) light(node);
  else if (node && event.key in PAN) neighbor(node, event.key)?.element.focus();
  else if (event.key in PAN) {
    view.x += PAN[event.key][0];
    view.y += PAN[event.key][1];
    look();
  } else if (Object.hasOwn(KEYS, event.key)) KEYS[event.key]();
  else return;
  event.preventDefault();
});

// The start

$("title").textContent = `${output.name} = ${short(output.data, 6)}`;
$("position").max = LAST;
$("find").append(el("option", { value: "" }, "Go to …"),
  ...nodes.map((node) => el("option", { value: node.id }, node.op ? `${node.name} = ${node.symbol}` : node.name)));
draw();
go(null);
nameTheme();
explainPaths();
fit(true);
describe(graph.wrt === null ? output : nodes[graph.wrt]);
if (graph.wrt !== null) {
  light(nodes[graph.wrt]);
  reveal(nodes[graph.wrt]);
}
