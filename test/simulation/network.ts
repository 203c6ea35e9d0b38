/** Messages between hosts: they take their time, get lost, or their answers do. */
import type { Faults } from "./faults";
import { never, type Life } from "./life";
import type { Random } from "./random";
import type { Timeline } from "./timeline";

/** Who sends: a host whose messages wait for what it has stored, or somebody who has nothing to store. */
export interface Sender {
  life: Life;
  gate: () => Promise<void>;
}

const LOST = "Network connection lost.";
/** Later than this no message arrives. */
const LATEST_MS = 90_000;
/** Of the hosts that wait in vain for an answer so many die meanwhile, within this time. */
const DIES_WAITING = 0.5;
const LONGEST_WAIT_MS = 30_000;

export class Network {
  private readonly deaths: Random;

  constructor(
    private readonly timeline: Timeline,
    private readonly faults: Faults,
    private readonly random: Random,
  ) {
    this.deaths = random.fork("deaths");
  }

  /** A call of another object. */
  async call<T>(from: Sender | null, deliver: () => Promise<T>): Promise<T> {
    return this.send(from, deliver, { fails: "refused", answerLost: "answerLost", hangs: "hangs" });
  }

  /** A call of D1. */
  async query<T>(from: Sender | null, deliver: () => T): Promise<T> {
    const execute = async (): Promise<T> => {
      if (this.faults.d1Down) throw new Error("D1_ERROR: D1 is down");
      return deliver();
    };
    return this.send(from, execute, { fails: "d1Fails", answerLost: "d1AnswerLost", hangs: "d1Hangs" });
  }

  private async send<T>(
    from: Sender | null,
    deliver: () => Promise<T>,
    kinds: {
      fails: "refused" | "d1Fails";
      answerLost: "answerLost" | "d1AnswerLost";
      hangs: "hangs" | "d1Hangs";
    },
  ): Promise<T> {
    const { faults } = this;
    const isLast = from?.life.lastMessage() ?? false;
    if (isLast && this.random.chance(0.5)) from?.life.die();
    await from?.gate();
    if (from?.life.dead) return never();
    const answered = this.carry(from, deliver, kinds, () => {
      if (isLast) from?.life.die();
    });
    const answer = await answered.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (from?.life.dead) return never();
    if (faults.serverDown && from !== null) return never();
    if ("error" in answer) throw answer.error;
    return answer.value;
  }

  private async carry<T>(
    from: Sender | null,
    deliver: () => Promise<T>,
    kinds: {
      fails: "refused" | "d1Fails";
      answerLost: "answerLost" | "d1AnswerLost";
      hangs: "hangs" | "d1Hangs";
    },
    arrived: () => void,
  ): Promise<T> {
    const { faults, timeline, random } = this;
    await timeline.sleep(random.int(0, 15));
    if (faults.serverDown) throw new Error(LOST);
    if (faults.strikes(kinds.fails)) {
      faults.noteNow(kinds.fails);
      throw new Error(LOST);
    }
    if (faults.strikes(kinds.hangs)) return this.hang(from, deliver, kinds.hangs, arrived);
    const answered = deliver();
    // The message is there; what comes of it is the callee's.
    answered.then(arrived, arrived);
    const answer = await answered;
    await timeline.sleep(random.int(0, 15));
    if (faults.strikes(kinds.answerLost)) {
      faults.noteNow(kinds.answerLost);
      throw new Error(LOST);
    }
    return answer;
  }

  /**
   * No answer comes. The message may still arrive, at once or when nobody reckons with it any more; also when its host is dead.
   */
  private async hang<T>(
    from: Sender | null,
    deliver: () => Promise<T>,
    kind: "hangs" | "d1Hangs",
    arrived: () => void,
  ): Promise<never> {
    const { faults, timeline, random } = this;
    faults.note(kind, timeline.now, timeline.now + 30_000);
    if (this.deaths.chance(DIES_WAITING))
      timeline.after(this.deaths.int(1, LONGEST_WAIT_MS), () => from?.life.die());
    const delay = random.pick([0, 0, random.int(1, LATEST_MS), null]);
    const { skew } = timeline;
    if (delay !== null) {
      timeline.after(delay, () => {
        // That a message is late the receiver sees by its clock: not when that is set back meanwhile.
        if (faults.serverDown || timeline.skew < skew) return;
        if (delay > 0) faults.noteNow("lateMessage");
        deliver().catch(() => undefined);
      });
    }
    arrived();
    return never();
  }
}
