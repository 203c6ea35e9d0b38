/** The floor: a bare object whose alarm writes one row. No platform does less for a firing. */
import { DurableObject } from "cloudflare:workers";
import { counted, noteRecorded } from "./tally.mjs";
import { workerFor } from "./worker.mjs";

class BareObject extends DurableObject {
  async plan(at) {
    this.ctx.storage.sql.exec(
      "CREATE TABLE runs (due INTEGER PRIMARY KEY, started INTEGER, recorded INTEGER)",
    );
    this.ctx.storage.kv.put("at", at);
    await this.ctx.storage.setAlarm(at);
  }

  async alarm() {
    const now = Date.now();
    globalThis.noteBegun(this.ctx.id.toString());
    this.ctx.storage.sql.exec("INSERT INTO runs VALUES (?, ?, ?)", this.ctx.storage.kv.get("at"), now, now);
    noteRecorded();
  }

  async recorded() {
    return this.ctx.storage.sql.exec("SELECT * FROM runs").toArray()[0] ?? null;
  }
}

export const Floor = counted(BareObject, ["alarm"]);
export default workerFor(async (env, name) => env.OBJECTS.get(env.OBJECTS.idFromName(name)));
