/** This server as it is, with its objects counted, and with crons made from within: through HTTP it would take longer. */
import * as server from "./src/index";
import { begunOfLastTally, counted, recordedSoFar, takeTally } from "./tally.mjs";

export const CronDO = counted(server.CronDO, ["alarm", "call"]);
export const ThreadDO = counted(server.ThreadDO, ["alarm", "call"]);

const AT_ONCE = 50;

export default {
  ...server.default,
  async fetch(request, env, ctx) {
    const { pathname, origin } = new URL(request.url);
    if (pathname === "/bench/tally") return Response.json(takeTally());
    if (pathname === "/bench/progress") return Response.json(recordedSoFar());
    if (pathname === "/bench/begun") return Response.json(begunOfLastTally());
    if (pathname !== "/bench/schedule") return server.default.fetch(request, env, ctx);
    const { name, first, count, at, stepMs } = await request.json();
    const post = async (path, body) => {
      const asked = new Request(origin + path, { method: "POST", body: JSON.stringify(body) });
      const response = await server.default.fetch(asked, env, ctx);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    let next = first;
    const worker = async () => {
      while (next < first + count) {
        const cron = await post("/runs/crons", cronAt(new Date(at + next++ * stepMs), name));
        // A cron that has fired before: with the first firing comes a new object.
        await post(`/runs/crons/${cron.cron_id}/run`, { metadata: { bench: "before" } });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return Response.json({});
  },
};

/** A cron that fires once a year. */
function cronAt(at, name) {
  const time = [
    at.getUTCSeconds(),
    at.getUTCMinutes(),
    at.getUTCHours(),
    at.getUTCDate(),
    at.getUTCMonth() + 1,
  ];
  return {
    assistant_id: "echo",
    schedule: `${time.join(" ")} *`,
    input: { text: "hello" },
    metadata: { bench: name },
  };
}
