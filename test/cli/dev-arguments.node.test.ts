/** What `npm run dev` hands to wrangler. */
import { describe, expect, it } from "vitest";
import { devArguments } from "../../cli/dev/dev-arguments";

const parse = (argv: string[], variables: Record<string, string> = {}) =>
  devArguments(argv, { cwd: "/project", variables });

describe("devArguments", () => {
  it("has defaults: port 8787, state in .wrangler, access open", () => {
    expect(parse([])).toEqual({
      persistTo: "/project/.wrangler/state",
      access: "open",
      apiKey: null,
      migrate: ["--local", "--persist-to", "/project/.wrangler/state"],
      dev: [
        ...["--var", "EDGECRON_DEV:loopback", "AUTH:open", "--show-interactive-dev-session=false"],
        "--no-minify",
        ...["--port", "8787", "--persist-to", "/project/.wrangler/state"],
      ],
    });
  });

  it("hands every flag on as it came", () => {
    const argv = ["--port=9000", "--ip", "0.0.0.0", "--var", "A:1", "B:2", "--log-level", "debug"];
    const { dev } = parse(argv);
    expect(dev.slice(5, -2)).toEqual(argv);
  });

  it.each([
    [[], "loopback"],
    [["--ip", "localhost"], "loopback"],
    [["--ip=127.0.0.1"], "loopback"],
    [["--ip", "::1"], "loopback"],
    [["--ip", "0.0.0.0"], "any"],
    [["--ip", "192.168.1.5"], "any"],
  ])("tells the server by which names it may be called: %j %s", (argv, names) => {
    expect(parse(argv).dev).toContain(`EDGECRON_DEV:${names}`);
  });

  it.each([[["--persist-to", "data"]], [["--persist-to=data"]]])(
    "uses one absolute folder for the migrations and the server: %j",
    (flag) => {
      const { persistTo, migrate, dev } = parse(["--port", "9000", ...flag, "--ip", "::1"]);
      expect(persistTo).toBe("/project/data");
      expect(migrate).toEqual(["--local", "--persist-to", "/project/data"]);
      expect(dev.slice(5)).toEqual(["--port", "9000", "--ip", "::1", "--persist-to", "/project/data"]);
    },
  );

  it.each([
    [["--var", "AUTH:keys"], {}],
    [["--var", "A:1", "--var", "AUTH:keys"], {}],
    [["--var", "A:1", "AUTH:keys"], {}],
    [["--var=AUTH:keys"], {}],
    [[], { AUTH: "keys" }],
  ])("leaves access as it was chosen: %j %j", (argv, variables) => {
    const { access, dev } = parse(argv, variables);
    expect(access).toBe("keys");
    expect(dev).not.toContain("AUTH:open");
  });

  it("knows a key of the server, with which its declared crons are reconciled", () => {
    expect(parse([], { API_KEYS: " a , b" }).apiKey).toBe("a");
    expect(parse(["--var", "AUTH:keys", "API_KEYS:c"], { API_KEYS: "a" }).apiKey).toBe("c");
    expect(parse([], { API_KEYS: "" }).apiKey).toBeNull();
  });

  it("applies the migrations to the database of the environment that the server has", () => {
    expect(parse(["-e", "staging"]).migrate.slice(3)).toEqual(["--env", "staging"]);
  });
});
