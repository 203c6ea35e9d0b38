/** Makes one page of HTML from the document. The page has no script, so it can be saved and read anywhere. */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { JsonSchema } from "../../platform/json";
import type { OpenApiDocument, OperationObject, Parameter, ResponseObject } from "./document";

type Html = HtmlEscapedString;

const STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{font:13px ui-monospace,monospace}
h2{margin:2rem 0 .3rem}
h4{margin:.8rem 0 .2rem}
details{border-top:1px solid #8884}
details>*{margin-left:1rem}
summary{margin:0;padding:.3rem 0;cursor:pointer}
summary b{display:inline-block;width:4rem;font:bold 12px ui-monospace,monospace}
summary span,small{opacity:.7}
table{border-collapse:collapse}
:target{background:#fd03}
td{padding:.1rem 1rem .1rem 0;vertical-align:top}
`;

/** The page. All that comes from the document is escaped. */
export function docsPage(document: OpenApiDocument): string {
  const { info, tags, components } = document;
  return page`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${info.title}</title>
<style>${raw(STYLE)}</style></head><body>
<h1>${info.title} <small>${info.version}</small></h1>
<p>${prose(info.description)}</p>
<p>For programs: <a href="openapi.json">openapi.json</a>. A field with * has to be sent, or is always there.</p>
${tags.map(
  ({ name, description }) =>
    page`<h2>${name}</h2><p>${prose(description)}</p>${operationsOf(document, name)}`,
)}
<h2>Failures</h2><table>${Object.entries(components.responses).map(
    ([name, { description, content = {} }]) =>
      page`<tr id="${name}"><td><code>${name}</code><td>${contentHtml(content)}<td>${prose(description)}`,
  )}</table>
<h2>Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) =>
    page`<details id="${name}"><summary><code>${name}</code></summary>${schemaBody(schema)}</details>`,
)}
</body></html>`.toString();
}

/** `html` is asynchronous only for parts that are promises, and none is here. */
const page = (strings: TemplateStringsArray, ...values: unknown[]): Html => html(strings, ...values) as Html;

const operationsOf = ({ paths }: OpenApiDocument, tag: string): Html[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => operationHtml(method, path, operation)),
  );

function operationHtml(
  method: string,
  path: string,
  { summary, description, parameters, requestBody, responses }: OperationObject,
): Html {
  const answers = Object.entries(responses).flatMap(([status, response]): [string, ResponseObject][] =>
    "$ref" in response ? [] : [[status, response]],
  );
  const failures = Object.entries(responses).flatMap(([status, response]) =>
    "$ref" in response ? [page` <a href="#${nameIn(response.$ref)}">${status}</a>`] : [],
  );
  return page`<details><summary><b>${method.toUpperCase()}</b><code>${path}</code> <span>${summary}</span></summary>
${description === undefined ? "" : page`<p>${prose(description)}</p>`}
${parameters.length === 0 ? "" : page`<h4>Parameters</h4><table>${parameters.map(parameterRow)}</table>`}
${requestBody === undefined ? "" : page`<h4>Body</h4>${contentHtml(requestBody.content)}${requestBody.required ? "" : " (optional)"}`}
<h4>Answers</h4><table>${answers.map(
    ([status, answer]) =>
      page`<tr><td>${status}<td>${contentHtml(answer.content ?? {})}<td>${prose(answer.description)}`,
  )}</table><p>Failures:${failures}</p></details>`;
}

const parameterRow = ({ name, in: place, required, description, schema }: Parameter): Html =>
  page`<tr><td><code>${name}</code>${required ? " *" : ""}<td><small>${place}</small><td>${typeOf(schema)}<td>${prose(description ?? "")}`;

const contentHtml = (content: Record<string, { schema: JsonSchema }>): Html[] =>
  Object.entries(content).map(([mediaType, { schema }]) =>
    mediaType === "application/json" ? typeOf(schema) : page`<code>${mediaType}</code>`,
  );

/** The fields of an object, or the type of anything else. */
function schemaBody(schema: JsonSchema): Html {
  const { properties = {}, required = [] } = schema;
  if (Object.keys(properties).length === 0) return page`<p>${typeOf(schema)}</p>`;
  return page`<table>${Object.entries(properties).map(
    ([name, field]) =>
      page`<tr><td><code>${name}</code>${required.includes(name) ? " *" : ""}<td>${typeOf(field)}<td>${prose(field.description ?? "")}`,
  )}</table>`;
}

/** The type in a line, with links to those that have names. */
function typeOf(schema: JsonSchema): Html {
  return page`${bareType(schema)}${bounds(schema)}`;
}

function bareType(schema: JsonSchema): Html {
  const { $ref, anyOf, items, prefixItems, properties, required } = schema;
  if ($ref !== undefined) return page`<a href="#${nameIn($ref)}">${nameIn($ref)}</a>`;
  if (anyOf !== undefined) return joined(anyOf.map(typeOf), " | ");
  if (schema.const !== undefined) return page`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined)
    return page`<code>${schema.enum.map((value) => JSON.stringify(value)).join(" | ")}</code>`;
  if (prefixItems !== undefined) return page`[${joined(prefixItems.map(typeOf), ", ")}]`;
  if (typeof items === "object") return page`list of (${typeOf(items)})`;
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(
      ([name, field]) => page`${name}${required?.includes(name) === true ? "" : "?"}: ${typeOf(field)}`,
    );
    return page`{${joined(fields, ", ")}}`;
  }
  const { additionalProperties: values } = schema;
  if (typeof values === "object") return page`object of (${typeOf(values)})`;
  return page`${[schema.type ?? "any"].flat().join(" | ")}`;
}

/** What else the schema asks for, in brackets. */
function bounds(schema: JsonSchema): string {
  const told = (
    [
      "format",
      "pattern",
      "minimum",
      "exclusiveMinimum",
      "maximum",
      "minLength",
      "maxLength",
      "minItems",
      "maxItems",
    ] as const
  )
    .filter((keyword) => schema[keyword] !== undefined)
    .map((keyword) => `${keyword} ${String(schema[keyword])}`);
  if (schema.default !== undefined) told.push(`default ${JSON.stringify(schema.default)}`);
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}

const joined = (parts: Html[], separator: string): Html =>
  page`${parts.map((part, index) => (index === 0 ? part : page`${separator}${part}`))}`;

/** Text in which what stands between backquotes is code. */
const prose = (text: string): Html =>
  page`${text.split("`").map((part, index) => (index % 2 === 0 ? part : page`<code>${part}</code>`))}`;

const nameIn = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);
