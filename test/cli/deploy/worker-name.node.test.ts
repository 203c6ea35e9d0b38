/** The names under which a project is deployed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { asLabel, workerName } from "../../../cli/deploy/worker-name";

const dir = mkdtempSync(join(tmpdir(), "My Agents-"));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

test("the name is given, or that of package.json, or that of the folder, as a label of DNS", () => {
  expect(workerName("given-1", dir)).toBe("given-1");
  expect(workerName(undefined, dir)).toMatch(/^my-agents-/);
  expect(workerName(undefined, dir, "staging")).toMatch(/^my-agents-.*-staging$/);
  writeFileSync(join(dir, "package.json"), '{"name": "@acme/Night_Watch.v2"}');
  expect(workerName(undefined, dir)).toBe("acme-night-watch-v2");
  expect(asLabel("Übung (täglich) ")).toBe("ubung-taglich");
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "a".repeat(62) + "--b" }));
  expect(workerName(undefined, dir)).toBe("a".repeat(62));
});

test.each(["", "Upper", "a_b", "-a", "a-", "a".repeat(64), "a/../b"])("%j cannot be a name", (name) => {
  expect(() => workerName(name, dir)).toThrow("cannot be the name of a Worker");
});
