// Controls

const clicks = {
  next, back, reset, play, nudge, descend,
  "zoom-in": () => zoom(1.25), "zoom-out": () => zoom(0.8), fit: () => fit(),
};
for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
$("position").addEventListener("input", (event) => { pause(); go(Number(event.target.value)); });
$("speed").addEventListener("change", () => { if (timer !== null) { pause(); play(); } });
$("detail").addEventListener("change", (event) => { detailed(Number(event.target.value)); draw(); });
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

const thingOf = (target) => {
  const element = target.closest?.(".box");
  return element ? thing(Number(element.dataset.id)) : null;
};
$("boxes").addEventListener("pointerover", (event) => {
  if (!pointers.size && thingOf(event.target)) describe(thingOf(event.target));
});
$("boxes").addEventListener("pointerout", (event) => {
  if (lit && !pointers.size && !thingOf(event.relatedTarget ?? document)) describe(lit.node);
});
// On the canvas: a listener for it would make an SVG group a stop of the Tab key.
canvas.addEventListener("focusin", (event) => {
  const one = thingOf(event.target);
  if (!one) return;
  describe(one);
  reveal(one);
  for (const other of $("boxes").querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  one.element.setAttribute("tabindex", "0");
});

/** A group opens; a value lights its paths. */
function choose(one) {
  if (one.roots) toggle(one);
  else light(one);
}

canvas.addEventListener("click", (event) => {
  if (dragged) return;
  const one = thingOf(event.target);
  const line = scene.drawnLines[event.target.dataset?.line];
  if (one) choose(one);
  else if (line) describeLine(line);
  else if (event.detail) unlight();
});
canvas.addEventListener("dblclick", (event) => {
  const one = thingOf(event.target);
  if (one && !one.roots && !dragged) collapse(one);
});

// Search: by name, else by a part of it or of what made it

const calledBy = new Map(nodes.map((node) => [node.name, node]));
function matches(text) {
  const wanted = text.trim().toLowerCase();
  return nodes.filter((node) => `${node.name} = ${node.symbol}`.toLowerCase().includes(wanted));
}
$("find").addEventListener("input", (event) => {
  const some = event.target.value.trim() ? matches(event.target.value).slice(0, 20) : [];
  $("names").replaceChildren(...some.map((node) => el("option", { value: node.name }, node.op ? `= ${node.symbol}` : "leaf")));
});
$("find").addEventListener("change", (event) => {
  const node = calledBy.get(event.target.value) ?? (event.target.value.trim() ? matches(event.target.value)[0] : null);
  if (node) goTo(node);
});

function goTo(node) {
  bring(node);
  light(node);
  reveal(node);
}

// Links: #wrt=W[1]2,2&step=19

/** Put into the address what is chosen. */
function link() {
  const said = [];
  if (lit) said.push(`wrt=${lit.node.name.replace(/[%&#\s]/g, encodeURIComponent)}`);
  if (position !== null) said.push(`step=${position}`);
  try {
    history.replaceState(null, "", `#${said.join("&")}`);
  } catch { /* a page within a page has no address of its own */ }
}

/** Do what the address says. */
function follow() {
  const asked = new Map(location.hash.slice(1).split("&").map((part) => part.split(/=(.*)/s)));
  let name = asked.get("wrt");
  try {
    name = decodeURIComponent(name);
  } catch { /* not encoded: as it is */ }
  const step = asked.has("step") ? Number(asked.get("step")) : NaN;
  if (calledBy.has(name)) goTo(calledBy.get(name));
  if (Number.isInteger(step)) go(step);
}
window.addEventListener("hashchange", follow);

/** The box that an arrow key leads to: along an edge, or the next in the layer. */
function neighbor(one, key) {
  const middle = (other) => other.box[1] + other.box[3] / 2;
  const nearest = (others) => others.sort((a, b) =>
    Math.abs(middle(a) - middle(one)) - Math.abs(middle(b) - middle(one)) || a.id - b.id)[0];
  if (key === "ArrowLeft") return nearest(scene.drawnLines.filter((line) => line.b === one).map((line) => line.a));
  if (key === "ArrowRight") return nearest(scene.drawnLines.filter((line) => line.a === one).map((line) => line.b));
  const side = key === "ArrowUp" ? -1 : 1;
  return nearest(drawn.filter((other) =>
    other.box[0] === one.box[0] && side * (middle(other) - middle(one)) > 0));
}

const PAN = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
const KEYS = {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => fit(),
  n: next, b: back, p: play, r: reset, Escape: unlight,
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const one = thingOf(event.target);
  if (one && (event.key === "Enter" || event.key === " ")) choose(one);
  else if (one && event.key === "c") collapse(one);
  else if (one && event.key in PAN) neighbor(one, event.key)?.element.focus();
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
$("detail").append(el("option", { value: "", hidden: "" }, "mixed"), ...levels.map((level) => el("option", { value: level }, DETAIL[level] ?? "values")));
$("detail").hidden = levels.length === 1;
nameTheme();
const asked = location.hash; // before anything puts another one there
$("detail").value = levels.findLast((level, i) => { detailed(level); return !i || boxes() <= FEW; });
draw();
describe(graph.wrt === null ? output : nodes[graph.wrt]);
if (graph.wrt !== null) goTo(nodes[graph.wrt]);
if (asked) {
  history.replaceState(null, "", asked);
  follow();
}
