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

/** A number as a fraction from 1 to 2 and a power of 2, exactly. */
function split(x) {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return [x / 2 ** exponent, exponent];
}

/** The product, over- or underflowing only if the result does. */
function product(factors) {
  let [fraction, exponent] = [1, 0];
  for (const x of factors) {
    const [factor, shift] = split(x);
    const [next, carry] = split(fraction * factor);
    fraction = next;
    exponent += shift + carry;
  }
  const step = Math.max(-1000, Math.min(1000, exponent)); // 2 ** 1024 is no number
  return fraction * 2 ** step * 2 ** (exponent - step);
}

/** The larger first, by the logarithms of their sizes; before all a nan, 0 · inf. */
const bySize = (a, b) => Number.isNaN(b.size) - Number.isNaN(a.size)
  || (a.size === b.size ? 0 : b.size - a.size);

/**
 * The largest paths from each value to the output. Those from a value are among the
 * largest from its users, each one edge longer. Some that are 0 are kept as well,
 * since 0 times inf further on is nan.
 */
function largestPaths() {
  const found = nodes.map(() => []);
  found[output.id] = [{ edge: null, rest: null, size: 0 }];
  for (let i = nodes.length - 2; i >= 0; i -= 1) {
    const longer = nodes[i].users.flatMap((edge) => found[edge.target].map((rest) => ({
      edge, rest, size: rest.size + Math.log2(Math.abs(edge.partial)),
    })));
    longer.sort(bySize);
    const zeros = longer.filter((path) => path.size === -Infinity).slice(0, LISTED);
    found[i] = [...new Set([...longer.slice(0, LISTED), ...zeros])];
  }
  return found.map((paths) => paths.slice(0, LISTED).map((path) => {
    const taken = [];
    for (let step = path; step.edge; step = step.rest) taken.push(step.edge);
    return { edges: taken, contribution: product(taken.map((edge) => edge.partial)) };
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
