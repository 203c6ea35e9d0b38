/** The Worker before the objects of the floor and of the agents: schedules them, and reads what they have recorded. */
import { recordedSoFar, takeTally } from "./tally.mjs";

/** @param {(env: object, name: string) => Promise<object>} objectOf */
export const workerFor = (objectOf) => ({
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/ok") return Response.json({ ok: true });
    if (pathname === "/bench/tally") return Response.json(takeTally());
    if (pathname === "/bench/progress") return Response.json(recordedSoFar());
    const { name, first, count, at, stepMs } = await request.json();
    const indexes = Array.from({ length: count }, (_, index) => first + index);
    const results = indexes.map(async (index) => {
      const object = await objectOf(env, `${name}-${index}`);
      return pathname === "/bench/schedule" ? object.plan(at + index * stepMs) : object.recorded();
    });
    return Response.json(await Promise.all(results));
  },
});
