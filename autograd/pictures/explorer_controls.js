// Controls

$("next").addEventListener("click", next);
$("back").addEventListener("click", back);
$("reset").addEventListener("click", reset);
$("play").addEventListener("click", play);
$("nudge").addEventListener("click", nudge);
$("descend").addEventListener("click", descend);
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
  if (key === "ArrowLeft") return nearest(node.edges.map((edge) => edge.source));
  if (key === "ArrowRight") return nearest(node.users.map((edge) => edge.target));
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
  ...[...nodes].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })).map((node) => el("option", { value: node.id }, node.op ? `${node.name} = ${node.symbol}` : node.name)));
draw();
show();
explainPaths();
nameTheme();
fit(true);
describe(graph.wrt === null ? output : nodes[graph.wrt]);
if (graph.wrt !== null) {
  light(nodes[graph.wrt]);
  reveal(nodes[graph.wrt]);
}
