// The drawing: one scene at a time, of values and of groups that open into more

const groups = graph.groups.map(([name, parent, size, roots], g) => ({
  id: ~g, name: isolated(name), parent, size, roots: roots.map((i) => nodes[i]),
}));
groups.forEach((group, g) => { group.scene = graph.scenes.findIndex((scene) => scene.group === g); });
const thing = (id) => (id >= 0 ? nodes[id] : groups[~id]);
let scene = null; // with what is drawn by its id, and the lines
let drawn = [];

/** What stands for a value in the scene: itself, or the group that it is in. */
function standIn(node) {
  if (scene.at.has(node.id)) return node;
  let g = graph.inside[node.id];
  while (g >= 0 && !scene.at.has(~g)) g = groups[g].parent;
  return g >= 0 ? groups[g] : null;
}

/** The line that an edge is drawn as, or is a part of. */
function lineOf(edge) {
  const ends = [standIn(edge.source)?.id, standIn(edge.target)?.id];
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
function pieces([x, y, ...rest]) {
  const found = [];
  for (let i = 0; i < rest.length; i += 2) {
    const [u, v] = rest.slice(i, i + 2);
    const middle = (x + u) / 2;
    found.push(`M${x},${y}${i % 4 ? "L" : `C${middle},${y} ${middle},${v} `}${u},${v}`);
    [x, y] = [u, v];
  }
  return found;
}

function drawLine([a, b, place, route], i) {
  const edge = place < 0 ? null : nodes[b].edges.find((one) => one.place === place);
  const line = { a: thing(a), b: thing(b), edge, pieces: pieces(route) };
  const d = line.pieces.map((piece, k) => (k ? piece.replace(/^M[^LC]*/, "") : piece)).join("");
  line.path = svg("path", { class: "edge", d });
  $("edges").append(line.path, svg("path", { class: "hit", d, "data-line": i }));
  if (edge && edge.partial !== 1) {
    const [x, y] = route.slice(-2);
    line.label = svg("text", { class: "partial", x: x - 9, y: y - 3.5 }, `×${short(edge.partial, 3)}`);
    $("labels").append(line.label);
  }
  scene.byEnds.set(`${a},${b} ${place}`, line);
  return line;
}

function drawBox(one, [x, y, width, height]) {
  const top = y + (height - 66) / 2;
  one.box = [x, y, width, height];
  const said = one.roots ? ` ${one.size}` : one.op ? ` = ${one.symbol}` : "";
  const name = fitted(one.name, said ? width * 0.62 : width - 16);
  const rest = fitted(said, width - 16 - ruler.measureText(name).width);
  one.dataText = svg("text", { class: "data", x: x + width - 9, y: top + 38, "text-anchor": "end" });
  one.gradKey = svg("text", { class: "key", x: x + 9, y: top + 56 });
  one.gradText = svg("text", { class: "grad", x: x + width - 9, y: top + 56, "text-anchor": "end" });
  one.element = svg("g", { class: `box ${one.roots ? "group" : one.op ? "" : "leaf"}`, tabindex: "-1", role: "button", "data-id": one.id },
    svg("rect", { x, y, width, height, rx: 9 }),
    svg("text", { class: "name", x: x + width / 2, y: top + 18, "text-anchor": "middle" },
      svg("tspan", {}, name), svg("tspan", {}, rest)),
    svg("text", { class: "key", x: x + 9, y: top + 38 }, one.roots?.length > 1 ? "‖data‖" : "data"),
    one.dataText, one.gradKey, one.gradText);
  $("boxes").append(one.element);
}

function open(number) {
  for (const one of drawn) one.element = null;
  scene = graph.scenes[number];
  scene.items ??= JSON.parse($(`scene-${number}`).textContent);
  const [items, boxes, lines] = scene.items;
  for (const id of ["edges", "lit", "labels", "boxes", "shares"]) $(id).replaceChildren();
  drawn = items.map(thing);
  scene.at = new Set(items);
  scene.byEnds = new Map();
  scene.drawnLines = lines.map(drawLine);
  drawn.forEach((one, i) => drawBox(one, boxes[i]));
  drawn[drawn.length - 1].element.setAttribute("tabindex", "0");
  $("scene").value = number;
  select();
  show();
  explainPaths();
  fit(true);
}

/** Have a value drawn: in this scene if it is there, else in the one of its group. */
function bring(node) {
  if (!scene.at.has(node.id)) open(groups[graph.inside[node.id]]?.scene ?? 0);
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
  const texts = [data === null ? "·" : short(data), grad === null ? "·" : short(grad), many ? `‖${key}‖` : key];
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
const room = () => [canvas.clientWidth - 2 * MARGIN, canvas.clientHeight - 2 * MARGIN];

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
  view.y = (canvas.clientHeight - (over[1] ? 2 * top + h : height) * view.scale) / 2;
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
