/** Parts of threads by paths such as `values.messages[-1].content`: the `extract` of a search. */
import { z } from "zod";

const MAX_PATH_LENGTH = 500;
const EXPECTED =
  "expected a path into values, metadata, config or interrupts, such as values.messages[-1].content";

/** Keys are quoted for SQLite, which has no way to write a quotation mark inside a key. */
const PATH = /^(values|metadata|config|interrupts)((?:\.[^.[\]"]+|\[-?\d{1,9}\])*)$/;
const STEPS = /\.([^.[]+)|\[(-?)(\d+)\]/g;

/** A path, parsed into the column that it begins at and the rest as a JSON path of SQLite. */
export const threadPart = z
  .string(EXPECTED)
  .max(MAX_PATH_LENGTH)
  .regex(PATH, EXPECTED)
  .transform((text): Omit<ExtraColumn, "name"> => {
    const [, column = "", rest = ""] = PATH.exec(text) ?? [];
    const path = rest.replaceAll(STEPS, (_step, key: string | undefined, sign: string, index: string) =>
      // SQLite writes an index that counts from the end as `#-1`.
      key === undefined ? `[${sign === "-" ? "#-" : ""}${index}]` : `."${key}"`,
    );
    return { column: `"${column}"`, path: `$${path}` };
  });
/** The part of a JSON column at a path, selected under a name. It is null when there is nothing at the path. */
export interface ExtraColumn {
  name: string;
  column: string;
  path: string;
}
