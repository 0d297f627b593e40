// What one value is, and what if: leaves and constants move, every number follows

function rule(node) {
  const formulas = $(`rule-${node.rule}`).content.children;
  return [...formulas].map((formula) => formula.cloneNode(true));
}

function numberCell(x) {
  return el("td", { class: "number", title: exact(x) }, short(x, 6));
}

/** Buttons for the group and for those around it: what is closed opens, and back. */
function folds(one) {
  const all = [...(one.roots ? [one] : []), ...around(one)];
  return el("p", { class: "tools" }, ...all.map((group) => {
    const button = el("button", { type: "button" }, `${unfolded.has(group) ? "Collapse" : "Open"} ${group.name}`);
    button.addEventListener("click", () => toggle(group));
    return button;
  }));
}

let shown = null;
function describe(node, anew = false) {
  if (shown === node && !anew) return;
  if (node.roots) {
    shown = node;
    $("controls").replaceChildren();
    $("controls").dataset.of = node.id;
    $("value").replaceChildren(el("h3", {}, node.name), folds(node),
      el("p", {}, `${node.size.toLocaleString("en")} values; used elsewhere: ${abridged(node.roots.map((x) => x.name)).join(", ")}.`));
    return;
  }
  if ($("controls").dataset.of !== String(node.id)) control(node);
  $("controls").dataset.of = node.id;
  shown = node;
  const list = el("dl", {},
    el("dt", {}, "data"), el("dd", { class: "exact" }, exact(node.data)),
    el("dt", {}, "grad"), el("dd", { class: "exact" }, uncomputed ? "–" : exact(node.grad)));
  if (!same(node.adjoint, node.grad)) {
    list.append(
      el("dt", {}, math(ratio(output, node))),
      el("dd", {}, el("span", { class: "exact" }, exact(node.adjoint)),
        el("span", { class: "muted" }, isMoved() ? " now; grad is the recorded one"
          : uncomputed ? " from this output, which backward() would compute"
            : " from this output; grad holds other backward() calls too")));
  }
  const formulas = node.op ? rule(node) : [];
  $("value").replaceChildren(
    el("h3", {}, node.op ? `${node.name} = ${node.symbol}` : node.name), folds(node),
    el("p", { class: "muted" }, node.op ? `${node.op}: ${graph.docs[node.op]}`
      : `a leaf, used ${node.users.length === 1 ? "once" : `${node.users.length} times`}`),
    Number.isNaN(node.data) && node.op && !ROWS[`${node.op}/${node.operands.length}`]
      ? el("p", {}, "Only Python can compute this row: what depends on it cannot follow.") : "",
    list,
    ...(node.op ? [el("div", { class: "formulas" }, ...formulas), partials(node)] : []));
}

/** What an edge says: how the value moves with its operand. */
function describeLine({ a, b, edge }) {
  shown = null;
  $("controls").replaceChildren();
  delete $("controls").dataset.of;
  $("value").replaceChildren(el("h3", {}, `${a.name} → ${b.name}`), ...(edge ? [
    el("p", {}, math(ratio(b, a), mo("mo", "="), mo("mn", short(edge.partial, 6)))),
    el("p", { class: "exact" }, exact(edge.partial)),
    el("p", {}, `Where ${a.name} moves by a little, ${b.name} moves by ${short(edge.partial)} times as much.`),
  ] : [el("p", {}, "All edges between the two: open the group to see each.")]));
}

const ROOM = 40; // rows of a table
const more = (all) => (all.length > ROOM
  ? el("tr", {}, el("td", { class: "muted", colspan: "4" }, `… and ${(all.length - ROOM).toLocaleString("en")} more`)) : "");

