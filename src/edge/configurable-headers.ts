/** The headers of a request that its run is `configurable` with, as `http.configurable_headers` in langgraph.json has them. */
import { z } from "zod";
import { settings } from "../graphs/registry";

/** Keys to the server, which are nobody's to read. */
const SECRET = new Set(["x-api-key", "x-service-key", "x-tenant-id"]);

/** Without a list of one's own: what clients make up, and not what the proxies in between say of them. */
const DEFAULTS = { includes: ["x-*"], excludes: ["x-forwarded-*", "x-real-ip"] };

const patterns = z
  .array(z.string().min(1))
  .nullish()
  .transform((list) => list ?? undefined);

const section = z
  .looseObject({
    configurable_headers: z
      .strictObject({
        includes: patterns,
        excludes: patterns,
        // The names by which the documentation once called them.
        include: patterns,
        exclude: patterns,
      })
      .nullish(),
  })
  .optional();

/**
 * What picks those headers, after the `http` section of langgraph.json. A name is matched in lower case, and `*` in a pattern
 * stands for anything; what is excluded is so also when it is included.
 * @throws when the section is not as it should be
 */
export function headerPicker(http: unknown): (headers: Headers) => Record<string, string> {
  const parsed = section.safeParse(http);
  if (!parsed.success) throw new Error(`langgraph.json: http: ${z.prettifyError(parsed.error)}`);
  const {
    includes,
    include = includes,
    excludes,
    exclude = excludes,
  } = parsed.data?.configurable_headers ?? {};
  const included = matcher(include ?? DEFAULTS.includes);
  const excluded = matcher([...(exclude ?? []), ...(include === undefined ? DEFAULTS.excludes : [])]);
  return (headers) =>
    Object.fromEntries(
      [...headers].filter(([name]) => !SECRET.has(name) && included(name) && !excluded(name)),
    );
}

/** Of this deployment. */
export const configurableHeaders = headerPicker(settings.http);

function matcher(list: string[]): (name: string) => boolean {
  const expressions = list.map((pattern) => {
    const literal = pattern.toLowerCase().replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
