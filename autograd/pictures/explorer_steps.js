// Stepping: position 0 has the leaves alone, then one step per inner value forward,
// one for the output's adjoint 1, and one per inner value backward.

const LAST = 2 * inner.length + 1;
let position = null;
let timer = null;

function show() {
  for (const element of document.querySelectorAll(".current, .flow")) element.classList.remove("current", "flow");
  $("position").value = position ?? 0;
  // Not `disabled`, which would take the keyboard's focus away.
  $("back").setAttribute("aria-disabled", String(!position));
  $("next").setAttribute("aria-disabled", String(position === LAST));
  if (position === null) {
    for (const node of nodes) paint(node, node.data, isMoved() ? node.adjoint : node.grad, isMoved() ? "adjoint" : "grad");
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
  for (const edge of edges) edge.label?.classList.toggle("later", !done.has(edge.target));
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
      el("p", {}, "The partials are recorded with it:"),
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
  const rows = shares.map(({ edge, before, share, after }) => el("tr", {},
    el("td", { class: "who" }, math(ratio(output, edge.source))),
    el("td", {}, `${short(before)} + ${factor(adjoints.get(node))} × ${factor(edge.partial)}`),
    el("td", { class: "number after", title: exact(after), "data-share": exact(share) }, `= ${short(after, 6)}`)));
  const any = shares.length ? shares[0].edge.source : null;
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
const reset = () => { pause(); position = null; restore(); };
