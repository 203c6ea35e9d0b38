/** The headers of a request that graphs see in `configurable`, as `http.configurable_headers` in langgraph.json chooses them. */
import { z } from "zod";
import { settings } from "../graphs/registry";

/** Headers with keys to the server. No graph sees them. */
const SECRET = new Set(["x-api-key", "x-service-key", "x-tenant-id"]);

/**
 * Matches names of headers that hold a secret. The long words count anywhere in a name (`x-sessionid`), except in words that only
 * begin like one (author, tokenizer, keyboard). The short words count only when they stand alone between separators.
 */
const SAYS_SECRET = new RegExp(
  [
    /secret|passw|passphrase|passcode|pwd|session|credential|cookie|jwt|signature|bearer|csrf|xsrf/,
    /token(?!i[sz])/,
    /auth(?!or(?!i[sz]))/,
    /key(?!board|note|pad|word)/,
    /(?:^|[-_.])(?:otp|pass|pin|sid)(?:[-_.]|$)/,
  ]
    .map(({ source }) => source)
    .join("|"),
);

/** Used when langgraph.json has no list: the headers that clients add, without those that proxies add. */
const DEFAULTS = { includes: ["x-*", "user-agent"], excludes: ["x-forwarded-*", "x-real-ip"] };

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
        // Older names, which the documentation of LangGraph once had.
        include: patterns,
        exclude: patterns,
      })
      .nullish(),
  })
  .optional();

/**
 * Makes the function that picks the headers, from the `http` section of langgraph.json. A name is matched in lower case, and `*`
 * in a pattern stands for anything. `excludes` takes precedence over `includes`. A header whose name says that it is a secret is
 * left out unless `includes` has exactly that name, because it would be stored with the run and sent to its webhook.
 * @throws when the section is malformed
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
  const named = new Set((include ?? []).map((pattern) => pattern.toLowerCase()));
  const isMeant = (name: string): boolean => named.has(name) || !SAYS_SECRET.test(name);
  const excluded = matcher([...(exclude ?? []), ...(include === undefined ? DEFAULTS.excludes : [])]);
  return (headers) =>
    Object.fromEntries(
      [...headers].filter(
        ([name]) => !SECRET.has(name) && isMeant(name) && included(name) && !excluded(name),
      ),
    );
}

/** Picks the headers as this deployment is configured. */
export const configurableHeaders = headerPicker(settings.http);

function matcher(list: string[]): (name: string) => boolean {
  const expressions = list.map((pattern) => {
    const literal = pattern.toLowerCase().replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
