/** The document: that it is whole, and that it is one of this server. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { app, operations } from "../../../src/edge/app";
import { makeDocument, type OperationObject } from "../../../src/edge/openapi/document";
import type { JsonSchema } from "../../../src/platform/json";
import { answerNames, requestNames } from "../../../src/wire/fields";

const document = makeDocument(operations);

const described: [string, string, OperationObject][] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, OperationObject] => [
      method,
      path,
      operation,
    ]),
);

/** Every value in the document, with the keys that lead to it. */
function* walk(value: unknown, path: string[] = []): Generator<[string[], unknown]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) yield* walk(child, [...path, key]);
}

const resolve = (ref: string): unknown =>
  ref
    .replace(/^#\//, "")
    .split("/")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);

/** A path of Hono's as its paths in the document, parameters without their names. */
function anonymous(path: string): string[] {
  const plain = path.replace(/\/:\w+\?$/, "").replaceAll(/:\w+/g, "{}");
  return path.endsWith("?") ? [plain, `${plain}/{}`] : [plain];
}

describe("operations", () => {
  it("has one for each route of the app, and none without a route", () => {
    const routes = app.routes
      .filter(({ method }) => method !== "ALL")
      .flatMap(({ method, path }) => anonymous(path).map((one) => `${method} ${one}`));
    const ours = operations.map(
      ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "{}")}`,
    );
    expect(ours.toSorted()).toEqual([...new Set(routes)].sort());
  });

  it("has a name for every body", () => {
    const unnamed = operations.filter(({ body }) => body !== undefined && !requestNames.has(body));
    expect(unnamed.map(({ id }) => id)).toEqual([]);
  });
});

describe("the document", () => {
  it("is JSON, and the same each time", () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    expect(makeDocument(operations)).toEqual(document);
  });

  it("has no reference that leads nowhere", () => {
    const refs = [...walk(document)].flatMap(([path, value]) =>
      path.at(-1) === "$ref" ? [[path.join("/"), value as string] as const] : [],
    );
    expect(refs.length).toBeGreaterThan(100);
    expect(refs.filter(([, ref]) => !ref.startsWith("#/components/") || resolve(ref) === undefined)).toEqual(
      [],
    );
  });

  it("has no component, header or response that nothing refers to", () => {
    const text = JSON.stringify(document);
    const { schemas, responses, headers } = document.components;
    const unused = Object.entries({ schemas, responses, headers }).flatMap(([kind, all]) =>
      Object.keys(all).filter((name) => !text.includes(`"#/components/${kind}/${name}"`)),
    );
    expect(unused).toEqual([]);
  });

  it("gives every operation an id of its own, and a tag that is explained", () => {
    const ids = described.map(([, , { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    expect(described.filter(([, , operation]) => !operation.tags.every((tag) => tags.includes(tag)))).toEqual(
      [],
    );
  });

  it("declares the parameters of every path, and no other, and none twice", () => {
    for (const [method, path, { parameters }] of described) {
      const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect(inPath, `${method} ${path}`).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      const all = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(all).size, `${method} ${path}`).toBe(all.length);
    }
  });

  it("knows only types, and defaults that are of them", () => {
    const types = { null: null, boolean: true, integer: 1, number: 1, string: "", array: [], object: {} };
    for (const [path, value] of walk(document)) {
      const { type, default: filledIn } = (value ?? {}) as JsonSchema;
      if (path.at(-1) === "properties" || type === undefined || path.includes("securitySchemes")) continue;
      const allowed = [type].flat();
      for (const one of allowed) expect(types, path.join("/")).toHaveProperty(one);
      if (filledIn === undefined) continue;
      const same = allowed.some((one) => typeof types[one as keyof typeof types] === typeof filledIn);
      expect(same, path.join("/")).toBe(true);
    }
  });

  it("asks for a key everywhere but at /ok", () => {
    expect(document.security).toEqual([{ ApiKey: [] }]);
    const open = described.filter(([, , { security }]) => security !== undefined);
    expect(open.map(([method, path]) => `${method} ${path}`)).toEqual(["get /ok"]);
    for (const [, path, { responses }] of described) expect("401" in responses).toBe(path !== "/ok");
  });
});

describe("the schemas", () => {
  const { RunCreate, ItemPut, ThreadCreate, CronPatch } = document.components.schemas;

  it("say what clients may send, and not what becomes of it", () => {
    expect(RunCreate?.required).toEqual(["assistant_id"]);
    expect(RunCreate?.additionalProperties).toBe(false);
    expect(RunCreate?.properties?.["command"]?.anyOf).toEqual([
      { $ref: "#/components/schemas/Command" },
      { type: "null" },
    ]);
    expect(CronPatch?.properties?.["end_time"]).toMatchObject({
      type: ["string", "null"],
      format: "date-time",
    });
    expect(ThreadCreate?.properties?.["ttl"]?.anyOf).toMatchObject([
      { type: "number" },
      { type: "object", required: ["ttl"], properties: { strategy: { default: "delete" } } },
      { type: "null" },
    ]);
  });

  it("tell what checks in code let pass, and defaults that are filled in", () => {
    expect(ItemPut?.properties?.["value"]).toEqual({ type: "object" });
    expect(document.components.schemas["CronSearch"]?.properties?.["limit"]).toMatchObject({ default: 10 });
    const query = (path: string): Record<string, unknown> =>
      Object.fromEntries(
        (document.paths[path]?.get?.parameters ?? []).map(({ name, schema, required }) => [
          name,
          { ...schema, required },
        ]),
      );
    expect(query("/threads/{thread_id}/state")).toMatchObject({
      subgraphs: { type: "boolean", default: false, required: false },
    });
    expect(query("/threads/{thread_id}/runs")).toMatchObject({
      limit: { type: "integer", minimum: 1, maximum: 1000, default: 10 },
      select: { type: "array" },
    });
    expect(query("/store/items")).toMatchObject({ namespace: { required: true }, key: { required: true } });
  });

  it("say of every field what its zod schema says", () => {
    const { schemas } = document.components;
    for (const [name, schema] of [...requestNames._idmap, ...answerNames._idmap]) {
      if (!(schema instanceof z.ZodObject)) continue;
      for (const [key, field] of Object.entries(schema.shape)) {
        const { description } = z.globalRegistry.get(field) ?? {};
        if (description === undefined) continue;
        expect(schemas[name]?.properties?.[key], `${name}.${key}`).toMatchObject({ description });
      }
    }
  });
});
