// A plain way to place very many rows: each below all that it depends on, in the order of the model.

/** Give each row `x` and `y`; return the size of the whole. */
export function layered(rows, links, gap, beside) {
  const floors = [];
  for (const [row, floor] of floorsOf(rows, links)) (floors[floor] ??= []).push(row);
  const widths = floors.map((floor) => floor.reduce((sum, { width }) => sum + width + beside, 0));
  const width = Math.max(...widths) - beside;
  let y = 0;
  floors.forEach((floor, index) => {
    let x = (width - widths[index] + beside) / 2;
    for (const row of floor) {
      Object.assign(row, { x, y });
      x += row.width + beside;
    }
    y += Math.max(...floor.map(({ height }) => height)) + gap;
  });
  return { width, height: y - gap };
}

/** Return on which floor each row is; rows in a circle are where they were found. */
function floorsOf(rows, links) {
  const floors = new Map(rows.map((row) => [row, 0]));
  const waiting = new Map(rows.map((row) => [row, 0]));
  const after = new Map(rows.map((row) => [row, []]));
  for (const { from, to } of links) {
    waiting.set(to.row, waiting.get(to.row) + 1);
    after.get(from.row).push(to.row);
  }
  const ready = rows.filter((row) => !waiting.get(row));
  for (const row of ready) {
    for (const other of after.get(row)) {
      floors.set(other, Math.max(floors.get(other), floors.get(row) + 1));
      waiting.set(other, waiting.get(other) - 1);
      if (!waiting.get(other)) ready.push(other);
    }
  }
  return floors;
}
