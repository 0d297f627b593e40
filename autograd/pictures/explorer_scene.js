// The drawing: values, and groups of them that open in their place and collapse again

const groups = graph.groups.map(([name, kind, parent, size, unit, roots]) => ({
  name: isolated(name), kind, parent, size, unit, roots: roots.map((i) => nodes[i]),
}));
groups.forEach((group, g) => { group.id = ~g; });
const thing = (id) => (id >= 0 ? nodes[id] : groups[~id]);
const unfolded = new Set(); // the groups that are
let scene = null; // with what is drawn by its id, and the lines
let drawn = [];

/** The groups around a value or a group, the innermost first. */
function* around(one) {
  for (let g = one.roots ? one.parent : graph.inside[one.id]; g >= 0; g = groups[g].parent) yield groups[g];
}

/** What stands for a value: itself, or the outermost group around it that is closed. */
function standIn(node) {
  let found = node;
  for (const group of around(node)) if (!unfolded.has(group)) found = group;
  return found;
}

/** The line that an edge is drawn as, or is a part of. */
function lineOf(edge) {
  const ends = [standIn(edge.source).id, standIn(edge.target).id];
  return scene.byEnds.get(`${ends} ${edge.place}`) ?? scene.byEnds.get(`${ends} -1`);
}

const length = (numbers) => (numbers.some(Number.isNaN) ? NaN : Math.hypot(...numbers));
const dataOf = (one) => (one.roots ? (one.roots.length === 1 ? one.roots[0].data : length(one.roots.map((x) => x.data))) : one.data);

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "700 13px system-ui, sans-serif";
function fitted(text, width) {
  if (ruler.measureText(text).width <= width) return text;
  let letters = Math.min(text.length, 60);
  while (letters && ruler.measureText(cut(text, letters)).width > width) letters -= 1;
  return cut(text, letters);
}

/** The pieces of a route, each a path of its own: bends between layers, lines within. */
function pieces(route) {
  return route.slice(1).map(([u, v], i) => {
    const [x, y] = route[i];
    const middle = (x + u) / 2;
    return `M${x},${y}${i % 2 ? "L" : `C${middle},${y} ${middle},${v} `}${u},${v}`;
  });
}

function drawLine(a, b, place, route, [x, y], i) {
  const edge = place < 0 ? null : b.edges.find((one) => one.place === place);
  const line = { a, b, edge, pieces: pieces(route) };
  const d = line.pieces.map((piece, k) => (k ? piece.replace(/^M[^LC]*/, "") : piece)).join("");
  line.path = svg("path", { class: "edge", d });
  $("edges").append(line.path, svg("path", { class: "hit", d, "data-line": i }));
  if (edge && edge.partial !== 1) {
    line.label = svg("text", { class: "partial", x: x - 9, y: y - 3.5 }, `×${short(edge.partial, 3)}`);
    $("labels").append(line.label);
  }
  scene.byEnds.set(`${a.id},${b.id} ${place}`, line);
  return line;
}

function drawBox(one, [x, y, width, height]) {
  const top = y + (height - 66) / 2;
  one.box = [x, y, width, height];
  const said = one.roots ? ` ${one.size}` : one.op ? ` = ${one.symbol}` : "";
  const name = fitted(one.name, one.roots ? width - 16 - ruler.measureText(said).width : said ? width * 0.62 : width - 16);
  const rest = fitted(said, width - 16 - ruler.measureText(name).width);
  one.dataText = svg("text", { class: "data", x: x + width - 9, y: top + 38, "text-anchor": "end" });
  const left = x + (one.roots ? 5 : 9); // ‖grad‖ is longer
  one.gradKey = svg("text", { class: "key", x: left, y: top + 56 });
  one.gradText = svg("text", { class: "grad", x: x + width - 9, y: top + 56, "text-anchor": "end" });
  one.element = svg("g", { class: `box ${one.roots ? "group" : one.op ? "" : "leaf"}`, tabindex: "-1", role: "button", "data-id": one.id },
    svg("rect", { x, y, width, height, rx: 9 }),
    svg("text", { class: "name", x: x + width / 2, y: top + 18, "text-anchor": "middle" },
      svg("tspan", {}, name), svg("tspan", {}, rest)),
    svg("text", { class: "key", x: left, y: top + 38 }, one.roots?.length > 1 ? "‖data‖" : "data"),
    one.dataText, one.gradKey, one.gradText);
  $("boxes").append(one.element);
}

