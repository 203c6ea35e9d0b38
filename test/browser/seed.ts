/** What the server has when the tests begin, and the calls with which tests make what they look at. */
import { inject } from "vitest";

/** @param url where the server answers */
export async function seed(url: string): Promise<void> {
  await postTo(url, "/runs/crons", {
    assistant_id: "briefing",
    schedule: "0 8 * * 1-5",
    timezone: "Europe/Berlin",
    metadata: { name: "Morning briefing" },
    input: { messages: [{ role: "user", content: "What matters today?" }] },
  });
}

/** Sends a body to the server that all tests share. @throws Error unless the answer is good */
export const post = <Answer>(path: string, body: object): Promise<Answer> =>
  postTo(inject("serverUrl"), path, body);

/** Makes a cron that keeps its threads. @returns its id */
export async function makeCron(assistant: string, fields: object): Promise<string> {
  const body = { assistant_id: assistant, on_run_completed: "keep", ...fields };
  return (await post<{ cron_id: string }>("/runs/crons", body)).cron_id;
}

/** Has a cron run, and waits until the run has ended. @returns its ids */
export async function runNow(
  cronId: string,
  body: object = {},
): Promise<{ run_id: string; thread_id: string }> {
  const slot = await post<{ run_id: string; thread_id: string }>(`/runs/crons/${cronId}/run`, body);
  const joined = await fetch(`${inject("serverUrl")}/threads/${slot.thread_id}/runs/${slot.run_id}/join`);
  await joined.body?.cancel();
  return slot;
}

async function postTo<Answer>(url: string, path: string, body: object): Promise<Answer> {
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${path} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
