/** The `agents` package: one agent for each cron, whose scheduled callback runs the graph and records the run. */
import { Agent, getAgentByName } from "agents";
import { echo } from "./graph.mjs";
import { counted, noteRecorded } from "./tally.mjs";
import { workerFor } from "./worker.mjs";

class CronAgent extends Agent {
  async plan(at) {
    this
      .sql`CREATE TABLE IF NOT EXISTS runs (due INTEGER PRIMARY KEY, started INTEGER, recorded INTEGER, answer TEXT)`;
    await this.schedule(new Date(at), "fire", { at, text: "hello" });
  }

  async fire({ at, text }) {
    const started = Date.now();
    globalThis.noteBegun(this.ctx.id.toString());
    const { answer } = await echo.invoke({ text });
    this.sql`INSERT INTO runs VALUES (${at}, ${started}, ${Date.now()}, ${answer})`;
    noteRecorded();
  }

  async recorded() {
    return this.sql`SELECT due, started, recorded FROM runs`[0] ?? null;
  }
}

export const Crons = counted(CronAgent, ["alarm"]);
export default workerFor((env, name) => getAgentByName(env.OBJECTS, name));
