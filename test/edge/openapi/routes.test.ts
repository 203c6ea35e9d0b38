/** `GET /openapi.json` and `GET /docs`. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app, operations } from "../../../src/edge/app";
import { makeDocument } from "../../../src/edge/openapi/document";
import { call, edgeFetch } from "../../support/edge";

describe("GET /openapi.json", () => {
  it("answers with the document", async () => {
    const { status, headers, body } = await call<unknown>("GET", "/openapi.json");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json");
    expect(body).toEqual(makeDocument(operations));
  });
});

describe("GET /docs", () => {
  const load = async (): Promise<Response> => edgeFetch("http://edge/docs");

  it("is a page that needs nothing from elsewhere, and runs nothing", async () => {
    const response = await load();
    expect(response.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
    const page = await response.text();
    expect(page).not.toMatch(/<script|https?:|src=|@import|url\(/);
    expect(page).toContain('<a href="openapi.json">');
  });

  it("is light", async () => {
    const { body } = await load();
    const packed = await new Response(body?.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    expect(packed.byteLength).toBeLessThan(20_000);
  });

  it("shows every operation and every schema, and has no link that leads nowhere", async () => {
    const page = await (await load()).text();
    const { paths, components } = makeDocument(operations);
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { summary }] of Object.entries(methods)) {
        expect(page).toContain(
          `<b>${method.toUpperCase()}</b><code>${path}</code> <span>${summary}</span></summary>`,
        );
      }
    }
    for (const name of Object.keys(components.schemas)) expect(page).toContain(`<details id="${name}">`);
    for (const [, id = ""] of page.matchAll(/href="#(\w+)"/g)) expect(page).toContain(` id="${id}">`);
  });

  it("has nothing unescaped, and nothing escaped twice", async () => {
    const page = await (await load()).text();
    expect(page).not.toMatch(/&amp;(?:quot|lt|gt|amp);|\[object|undefined/);
    expect(page).toContain("&quot;delete&quot; | &quot;keep&quot;");
  });
});

it.each(["/openapi.json", "/docs"])("%s needs a key, as everything else", async (path) => {
  const bindings = { ...env, AUTH: undefined, API_KEYS: "right" };
  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await app.fetch(new Request(`http://edge${path}`, { headers }), bindings)).status;
  expect(await statusWith({})).toBe(401);
  expect(await statusWith({ "x-api-key": "right" })).toBe(200);
});
