// The layout of what is shown, as autograd/pictures/layout.py has it, with its reasons:
// layers along the longest path, waypoints, barycenters, isotonic regression. In the
// page it runs whenever something opens or collapses.

const [WIDTH, HEIGHT, PITCH, RUN, GAP, WAYPOINT] = [134, 66, 236, 64, 16, 6];
const sum = (numbers) => numbers.reduce((all, x) => all + x, 0);
const numbered = (n, of) => Array.from({ length: n }, (_, i) => of(i));

/** Boxes, routes and size: `operands` in topological order, `ports` apart at a box. */
function place(operands, ports, names) {
  const n = operands.length;
  const users = operands.map(() => []);
  const layer = operands.map(() => 0);
  operands.forEach((xs, node) => xs.forEach((x) => {
    users[x].push(node);
    layer[node] = Math.max(layer[node], layer[x] + 1);
  }));
  for (let node = n - 1; node >= 0; node -= 1) {
    const shared = new Set(operands[node].filter((x) => users[x].length > 1));
    if (users[node].length && shared.size <= users[node].length) layer[node] = Math.min(...users[node].map((user) => layer[user])) - 1;
  }
  let rows = numbered(Math.max(...layer) + 1, () => []);
  layer.forEach((depth, node) => rows[depth].push(node));
  const [up, down] = [operands.map(() => []), operands.map(() => [])];
  const bus = users.map((all, node) => {
    const farthest = Math.max(layer[node], ...all.map((user) => layer[user]));
    const ways = [node];
    for (let depth = layer[node] + 1; depth < farthest; depth += 1) {
      down[ways.at(-1)].push(up.length);
      up.push([ways.at(-1)]);
      rows[depth].push(down.push([]) - 1);
      ways.push(up.length - 1);
    }
    return ways;
  });
  operands.forEach((xs, node) => xs.forEach((x) => {
    const before = bus[x][layer[node] - layer[x] - 1];
    up[node].push(before);
    down[before].push(node);
  }));
  const heights = up.map((_, v) => (v < n ? Math.max(HEIGHT, ports[v] * operands[v].length + 2 * WAYPOINT) : WAYPOINT));
  rows = ordered(rows.map((row) => row.reverse()), up, down, names.map((name) => /^(.*[az]\[\d+\])(\d+)(.*)$/s.exec(name)));
  return drawnAt(operands, layer, bus, coordinates(rows, up, down, heights), heights, ports);
}

const sweeps = (vertices) => Math.max(2, Math.min(12, Math.floor(200_000 / (vertices + 1))));

/** Sweep to and fro, sorting by barycenters; keep the order with the least crossings. */
function ordered(rows, up, down, units) {
  rows.forEach((row) => unitsInOrder(row, units));
  let [best, least, since] = [rows, crossings(rows, up), 0];
  const rank = up.map(() => 0);
  const rerank = (row) => row.forEach((v, i) => { rank[v] = (i + 0.5) / row.length; });
  rows.forEach(rerank);
  const current = rows.map((row) => [...row]);
  for (let sweep = 0; sweep < sweeps(up.length) && least && since < 4; sweep += 1) {
    const near = sweep % 2 ? down : up;
    for (const row of sweep % 2 ? [...current].reverse() : current) {
      const center = new Map(row.map((v) => [v, near[v].length ? sum(near[v].map((u) => rank[u])) / near[v].length : rank[v]]));
      row.sort((v, w) => center.get(v) - center.get(w));
      unitsInOrder(row, units);
      rerank(row);
    }
    const crossed = crossings(current, up);
    since += 1;
    if (crossed < least) [best, least, since] = [current.map((row) => [...row]), crossed, 0];
  }
  return best;
}

/** Let the units of each layer change places until they stand in order. */
function unitsInOrder(row, units) {
  const places = new Map();
  row.forEach((v, i) => {
    const key = units[v] && `${units[v][1]}#${units[v][3]}`;
    if (key) places.set(key, [...(places.get(key) ?? []), i]);
  });
  for (const at of places.values()) {
    const inside = at.map((i) => row[i]).sort((v, w) => units[v][2] - units[w][2]);
    at.forEach((i, k) => { row[i] = inside[k]; });
  }
}

