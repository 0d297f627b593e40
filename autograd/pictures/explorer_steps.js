// Stepping: position 0 has the leaves alone, then one step per inner value forward,
// one for the output's adjoint 1, and one per inner value backward.

const LAST = 2 * inner.length + 1;
let position = null;
let timer = null;
inner.forEach((node, i) => { node.turn = i; });

function show() {
  for (const element of document.querySelectorAll(".current, .flow")) element.classList.remove("current", "flow");
  $("shares").replaceChildren();
  $("position").value = position ?? 0;
  // Not `disabled`, which would take the keyboard's focus away.
  $("back").setAttribute("aria-disabled", String(!position));
  $("next").setAttribute("aria-disabled", String(position === LAST));
  link();
  if (position === null) {
    const key = isMoved() ? "adjoint" : "grad";
    paintAll((node) => node.data, (node) => (key === "grad" && uncomputed ? null : node[key]), key);
    for (const line of scene.drawnLines) line.label?.classList.remove("later");
    introduce();
    return;
  }
  const forward = Math.min(position, inner.length);
  const backward = position - inner.length - 1;
  const { adjoints, shares } = backward >= 0 ? swept(backward) : { adjoints: new Map(), shares: [] };
  const done = (node) => !node.op || node.turn < forward;
  const current = position === 0 ? null : backward < 0 ? inner[position - 1] : backward ? inner[inner.length - backward] : output;
  if (current && !standIn(current)) bring(current); // which shows all again
  paintAll((node) => (done(node) ? node.data : null), (node) => adjoints.get(node) ?? null, "adjoint");
  for (const line of scene.drawnLines) line.label?.classList.toggle("later", !done(line.b));
  $("step").replaceChildren(el("p", { class: "muted" }, `Step ${position} of ${LAST}`),
    ...(position === 0 ? leaves() : backward < 0 ? computed(current) : backward ? handed(current, adjoints, shares) : started()));
  if (!current) return;
  for (const edge of backward ? current.edges : []) {
    const line = lineOf(edge);
    line?.path.classList.add("flow");
    line?.label?.classList.add("flow");
  }
  travel(shares);
  const box = standIn(current);
  box.element.classList.add("current");
  reveal(box);
  describe(current);
}

// What each step says: one sentence in the values' own names, then the numbers

/** "x, y and z", at most six of them. */
function listed(names) {
  const some = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return some.length < 2 ? some.join("") : `${some.slice(0, -1).join(", ")} and ${some[some.length - 1]}`;
}
const namesOf = (all) => listed([...new Set(all)].map((node) => node.name));
const times = (n) => ["no", "one", "two", "three", "four", "five", "six"][n] ?? n.toLocaleString("en");

const leaves = () => [el("h3", {}, "The leaves"),
  el("p", {}, `${namesOf(nodes.filter((node) => !node.op))} have their numbers; nothing else is computed yet.`)];

const started = () => [el("h3", {}, "Backward: the output"),
  el("p", {}, `Where ${output.name} grows by a little, ${output.name} grows by just that, so its derivative by itself is 1; every other follows, each value after all that use it.`),
  el("p", {}, math(ratio(output, output), mo("mo", "="), mo("mn", "1")))];

function computed(node) {
  const from = node.edges.map((edge) => edge.source);
  return [el("h3", {}, `Forward: ${node.name} = ${node.symbol}`),
    el("p", {}, from.length
      ? `${node.name} is computed from ${namesOf(from)}, and on each edge is recorded how many times as much it moves as they do.`
      : `${node.name} is computed from constants alone.`),
    el("div", { class: "formulas" }, rule(node)[0],
      el("span", {}, `${node.name} = `, el("b", { title: exact(node.data) }, short(node.data, 6)))),
    el("p", {}, "The partials are recorded with it:"), partials(node)];
}

function handed(node, adjoints, shares) {
  const rows = shares.slice(0, ROOM).map(({ edge, before, share, after }) => {
    const { texts: [old, adjoint, partial], sign } = printed([before, adjoints.get(node), edge.partial], after, ([x, y, z]) => x + y * z);
    return el("tr", {}, el("td", { class: "who" }, math(ratio(output, edge.source))),
      el("td", {}, `${old} + ${factor(adjoint)} × ${factor(partial)}`),
      el("td", { class: "number after", title: exact(after), "data-share": exact(share) }, `${sign} ${short(after)}`));
  });
  const law = shares.length
    ? math(ratio(output, { name: "operand" }), mo("mo", "+="), ratio(output, node), mo("mo", "×"), ratio(node, { name: "operand" }))
    : el("p", {}, "All its operands are constants.");
  return [el("h3", {}, `Backward: ${node.name} hands out its share`),
    el("p", { class: "said" }, meeting(node, shares)),
    el("div", { class: "formulas" }, math(ratio(output, node), mo("mo", "="), mo("mn", short(adjoints.get(node), 6))), law),
    el("table", {}, el("tbody", {}, ...rows, more(shares))),
    position === LAST ? el("p", {}, el("b", {}, "Done: every value has its gradient.")) : ""];
}

