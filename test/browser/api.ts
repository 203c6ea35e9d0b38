/** Calls of a server: with these, tests make what they look at. */
export class Api {
  constructor(
    /** Where the server answers. */
    readonly url: string,
    private readonly key?: string,
  ) {}

  /** What the server answers, whether it does what it is asked or not. */
  async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return (await (await this.send(method, path, body)).json()) as Answer;
  }

  /** @throws Error unless the answer is good */
  async post<Answer>(path: string, body: object): Promise<Answer> {
    const answer = await this.send("POST", path, body);
    if (!answer.ok) throw new Error(`POST ${path} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }

  /** Makes a cron that keeps its threads. @returns its id */
  async makeCron(assistant: string, fields: object): Promise<string> {
    const body = { assistant_id: assistant, on_run_completed: "keep", ...fields };
    return (await this.post<{ cron_id: string }>("/runs/crons", body)).cron_id;
  }

  /** Has a cron run, and waits until the run has ended. @returns its ids */
  async runNow(cronId: string, body: object = {}): Promise<{ run_id: string; thread_id: string }> {
    const slot = await this.post<{ run_id: string; thread_id: string }>(`/runs/crons/${cronId}/run`, body);
    const joined = await this.send("GET", `/threads/${slot.thread_id}/runs/${slot.run_id}/join`);
    await joined.body?.cancel();
    return slot;
  }

  private send(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        "content-type": "application/json",
        ...(this.key !== undefined && { "x-api-key": this.key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}
