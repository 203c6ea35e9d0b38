/** docs/auth.md says of every route what it asks, and the router says the same. */
import { expect, it } from "vitest";
import text from "../../docs/auth.md?raw";
import { operations } from "../../src/edge/app";
import type { Operation } from "../../src/edge/openapi/operation";

/** A row of the table as its cells. */
const cellsOf = (row: string): string[] =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

const inCode = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(", ");

function rowOf({ method, path, allow }: Operation): string[] {
  const address = inCode([`${method.toUpperCase()} ${path}`]);
  if (allow === "everyone") return [address, "nothing; open to everyone", ""];
  if (allow === "callers") return [address, "nothing; for all callers", ""];
  const [first, ...others] = allow;
  return [address, inCode([first]), inCode(others)];
}

it("the table has every route, with what it asks", () => {
  const rows = text.split("\n").filter((line) => /^\| `(?:GET|POST|PUT|PATCH|DELETE) \//.test(line));
  const sorted = (table: string[][]): string[] => table.map((cells) => cells.join(" | ")).toSorted();
  expect(sorted(rows.map(cellsOf))).toEqual(sorted(operations.map(rowOf)));
});