/** What is to be drawn, each after what it is computed from, with its lines in. */
function visible() {
  const lines = new Map();
  const linesTo = (one) => lines.get(one) ?? lines.set(one, new Map()).get(one);
  for (const node of nodes) {
    const target = standIn(node);
    const into = linesTo(target);
    for (const edge of node.edges) {
      const source = standIn(edge.source);
      const place = source === edge.source && target === node ? edge.place : -1;
      if (source !== target) into.set(`${source.id} ${place}`, [source, place]);
    }
  }
  const order = new Map();
  const stack = [[standIn(output), false]];
  while (stack.length) {
    const [one, done] = stack.pop();
    if (done) order.set(one, order.size);
    else if (lines.has(one)) {
      const into = [...lines.get(one).values()];
      lines.delete(one);
      one.into = into;
      stack.push([one, true], ...into.map(([source]) => [source, false]));
    }
  }
  return order;
}

function draw() {
  for (const one of drawn) one.element = null;
  const order = visible();
  drawn = [...order.keys()];
  // Groups may use each other in a circle; a line backward is no part of the layout.
  const forward = (one) => one.into.filter(([source]) => order.get(source) < order.get(one));
  const layout = place(drawn.map((one) => forward(one).map(([source]) => order.get(source))), drawn.map((one) => (one.roots ? 2 : 15)), drawn.map((one) => one.unit));
  for (const id of ["edges", "lit", "labels", "boxes", "shares"]) $(id).replaceChildren();
  scene = { at: new Set(drawn), byEnds: new Map(), drawnLines: [], size: [layout.width, layout.height] };
  drawn.forEach((one, i) => {
    const [routes, ends] = [layout.routes[i].values(), layout.labels[i].values()];
    for (const [source, place] of one.into) {
      const [a, b, w, h] = layout.boxes[order.get(source)];
      const [left, top, , height] = layout.boxes[i];
      const straight = [[a + w, b + h / 2], [left, top + height / 2]];
      const [route, end] = order.get(source) < i ? [routes.next().value, ends.next().value] : [straight, straight[1]];
      scene.drawnLines.push(drawLine(source, one, place, route, end, scene.drawnLines.length));
    }
  });
  drawn.forEach((one, i) => drawBox(one, layout.boxes[i]));
  drawn.at(-1).element.setAttribute("tabindex", "0");
  select();
  show();
  explainPaths();
  fit(true);
}

/** Open a group, or collapse it, and stay at its place. */
function toggle(group) {
  if (!unfolded.delete(group)) for (const one of [group, ...around(group)]) unfolded.add(one);
  $("detail").value = "";
  draw();
  const box = standIn(group.roots.at(-1));
  reveal(box);
  box.element.focus({ preventScroll: true });
}

/** The innermost open group around something collapses. */
function collapse(one) {
  const group = [...around(one)].find((other) => unfolded.has(other));
  if (group) toggle(group);
}

// How much is open: a kind of groups after the other, until there are values only

const DETAIL = ["layers", "neurons", groups.some((one) => /, ex\. /.test(one.name)) ? "examples" : "groups"];
const FEW = 200; // boxes that are taken in
const MANY = 1000; // and drawn at once
const boxes = () => new Set(nodes.map(standIn)).size;
function detailed(level) {
  unfolded.clear();
  for (const group of groups) if (group.kind < level) unfolded.add(group);
}
const levels = [...new Set(groups.map((group) => group.kind)), DETAIL.length].sort()
  .filter((level, i) => { detailed(level); return !i || boxes() <= MANY; });

/** Have a value drawn, with as much else as there is room for. */
function bring(node) {
  if (scene.at.has(node)) return;
  for (const group of around(node)) unfolded.add(group);
  if (boxes() > FEW) {
    detailed(levels[0]);
    for (const group of around(node)) unfolded.add(group);
  }
  draw();
}

