/** Measures firings: many due in the same second, and a few one after the other, of which each can be counted by itself. */

/** Objects that have nothing to do leave the memory after ten seconds: at a real firing they are not there. */
const LEAD_MS = 15_000;
const MARGIN = 1.6;
const LIMIT_MS = 5 * 60_000;
/** Afterwards the objects may have something to see to. */
const AFTER_MS = 3_000;
const SOON_MS = 2_000;
const POLL_MS = 100;

export class FiringMeasure {
  #run = 0;
  #msEach = new Map();
  #firstGuessMs;

  /** @param firstGuessMs how long it may take to make one ready; measured as it goes */
  constructor(firstGuessMs = 80) {
    this.#firstGuessMs = firstGuessMs;
  }

  /**
   * `count` firings, due at the same instant or `stepMs` apart.
   * @param beforeDue is called when all is ready, shortly before the first is due. Then some may also not be recorded in time
   */
  async measure(contestant, { count, stepMs = 0, beforeDue }) {
    const name = `run${(this.#run += 1)}`;
    const msEach = this.#msEach.get(contestant) ?? this.#firstGuessMs;
    const begun = Date.now();
    const at = Math.ceil((begun + count * msEach * MARGIN + LEAD_MS) / 1000) * 1000;
    await contestant.schedule({ name, count, at, stepMs });
    if (Date.now() > at) throw new Error(`${contestant.name}: making ${count} firings ready took too long`);
    this.#msEach.set(contestant, (Date.now() - begun) / count);
    // What was still to be done of making them ready is done by then.
    await sleep(at - SOON_MS - Date.now());
    await contestant.tally();
    beforeDue?.();
    await sleep(at - Date.now());
    const recorded = await this.#untilRecorded(contestant, {
      count,
      limit: at + count * stepMs + LIMIT_MS,
    });
    if (recorded.count < count && beforeDue === undefined)
      throw new Error(`${contestant.name}: only ${recorded.count} of ${count} are recorded`);
    await sleep(AFTER_MS);
    // Before what it takes to read the rest.
    const { timeouts, retries, begunTwice, ...tally } = await contestant.tally();
    const firings = await contestant.firings({ name, count });
    const late = firings.map(({ due, started }) => started - due).sort((a, b) => a - b);
    const rank = (share) => late[Math.ceil(share * late.length) - 1];
    const each = Object.fromEntries(Object.entries(tally).map(([key, value]) => [key, value / count]));
    return {
      fired: firings.length,
      p50: rank(0.5),
      p99: rank(0.99),
      perSecond: recorded.count / ((recorded.at - at) / 1000),
      faults: { timeouts, retries, begunTwice },
      each,
      dollars: dollarsPerMillion(each),
    };
  }

  /** @returns how many were recorded, and when the last was */
  async #untilRecorded(contestant, { count, limit }) {
    for (;;) {
      const recorded = await contestant.recordedSoFar();
      if (recorded.count >= count || Date.now() > limit) return recorded;
      await sleep(POLL_MS);
    }
  }
}

/**
 * What a million firings cost in USD past the included amounts: object requests, active time with 128 MB, rows written and
 * read. Lines of logs come on top where they are kept.
 */
export const dollarsPerMillion = ({ requests, activeMs, objectRows, d1Rows, rowsRead }) =>
  0.15 * requests + (1.6 * activeMs) / 1000 + objectRows + d1Rows + 0.001 * rowsRead;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
