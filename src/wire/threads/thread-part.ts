/** Parts of threads by paths such as `values.messages[-1].content`: the `extract` of a search. */
import { z } from "zod";

const MAX_PATH_LENGTH = 500;
const EXPECTED =
  "expected a path into values, metadata, config or interrupts, such as values.messages[-1].content";

/** Keys are quoted for SQLite, which knows no way to write a quotation mark in one. */
const PATH = /^(values|metadata|config|interrupts)((?:\.[^.[\]"]+|\[-?\d{1,9}\])*)$/;
const STEPS = /\.([^.[]+)|\[(-?)(\d+)\]/g;

/** A path, as the column that it begins at and what SQLite calls the rest of it. */
export const threadPart = z
  .string(EXPECTED)
  .max(MAX_PATH_LENGTH)
  .regex(PATH, EXPECTED)
  .transform((text): Omit<ExtraColumn, "name"> => {
    const [, column = "", rest = ""] = PATH.exec(text) ?? [];
    const path = rest.replaceAll(STEPS, (_step, key: string | undefined, sign: string, index: string) =>
      // From the end SQLite counts as `#-1`.
      key === undefined ? `[${sign === "-" ? "#-" : ""}${index}]` : `."${key}"`,
    );
    return { column: `"${column}"`, path: `$${path}` };
  });
/** A part of a column that holds JSON, at a path; as JSON, or null when there is none. */
export interface ExtraColumn {
  name: string;
  column: string;
  path: string;
}