// What the boxes show: everything, or what a step has come to

const largest = (values) => values.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
const scales = {};
function rescale() {
  scales.grad = largest(nodes.map((node) => node.grad));
  scales.adjoint = largest(nodes.map((node) => node.adjoint));
}
rescale();

function paint(one, data, grad, key) {
  const element = one.element;
  const many = one.roots?.length > 1;
  const texts = [data === null ? "·" : short(data), grad === null ? (position === null ? "–" : "·") : short(grad), many ? `‖${key}‖` : key];
  [one.dataText, one.gradText, one.gradKey].forEach((text, i) => {
    if (text.textContent !== texts[i]) text.textContent = texts[i];
  });
  element.classList.toggle("odd", grad !== null && Number.isNaN(grad));
  element.classList.toggle("plus", !many && grad > 0);
  element.classList.toggle("minus", !many && grad < 0);
  const share = Number.isFinite(grad) ? Math.abs(grad) / (scales[key] || 1) : 1;
  element.style.setProperty("--t", Math.sqrt(Math.min(1, share)).toFixed(3));
  const kind = one.roots ? `group of ${one.size} values` : one.op ? `= ${one.symbol}` : "leaf";
  element.setAttribute("aria-label", [one.name, kind, data === null ? "not computed yet" : `data ${texts[0]}`,
    ...(grad === null ? [] : [`${key} ${texts[1]}`])].join(", "));
}

/** A value, or a group by what leaves it: one number, or the length of all. */
function paintAll(data, grad, key) {
  for (const one of drawn) {
    const shownOf = (number) => {
      if (!one.roots) return number(one);
      const all = one.roots.map(number);
      if (all.includes(null)) return null;
      return all.length === 1 ? all[0] : length(all);
    };
    paint(one, shownOf(data), shownOf(grad), key);
  }
  for (const line of scene.drawnLines) {
    line.path.classList.toggle("none", line.edge?.partial === 0);
    if (line.label) line.label.textContent = `×${short(line.edge.partial, 3)}`;
  }
}

// The camera

const canvas = $("canvas");
const view = { x: 0, y: 0, scale: 1 };
const MOST = 6;

function look() {
  $("world").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  $("graph").classList.toggle("small", view.scale < 0.4);
  $("graph").classList.toggle("tiny", view.scale < 0.25);
}

function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(MOST, Math.max(Math.min(whole(), 0.02), view.scale * by));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  look();
}

const MARGIN = 16;
const above = () => canvas.clientHeight - $("legend").offsetHeight; // the legend
const room = () => [canvas.clientWidth - 2 * MARGIN, above() - 2 * MARGIN];

/** The scale at which all of the scene is seen. */
function whole() {
  return Math.min(room()[0] / scene.size[0], room()[1] / scene.size[1], 1.6);
}

/** Show all of it, or where that is not `legible` as much as is, from the output back. */
function fit(legible = false) {
  const [width, height] = scene.size;
  view.scale = legible && whole() < 0.42 ? 0.7 : whole();
  const [left, top, w, h] = drawn[drawn.length - 1].box;
  const over = [width * view.scale > room()[0] + 1, height * view.scale > room()[1] + 1];
  view.x = over[0] ? canvas.clientWidth - MARGIN - (left + w) * view.scale
    : (canvas.clientWidth - width * view.scale) / 2;
  view.y = (above() - (over[1] ? 2 * top + h : height) * view.scale) / 2;
  look();
}

/** Move as little as brings a box fully into view. */
function reveal(one) {
  const [x, y, width, height] = one.box;
  for (const [axis, start, size, space] of [
    ["x", x, width, canvas.clientWidth],
    ["y", y, height, canvas.clientHeight],
  ]) {
    const low = view[axis] + start * view.scale;
    const high = low + size * view.scale;
    if (low < MARGIN) view[axis] += MARGIN - low;
    else if (high > space - MARGIN) view[axis] -= Math.min(high - space + MARGIN, low - MARGIN);
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
