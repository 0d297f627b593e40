// Paths: the derivative by a value as the sum over all its paths, in a few rows. A row
// is a bundle: the steps that its paths begin with, and how many ways lead on from there
// to the output. Its share is a product, of those steps and of the derivative at their end.

const LISTED = 8;
const DASH = 9;

/** How many paths lead from each value to the output. */
const pathCounts = nodes.map(() => 0n);
pathCounts[output.id] = 1n;
for (const node of [...nodes].reverse()) {
  for (const edge of node.edges) pathCounts[edge.source.id] += pathCounts[node.id];
}

/** The product, large and small factors in turn, so that it overflows only at the end. */
function product(factors) {
  const sorted = [...factors].sort((x, y) => Math.abs(x) - Math.abs(y));
  const small = sorted.filter((x) => Math.abs(x) < 1);
  const large = sorted.slice(small.length);
  let all = 1;
  while (small.length || large.length) {
    all *= (large.length && (Math.abs(all) <= 1 || !small.length) ? large : small).pop();
  }
  return all;
}

const endOf = (row) => (row.length ? row[row.length - 1].target : lit.node);
const factorsOf = (row) => {
  const partials = row.map((edge) => edge.partial);
  return endOf(row) === output ? partials : [...partials, endOf(row).adjoint];
};
const productOf = (row) => (row.some((edge) => edge.dead) ? 0 : product(factorsOf(row)));
const onward = (row) => endOf(row).users.map((edge) => [...row, edge]);
const size = (x) => (Number.isNaN(x) ? Infinity : Math.abs(x));
const bySize = (x, y) => Number(size(x) < size(y)) - Number(size(x) > size(y));

/** Open the largest bundle, as long as there is room for what is in it. */
function opened() {
  let rows = [[]];
  for (;;) {
    const open = rows.filter((row) => endOf(row) !== output && (rows.length < LISTED || endOf(row).users.length === 1));
    if (!open.length) return rows;
    const sizes = new Map(open.map((row) => [row, productOf(row)]));
    const [first] = open.sort((a, b) => bySize(sizes.get(a), sizes.get(b)));
    rows = rows.flatMap((row) => (row === first ? onward(row) : [row]));
  }
}

let lit = null; // { node, rows, room, solo }

function light(node) {
  lit = { node, rows: [], room: LISTED, solo: null };
  lit.rows = opened();
  select();
  explainPaths();
  describe(node);
  link();
}

function unlight() {
  lit = null;
  select();
  explainPaths();
  link();
}

function select() {
  for (const one of drawn) one.element.classList.toggle("selected", Boolean(lit) && one === standIn(lit.node));
}

/** Color the rows; a piece of line on several shows dashes of each color in turn. */
function shine(rows = []) {
  const rays = $("lit");
  rays.replaceChildren();
  const on = new Set(lit ? [lit.node] : []);
  const colors = new Map(); // by piece: the edges of one value share their first ones
  rows.forEach((row, color) => {
    if (lit.solo !== null && lit.solo !== row) return;
    for (const edge of row) {
      on.add(edge.target);
      for (const d of lineOf(edge)?.pieces ?? []) colors.set(d, (colors.get(d) || new Set()).add(color % 8));
    }
  });
  for (const node of lit && !lit.solo ? nodes : []) { // what a bundle leads on to
    if (node.edges.some((edge) => on.has(edge.source))) on.add(node);
  }
  const boxes = new Set([...on].map(standIn));
  $("graph").classList.toggle("lighting", rows.length > 0);
  for (const one of drawn) one.element.classList.toggle("on", boxes.has(one));
  for (const line of scene.drawnLines) {
    const used = boxes.has(line.a) && boxes.has(line.b) && !(lit?.solo && line.edge && !lit.solo.includes(line.edge));
    line.path.classList.toggle("on", used);
    line.label?.classList.toggle("on", used);
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
const paths = (n) => `${counted(n)} ${n === 1n ? "path" : "paths"}`;

function explainPaths() {
  const place = $("paths");
  if (!lit || lit.node === output) {
    shine();
    place.replaceChildren(el("p", { class: "muted" }, lit
      ? `${output.name} is the output: the empty path, whose product is 1.`
      : "Click a value, or press Enter on it: its paths to the output light up, each with the product of its partials. Their sum is the gradient."));
    return;
  }
  const { node } = lit;
  const shares = new Map(lit.rows.map((row) => [row, productOf(row)]));
  const rows = [...lit.rows].sort((a, b) => bySize(shares.get(a), shares.get(b)));
  const hidden = rows.splice(lit.room);
  const number = pathCounts[node.id];
  const list = rows.map((row, i) => {
    const end = endOf(row);
    const through = [node, ...row.map((edge) => edge.target)];
    const inside = through.slice(1, -1);
    const named = inside.filter((step) => !step.unnamed);
    const names = [...new Set([node, ...(named.length ? named : inside), end])].map((step) => step.name);
    const whole = end === output;
    const { texts, sign } = printed(factorsOf(row), shares.get(row), product);
    if (!whole) texts.push(`[${texts.pop()}]`);
    const factors = texts.filter((text) => text !== "1").map(factor);
    const button = el("button", { type: "button", class: `path p${i % 8}`, "data-count": pathCounts[end.id],
      "aria-pressed": String(lit.solo === row), title: whole ? "Light this path alone" : "Open: one row for each way on" },
    el("b", {}, `${i + 1}  `), abridged(names).join(" → "), whole ? "" : ` ⇉ ${output.name}, ${paths(pathCounts[end.id])}`, el("br"),
    `${abridged(factors).join(" · ") || "1"} ${sign} `,
    el("b", { class: "product", title: exact(shares.get(row)) }, signed(shares.get(row))));
    button.addEventListener("click", () => {
      if (whole) lit.solo = lit.solo === row ? null : row;
      else {
        lit.rows = lit.rows.flatMap((other) => (other === row ? onward(row) : [other]));
        lit.room += end.users.length - 1;
      }
      explainPaths();
      $("paths").querySelectorAll(".path")[i]?.focus();
    });
    return button;
  });
  const rest = hidden.reduce((sum, row) => sum + shares.get(row), 0);
  const left = hidden.reduce((sum, row) => sum + pathCounts[endOf(row).id], 0n);
  place.replaceChildren(
    el("p", {}, `${paths(number)} from ${node.name} to ${output.name}:`), ...list,
    hidden.length ? el("p", { class: "rest" }, `${paths(left)} more, together ${signed(rest)}`) : "",
    el("p", { class: "sum" }, `sum = ∂${output.name}/∂${node.name} = `,
      el("span", { id: "total", title: exact(node.adjoint) }, signed(node.adjoint)), " ",
      el("span", { class: "exact" }, `(${exact(node.adjoint)})`)));
  shine(rows);
}
