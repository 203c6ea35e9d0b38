/** On which Node wrangler runs. */
import { expect, it } from "vitest";
import { nodeFor } from "../../cli/wrangler";

it("runs on this Node, on that of the npm package, or says what to do", () => {
  expect(nodeFor("22.12.0", "/gone")).toBe(process.execPath);
  expect(nodeFor("22.12.0", undefined)).toBe(process.execPath);
  expect(nodeFor("20.20.2", import.meta.filename)).toBe(import.meta.filename);
  expect(() => nodeFor("20.20.2", "/gone")).toThrow(
    /^Node 22 or later is needed, and this is 20\.20\.2\. .*"npm rebuild node".*"pnpm approve-builds"/,
  );
});
