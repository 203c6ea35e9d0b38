/** Waiting for a server that was deployed just now. */
import { afterEach, expect, test, vi } from "vitest";
import { waitUntilUp } from "../../../cli/deploy/health";

const url = "https://small.ada.workers.dev";
const patience = { limitMs: 20, everyMs: 1 };

function answers(...responses: (Response | Error)[]): { asked: string[] } {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (input: string) => {
    asked.push(input);
    const response = responses.length > 1 ? responses.shift() : responses[0];
    if (response instanceof Response) return response.clone();
    throw response ?? new Error("no answer is given");
  });
  return { asked };
}
afterEach(() => {
  vi.unstubAllGlobals();
});

const unreachable = new TypeError("fetch failed", {
  cause: new Error("getaddrinfo ENOTFOUND small.ada.workers.dev"),
});
const refusal = (status: number, code: string, detail: string): Response =>
  Response.json({ code, detail }, { status });

test("it is asked until it is up, as long as a new address needs to be known", async () => {
  const { asked } = answers(
    unreachable,
    new Response("error code: 1042", { status: 404 }),
    Response.json({ ok: true }),
  );
  await waitUntilUp(url, { limitMs: 10_000, everyMs: 1 });
  expect(asked).toEqual([`${url}/ok?check_db=1`, `${url}/ok?check_db=1`, `${url}/ok?check_db=1`]);
  // The project has taken /ok away; it is the server all the same that says so.
  answers(refusal(404, "request.not_found", "no such route"));
  await waitUntilUp(url, patience);
});

test.each([
  ["nobody answers", unreachable, /does not answer/, /repeat the command[^]*--url/, /ENOTFOUND/],
  [
    "something else answers",
    new Response("<html>", { status: 302 }),
    /answers 302/,
    /Cloudflare Access/,
    /html/,
  ],
  ["it answers something else", Response.json({ ok: 1 }), /answers 200/, /npx wrangler tail/, /"ok":1/],
  [
    "D1 does not answer",
    refusal(503, "server.unavailable", "D1 was asked and did not answer"),
    /answers 503/,
    /uploaded/,
    /D1 was asked/,
  ],
] as const)("%s: the failure says what to do", async (_name, response, message, advice, original) => {
  answers(response);
  await expect(waitUntilUp(url, patience)).rejects.toMatchObject({
    message: expect.stringMatching(message) as string,
    advice: expect.stringMatching(advice) as string,
    original: expect.stringMatching(original) as string,
  });
});

test("waiting does not correct a wrong setting", async () => {
  const { asked } = answers(
    refusal(503, "server.misconfigured", "configuration.API_KEYS: expected keys of at least 16 characters"),
  );
  await expect(waitUntilUp(url, { limitMs: 60_000, everyMs: 1 })).rejects.toMatchObject({
    original: expect.stringContaining("API_KEYS") as string,
  });
  expect(asked).toHaveLength(1);
});
