/** Tables without lines, as wide as their cells and no wider than the terminal. */
import Table from "cli-table3";
import stringWidth from "string-width";
import { styled, type Style, type Terminal } from "./terminal.js";

export interface Column {
  title: string;
  /** Its cells are the first to be wrapped when the terminal is narrow. */
  wraps?: true;
}

/** A text of one line, which may have a style. */
export type Cell = string | { text: string; style: Style };

/** The space between two columns. */
const GAP = 2;
/** A column is not made narrower than this. */
const NARROW = 8;

const NO_LINES = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("mid-mid", "middle")
    .map((name) => [name, ""]),
);

/** Whether no cell has to be wrapped. */
export const fits = (terminal: Terminal, columns: readonly Column[], rows: readonly Cell[][]): boolean =>
  total(naturalWidths(columns, textsOf(rows))) <= terminal.columns;

export function table(terminal: Terminal, columns: readonly Column[], rows: readonly Cell[][]): string {
  const texts = textsOf(rows);
  const natural = naturalWidths(columns, texts);
  const widths = fitted(natural, columns, terminal.columns);
  const drawn = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": GAP, head: [], border: [] },
    colWidths: widths.map((width) => width + GAP),
    wordWrap: true,
    head: columns.map(({ title }) => styled(terminal, "bold", title)),
  });
  drawn.push(
    ...rows.map((row, line) =>
      row.map((cell, index) => {
        const text = broken(texts[line]?.[index] ?? "", widths[index] ?? 0);
        return typeof cell === "string" ? text : styled(terminal, cell.style, text);
      }),
    ),
  );
  const lines = drawn.toString().split("\n");
  return lines.map((line) => line.trimEnd()).join("\n");
}

const textsOf = (rows: readonly Cell[][]): string[][] =>
  rows.map((row) => row.map((cell) => (typeof cell === "string" ? cell : cell.text)));

const naturalWidths = (columns: readonly Column[], texts: readonly string[][]): number[] =>
  columns.map(({ title }, index) =>
    Math.max(stringWidth(title), ...texts.map((row) => stringWidth(row[index] ?? ""))),
  );

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);

/** Words that are longer than the column, such as a URL, are broken: the library would cut them off. */
const broken = (text: string, width: number): string =>
  text.replaceAll(/\S+/gu, (word) => {
    const characters = Array.from(word);
    if (stringWidth(word) <= width) return word;
    const parts: string[] = [];
    for (let part = ""; characters.length > 0 || part !== "";) {
      const next = characters[0];
      if (next !== undefined && stringWidth(part + next) <= width) part += characters.shift() ?? "";
      else {
        parts.push(part);
        part = "";
      }
    }
    return parts.join(" ");
  });

/** The widths of the columns so that all fit: the widest of those that wrap gives way, and the others only when that is not enough. */
function fitted(natural: readonly number[], columns: readonly Column[], limit: number): number[] {
  const widths = [...natural];
  const narrowWidest = (candidates: readonly number[]): boolean => {
    const [widest] = candidates.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined || (widths[widest] ?? 0) <= NARROW) return false;
    widths[widest] = (widths[widest] ?? 0) - 1;
    return true;
  };
  const all = columns.map((_column, index) => index);
  const wrapping = all.filter((index) => columns[index]?.wraps === true);
  while (total(widths) > limit) if (!narrowWidest(wrapping) && !narrowWidest(all)) break;
  return widths;
}
