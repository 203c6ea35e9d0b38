/** What the server has stored, for tests of what it must not store. */
import { call } from "./edge";

/** How many things of each kind a search finds. */
export async function storedCounts(): Promise<Record<"assistants" | "threads" | "runs" | "crons", number>> {
  const count = async (path: string): Promise<number> => (await call<number>("POST", path, {})).body;
  const runs = await call("POST", "/runs/search", { limit: 1 });
  return {
    assistants: await count("/assistants/count"),
    threads: await count("/threads/count"),
    runs: Number(runs.headers.get("X-Pagination-Total")),
    crons: await count("/runs/crons/count"),
  };
}
