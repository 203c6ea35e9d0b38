/** Calls the server through its HTTP edge. */
import { env, exports } from "cloudflare:workers";
import type { Assistant } from "../../src/d1/assistants-table";

const ORIGIN = "http://edge";

/** What was answered: the body as JSON, null when there is none. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A request with a JSON body; a string is sent as it is. */
export async function call<T = { detail: string }>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await exports.default.fetch(
    new Request(`${ORIGIN}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? null : JSON.parse(text)) as T,
  };
}

/** Makes an assistant of the graph "echo", unless `fields` says otherwise. */
export async function create(fields: Record<string, unknown> = {}): Promise<Assistant> {
  const { status, body } = await call<Assistant>("POST", "/assistants", { graph_id: "echo", ...fields });
  if (status !== 200) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** A `fetch` for the SDK's client. */
export const edgeFetch: typeof fetch = async (input, init) => exports.default.fetch(new Request(input, init));

/** A `fetch` for the SDK's client that counts the answers that have begun. A stream that has begun misses nothing of what follows. */
export function countingFetch(): { fetch: typeof fetch; answers: () => number } {
  let answers = 0;
  return {
    fetch: async (input, init) => {
      const response = await edgeFetch(input, init);
      answers += 1;
      return response;
    },
    answers: () => answers,
  };
}

/** How many versions D1 holds of an assistant. */
export const versionRows = async (id: string): Promise<number> =>
  (await env.DB.prepare("SELECT count(*) AS n FROM assistant_versions WHERE assistant_id = ?")
    .bind(id)
    .first<number>("n")) ?? 0;