/** Which shares meet in an operand, if it has others than this node to hear from. */
function meeting(node, shares) {
  const operand = shares.map(({ edge }) => edge.source).find((one) => one.users.length > 1);
  if (!operand) return shares.length ? `Only ${node.name} uses ${namesOf(shares.map(({ edge }) => edge.source))}, so what it hands out is the whole derivative.` : "";
  // As the sweep comes to them: so the sum adds up, and units stand in order.
  const users = [...operand.users].sort((a, b) => b.target.turn - a.target.turn);
  const heard = users.filter((edge) => edge.target.turn >= node.turn).map((edge) => (edge.dead ? 0 : edge.target.adjoint * edge.partial));
  const total = shares.filter(({ edge }) => edge.source === operand).pop().after;
  const { texts, sign } = printed(heard, total, (all) => all.reduce((sum, x) => sum + x, 0));
  const sum = heard.length > 6 ? `${counted(BigInt(heard.length))} of them`
    : texts.map((text, i) => (i && text.startsWith("−") ? `− ${text.slice(1)}` : i ? `+ ${text}` : text)).join(" ");
  const met = heard.length > 1 ? ` ${sign} ${short(total)}` : "";
  const left = users.length - heard.length;
  const all = times(users.length);
  return `${operand.name} feeds ${all} values, ${namesOf(users.map((edge) => edge.target))}, so ${all} shares meet: ${sum}${met}${left ? `, with ${times(left)} still to come` : ""}.`;
}

/** Around a label: left, top, right, bottom; also while it is hidden or not bold. */
function labelBox({ label }) {
  const [x, y] = [Number(label.getAttribute("x")), Number(label.getAttribute("y"))];
  return [x - 0.9 * ruler.measureText(label.textContent).width, y - 12, x + 2, y + 4];
}

/** How far from where its line leaves a box a share rests, clear of what is taken. */
function aside([left, top, w, h], width, taken) {
  const [x, y] = [left + w, top + h / 2];
  const boxAt = ([right, down]) => [x + right, y + down - 10, x + right + width, y + down + 10];
  const free = (spot) => {
    const [a, b, c, d] = boxAt(spot);
    return !taken.some(([l, t, r, u]) => a < r && l < c && b < u && t < d);
  };
  const beside = [0, 20, -20, 40, -40].map((down) => [0, down]);
  const between = [-h / 2 - 8, h / 2 + 8].map((down) => [-width, down]); // two boxes
  const over = Array.from({ length: 40 }, (_, i) => [-width, 20 * i]);
  const spot = [...beside, ...between, ...over].find(free) ?? [-width, 0];
  taken.push(boxAt(spot));
  return spot;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
let trip = 0;

/** The shares go along their edges to the operands; without motion they are there. */
function travel(shares) {
  trip += 1;
  const [own, began] = [trip, performance.now()];
  const taken = scene.drawnLines.filter((line) => line.label).map(labelBox);
  const chips = shares.slice(0, 40).flatMap(({ edge, share }) => {
    const line = lineOf(edge);
    if (!line) return [];
    const text = signed(share);
    const width = 0.9 * ruler.measureText(text).width + 8;
    const chip = svg("g", { class: "share" }, svg("rect", { x: 0, y: -9, width, height: 18, rx: 9 }),
      svg("text", { x: width / 2, y: 4.5, "text-anchor": "middle" }, text));
    $("shares").append(chip);
    const length = line.path.getTotalLength();
    return [{ chip, path: line.path, length, aside: aside(line.a.box, width, taken) }];
  });
  const place = (t) => chips.forEach(({ chip, path, length, aside: [right, down] }) => {
    const { x, y } = path.getPointAtLength((1 - t) * length);
    chip.setAttribute("transform", `translate(${x + t * right} ${y + t * down})`);
  });
  const tick = () => {
    if (own !== trip) return;
    const t = Math.min(1, (performance.now() - began) / 700);
    place(t);
    if (t < 1) requestAnimationFrame(tick);
  };
  if (still.matches) place(1);
  else tick();
}

function introduce() {
  const differing = nodes.filter((node) => !same(node.grad, node.adjoint)).length;
  const parts = [el("p", {},
    `${nodes.length.toLocaleString("en")} values. Next or Play walks the forward pass, then the backward pass, one value at a time.`)];
  if (differing && !isMoved()) {
    parts.push(el("p", {}, uncomputed ? "No gradient has been computed from here: call backward(). The steps and the paths compute it in this page."
      : `In ${differing.toLocaleString("en")} of them grad is not the derivative of this output alone: backward() has not run from here, or gradients have added up. The steps and the paths use this output's own.`));
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
