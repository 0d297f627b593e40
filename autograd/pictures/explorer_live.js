// What if: leaves and constants are moved, and every number follows at once

const isMoved = () => sources.some(moved);

/** A slider and a number field for each thing that can be moved about a value. */
function control(node) {
  const rows = [node, ...node.operands].filter((one) => one.op === undefined || one.op === "").slice(0, 24);
  $("controls").replaceChildren(...[...new Set(rows)].map((one) => {
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
  }));
}

/** Give some of them new numbers. */
function move(changes) {
  for (const [one, x] of changes) one.data = x;
  compute();
  refresh();
}

/** All that is shown, after the numbers have changed. */
function refresh() {
  scales.adjoint = largest(nodes.map((node) => node.adjoint));
  for (const edge of edges) if (edge.label) edge.label.textContent = `×${short(edge.partial)}`;
  for (const row of $("controls").children) row.show();
  $("title").textContent = `${output.name} = ${short(output.data, 6)}`;
  show();
  explainPaths();
  const node = shown;
  shown = null;
  describe(node);
}

/** Say what a move did, and what the derivatives had foretold. */
function tell(before, how, foretold) {
  const change = output.data - before;
  $("told").replaceChildren(`${how}: Δ${output.name} = `, el("b", { title: exact(change) }, signed(change)),
    `, foretold `, el("b", { title: exact(foretold) }, signed(foretold)),
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
  tell(before, `${chosen.name} ${h < 0 ? "−" : "+"} ${short(Math.abs(h))}`, slope * h);
}

/** One step of gradient descent: of the network's parameters, or else of all leaves. */
function descend() {
  const leaves = nodes.filter((node) => !node.op);
  const named = leaves.filter((node) => node.parameter);
  const chosen = named.length ? named : leaves;
  const [before, alpha] = [output.data, Number($("alpha").value)];
  const squares = chosen.reduce((sum, node) => sum + node.adjoint * node.adjoint, 0);
  move(chosen.map((node) => [node, node.data - alpha * node.adjoint]));
  tell(before, `${chosen.length} ${named.length ? "parameters" : "leaves"} − α ∂${output.name}/∂·`, -alpha * squares);
}

function restore() {
  $("told").replaceChildren();
  move(sources.map((one) => [one, one.recorded.data]));
}