/** How many pairs of edges cross between neighboring layers: inversions, by a tree. */
function crossings(rows, up) {
  const position = up.map(() => 0);
  let total = 0;
  let before = 0;
  for (const row of rows) {
    const tree = new Array(before + 1).fill(0);
    let seen = 0;
    row.forEach((v, i) => {
      position[v] = i;
      const ends = up[v].map((u) => position[u] + 1);
      for (const end of ends) {
        total += seen;
        for (let k = end; k > 0; k -= k & -k) total -= tree[k];
      }
      for (const end of ends) for (let k = end; k <= before; k += k & -k) tree[k] += 1;
      seen += ends.length;
    });
    before = row.length;
  }
  return total;
}

/** The middle of each vertex, near its neighbors', the layers' order kept. */
function coordinates(rows, up, down, heights) {
  const y = up.map(() => 0);
  const settle = (row, wishes) => apart(wishes, row.map((v) => heights[v])).map((middle, i) => {
    const step = Math.abs(y[row[i]] - middle);
    y[row[i]] = middle;
    return step;
  });
  for (const row of rows) settle(row, row.map(() => 0));
  for (let sweep = 0, most = 1; sweep < 2 * sweeps(up.length) && most >= 1; sweep += 1) {
    const steps = (sweep % 2 ? [...rows].reverse() : rows).flatMap((row) => settle(row, row.map((v) => {
      const around = [...up[v], ...down[v]].map((u) => y[u]);
      return around.length ? sum(around) / around.length : y[v];
    })));
    most = steps.reduce((all, step) => Math.max(all, step), 0);
  }
  return y;
}

/** Middles as near as possible to the wishes, in order, and no two overlapping. */
function apart(wishes, heights) {
  const pools = []; // the mean of a pool, and its size
  let offset = 0;
  const offsets = heights.map((height, i) => { offset += i ? (heights[i - 1] + height) / 2 + GAP : 0; return offset; });
  wishes.forEach((wish, i) => {
    let [mean, size] = [wish - offsets[i], 1];
    while (pools.length && pools.at(-1)[0] >= mean) {
      const [other, count] = pools.pop();
      mean = (mean * size + other * count) / (size + count);
      size += count;
    }
    pools.push([mean, size]);
  });
  return pools.flatMap(([mean, size]) => new Array(size).fill(mean)).map((mean, i) => mean + offsets[i]);
}

/** Boxes and routes in pixels, from the top left corner. */
function drawnAt(operands, layer, bus, y, heights, ports) {
  const top = y.reduce((least, middle, v) => Math.min(least, middle - heights[v] / 2), Infinity);
  const bottom = y.reduce((most, middle, v) => Math.max(most, middle + heights[v] / 2), -Infinity);
  const at = (v) => Math.round(10 * (y[v] - top)) / 10;
  const boxes = operands.map((_, v) => [layer[v] * PITCH, at(v) - heights[v] / 2, WIDTH, heights[v]]);
  const routes = operands.map((xs, node) => {
    const ways = xs.map((x) => bus[x].slice(0, layer[node] - layer[x]));
    // Edges enter in the order of where they come from, so that none cross.
    const entering = xs.map((_, k) => k).sort((k, m) => at(ways[k].at(-1)) - at(ways[m].at(-1)) || k - m);
    return xs.map((x, k) => {
      const [source, ...passed] = ways[k];
      const points = passed.flatMap((way, i) => {
        const left = boxes[source][0] + (i + 1) * PITCH;
        return [left - RUN, at(way), left + WIDTH, at(way)];
      });
      const [left] = boxes[node];
      const entry = at(node) + ports[node] * (entering.indexOf(k) - (xs.length - 1) / 2);
      return [boxes[source][0] + WIDTH, at(source), ...points, left - RUN, entry, left, entry];
    });
  });
  return { boxes, routes, size: [Math.max(...layer) * PITCH + WIDTH, bottom - top] };
}