/** Each operand with its number and the partial by it. */
function partials(node) {
  const formulas = rule(node);
  const rows = node.operands.slice(0, ROOM).map((operand, place) => {
    if (operand.id === undefined) {
      return el("tr", {}, el("td", { class: "muted" }, "constant"), numberCell(operand.data),
        el("td", { class: "muted", colspan: "2" }, "no partial"));
    }
    const letter = formulas[node.letters[place] ?? -1]?.querySelector("mfrac");
    return el("tr", {}, el("td", { class: "who" }, operand.name), numberCell(operand.data),
      el("td", {}, letter ? math(letter.cloneNode(true)) : ""), numberCell(node.partials[place]));
  });
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "operand"),
      el("th", { scope: "col", class: "number" }, "data"),
      el("th", { scope: "col", colspan: "2" }, "partial"))),
    el("tbody", {}, ...rows, more(node.operands)));
}

const isMoved = () => sources.some(moved);

/** A slider and a number field for each thing that can be moved about a value. */
function control(node, most = 8) {
  const all = [...new Set([node, ...node.operands])].filter((one) => !one.op);
  const rows = all.slice(0, most).map((one) => {
    const reach = Math.max(1, 2 * Math.abs(one.recorded.data)) || 1;
    const label = { "aria-label": one.name };
    const slider = el("input", { type: "range", step: "any", min: one.recorded.data - reach, max: one.recorded.data + reach, ...label });
    const field = el("input", { type: "number", step: "any", ...label });
    const show = () => {
      if (document.activeElement !== field) field.value = exact(one.data);
      slider.value = one.data;
    };
    for (const input of [slider, field]) {
      input.addEventListener("input", () => {
        if (!Number.isNaN(input.valueAsNumber)) move([[one, input.valueAsNumber]]);
      });
    }
    field.addEventListener("blur", show);
    const row = el("p", { class: "control" }, el("span", {}, one.name), slider, field);
    row.show = show;
    show();
    return row;
  });
  const more = el("button", { type: "button" }, `${all.length - most} more`);
  more.addEventListener("click", () => control(node, all.length));
  $("controls").replaceChildren(...rows, ...(all.length > most ? [more] : []));
}

/** Give some of them new numbers. */
function move(changes) {
  for (const [one, x] of changes) one.data = x;
  compute();
  refresh();
}

/** All that is shown, after the numbers have changed. */
function refresh() {
  rescale();
  for (const row of $("controls").children) row.show?.();
  $("title").textContent = `${output.name} = ${short(output.data, 6)}`;
  show();
  explainPaths();
  if (shown) describe(shown, true);
}

/** Say what a move did, and what the derivatives had foretold. */
function tell(before, how, what, foretold) {
  const change = output.data - before;
  $("told").replaceChildren(`${how}: Δ${output.name} = `, el("b", { title: exact(change) }, signed(change)),
    `, ${what} `, el("b", { title: exact(foretold) }, signed(foretold)),
    `. ${output.name}: ${short(before, 6)} → ${short(output.data, 6)}.`);
}

/** Move the chosen value by h: its derivative times h is what the paths foretell. */
function nudge() {
  const chosen = lit && !lit.node.op ? lit.node : null;
  if (!chosen) {
    $("told").replaceChildren("Choose a leaf first: click it, or find it by name.");
    return;
  }
  const [before, slope, h] = [output.data, chosen.adjoint, Number($("h").value)];
  move([[chosen, chosen.data + h]]);
  tell(before, `${chosen.name} ${h < 0 ? "−" : "+"} ${short(Math.abs(h))}`, "Σ paths · h =", slope * h);
}

/** One step of gradient descent: of the network's parameters, or else of all leaves. */
function descend() {
  const leaves = nodes.filter((node) => !node.op);
  const named = leaves.filter((node) => node.parameter);
  const chosen = named.length ? named : leaves;
  const [before, alpha] = [output.data, Number($("alpha").value)];
  const squares = chosen.reduce((sum, node) => sum + node.adjoint * node.adjoint, 0);
  move(chosen.map((node) => [node, node.data - alpha * node.adjoint]));
  tell(before, `${chosen.length} ${named.length ? "parameters" : "leaves"} − α ∂${output.name}/∂·`, "by their derivatives", -alpha * squares);
}

function restore() {
  $("told").replaceChildren();
  move(sources.map((one) => [one, one.recorded.data]));
}
