/** The `webhooks` section of langgraph.json: which URLs webhooks may have, and which headers each call carries. */
import { z } from "zod";

const DEFAULT_PREFIX = "LG_WEBHOOK_";
/** Headers that the server sets itself: what the call is, and its signature. */
const OWN_HEADERS = /^(?:content-type|webhook-(?:id|timestamp|signature))$/i;
const TEMPLATE = /\$\{\{\s*env\.(\w+)\s*\}\}/g;

const texts = z.array(z.string().min(1)).nullish();

const section = z
  .looseObject({
    env_prefix: z.string().min(1).nullish(),
    headers: z.record(z.string(), z.string()).nullish(),
    url: z
      .looseObject({
        require_https: z.boolean().nullish(),
        allowed_domains: texts,
        allowed_ports: z.array(z.number().int().min(1).max(65_535)).nullish(),
        max_url_length: z.number().int().min(1).nullish(),
      })
      .nullish(),
  })
  .nullish();

export interface WebhookRules {
  /** Why a webhook may not have this URL, in words for whoever asks for it; undefined when it may. */
  readonly refusal: (url: string) => string | undefined;
  /**
   * The headers of each call.
   * @param variables the variables and secrets of the Worker, which a value such as `Bearer ${{ env.LG_WEBHOOK_TOKEN }}` names
   * @throws when a variable is not set
   */
  readonly headers: (variables: object) => Record<string, string>;
}

/** Reads the section. @throws when a setting is malformed, or names a variable that does not begin with `env_prefix` */
export function webhookRulesOf(webhooks: unknown): WebhookRules {
  const parsed = section.safeParse(webhooks);
  if (!parsed.success) throw new Error(`langgraph.json: webhooks: ${z.prettifyError(parsed.error)}`);
  const { env_prefix: prefix, headers, url: policy } = parsed.data ?? {};
  const templates = Object.entries(headers ?? {});
  for (const [name, value] of templates) checkHeader(name, value, prefix ?? DEFAULT_PREFIX);
  return {
    refusal: (url) => (policy == null ? undefined : refusalOf(url, policy)),
    headers: (variables) =>
      Object.fromEntries(templates.map(([name, value]) => [name, filledIn(name, value, variables)])),
  };
}

function checkHeader(name: string, value: string, prefix: string): void {
  const error = (message: string): Error =>
    new Error(`langgraph.json: webhooks.headers: ${name}: ${message}`);
  if (OWN_HEADERS.test(name)) throw error("the server sets this header itself");
  for (const [, variable = ""] of value.matchAll(TEMPLATE)) {
    if (!variable.startsWith(prefix)) throw error(`the variable ${variable} does not begin with ${prefix}`);
  }
}

const filledIn = (header: string, value: string, variables: object): string =>
  value.replaceAll(TEMPLATE, (_template, name: string) => {
    const text = (variables as Record<string, unknown>)[name];
    if (typeof text === "string") return text;
    throw new Error(`webhooks.headers of langgraph.json: ${header}: the variable ${name} is not set`);
  });

type Policy = NonNullable<NonNullable<z.output<typeof section>>["url"]>;

function refusalOf(text: string, policy: Policy): string | undefined {
  const { protocol, hostname, port } = new URL(text);
  const { max_url_length: maxLength, allowed_domains: domains, allowed_ports: ports } = policy;
  if (maxLength != null && text.length > maxLength) return `expected at most ${maxLength} characters`;
  if (policy.require_https === true && protocol !== "https:") return "expected an https URL";
  const usedPort = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  if (ports != null && ports.length > 0 && !ports.includes(usedPort)) {
    return `expected one of the ports ${ports.join(", ")}`;
  }
  if (domains != null && domains.length > 0 && !domains.some((domain) => isOf(hostname, domain))) {
    return `expected a host among ${domains.join(", ")}`;
  }
  return undefined;
}

/** `*.example.com` stands for the names below it, and not for `example.com` itself. */
function isOf(host: string, domain: string): boolean {
  const name = domain.toLowerCase();
  return name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name;
}
