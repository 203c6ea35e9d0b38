/** What people read: tables, times, and texts that somebody else has written. */
import { describe, expect, it } from "vitest";
import { table } from "../../../cli/crons/table";
import { plain, type Terminal } from "../../../cli/crons/terminal";
import { duration, fromNow, timeIn, timeWithUtc } from "../../../cli/crons/times";

const terminal = (columns: number, colours = false): Terminal => ({
  print: () => undefined,
  say: () => undefined,
  columns,
  colours,
  zone: "UTC",
  now: () => 0,
});

describe("table", () => {
  const columns = [{ title: "NAME" }, { title: "SCHEDULE", wraps: true as const }, { title: "STATUS" }];
  const rows = [["morning", "At 08:00, Monday through Friday", { text: "on", style: "green" as const }]];

  it("is as wide as its cells", () => {
    expect(table(terminal(80), columns, rows)).toBe(
      "NAME     SCHEDULE                         STATUS\nmorning  At 08:00, Monday through Friday  on",
    );
  });

  it("fits into a narrow terminal without losing a word", () => {
    for (const width of [20, 28, 34, 40, 47]) {
      const lines = table(terminal(width), columns, rows).split("\n");
      expect(Math.max(...lines.map((line) => line.length)), String(width)).toBeLessThanOrEqual(
        Math.max(width, 28),
      );
      const words = lines.join(" ").split(/\s+/);
      for (const word of ["At", "08:00,", "Monday", "through", "Friday", "morning"])
        expect(words).toContain(word);
    }
  });

  it("breaks a word that is longer than its column, and counts wide characters twice", () => {
    const url = "https://example.com/a/very/long/path/without/any/spaces";
    const drawn = table(terminal(30), [{ title: "A" }, { title: "URL", wraps: true }], [["毎朝毎朝", url]]);
    expect(drawn.replaceAll(/\s|毎|朝|A|URL/g, "")).toBe(url.replaceAll("URL", ""));
    expect(table(terminal(30), [{ title: "A" }, { title: "B" }], [["毎朝", "x"]])).toBe("A     B\n毎朝  x");
  });

  it("has colours where there are some", () => {
    expect(table(terminal(80, true), columns, rows)).toContain("\u001b[32mon\u001b[39m");
  });
});

describe("times", () => {
  it("are in the zone, with UTC beside them", () => {
    expect(timeIn("Europe/Berlin", "2026-11-27T07:00:00.000Z")).toBe("Fri 2026-11-27 08:00");
    expect(timeIn("UTC", "2026-11-27T00:00:05.000Z")).toBe("Fri 2026-11-27 00:00:05");
    expect(timeWithUtc("Europe/Berlin", "2026-11-27T07:00:00.000Z")).toBe("Fri 2026-11-27 08:00 (07:00 UTC)");
    expect(timeWithUtc("Asia/Tokyo", "2026-11-27T20:00:00.000Z")).toBe(
      "Sat 2026-11-28 05:00 (Fri 2026-11-27 20:00 UTC)",
    );
    expect(timeWithUtc("UTC", "2026-11-27T07:00:00.000Z")).toBe("Fri 2026-11-27 07:00 UTC");
  });

  it("say how far they are", () => {
    const now = Date.parse("2026-11-27T07:00:00.000Z");
    expect(fromNow("2026-11-27T09:05:00.000Z", now)).toBe("in 2h 5m");
    expect(fromNow("2026-11-24T07:00:00.000Z", now)).toBe("3d ago");
    expect(
      [0, 420, 1_420, 9_949, 9_999, 59_400, 60_000, 61_000, 3_600_000, 90_000_000].map(duration),
    ).toEqual(["0ms", "420ms", "1.4s", "9.9s", "10s", "59s", "1m", "1m 1s", "1h", "1d 1h"]);
  });
});

it("a text of the server's cannot steer the terminal", () => {
  expect(plain("\u001b[31mred\u001b[0m \u001b]0;title\u0007a\r\nb\u202ec\u0000")).toBe("red a bc");
});
