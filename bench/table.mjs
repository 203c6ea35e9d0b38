/** Tables of figures. */

/** Prints the rows, the first of which is the head, as a Markdown table, which can be read as it is too. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const print = (cells, pad) =>
    console.log(
      `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0], pad) : cell.padStart(widths[column], pad))).join(" | ")} |`,
    );
  print(rows[0], " ");
  const line = rows[0].map((_, column) => (column === 0 ? "-" : ":").padStart(widths[column], "-"));
  print(line, "-");
  for (const row of rows.slice(1)) print(row, " ");
}

/** Three digits are more than the noise leaves. */
export function short(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2);
}
