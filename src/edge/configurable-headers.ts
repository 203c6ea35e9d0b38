/** The headers of a request that its run is `configurable` with, as `http.configurable_headers` in langgraph.json has them. */
import { z } from "zod";
import { settings } from "../graphs/registry";

/** Keys to the server, which are nobody's to read. */
const SECRET = new Set(["x-api-key", "x-service-key", "x-tenant-id"]);

/**
 * Names that say that the header is a secret. The long words count anywhere in a name (`x-sessionid`), but for words that only
 * begin like one (author, tokenizer, keyboard). The short words count only where they are a word of the name by themselves.
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

/** Without a list of one's own: what clients make up, and not what the proxies in between say of them. */
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
        // The names by which the documentation once called them.
        include: patterns,
        exclude: patterns,
      })
      .nullish(),
  })
  .optional();

/**
 * What picks those headers, after the `http` section of langgraph.json. A name is matched in lower case, and `*` in a pattern
 * stands for anything; what is excluded is so also when it is included. A header whose name says that it is a secret is left
 * out unless `includes` has exactly that name: it would be stored with the run and sent to its webhook.
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

/** Of this deployment. */
export const configurableHeaders = headerPicker(settings.http);

function matcher(list: string[]): (name: string) => boolean {
  const expressions = list.map((pattern) => {
    const literal = pattern.toLowerCase().replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`);
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
