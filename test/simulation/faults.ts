/** What goes wrong in a world, and how often; drawn from the seed, and written down for the checker. */
import type { Random } from "./random";
import type { Timeline } from "./timeline";

/** Probabilities, of each call, alarm or step; none after the faults have stopped. */
export interface FaultRates {
  /** Of a step, that the host dies at it. */
  crash: number;
  /** Of a life at rest, that it ends before the next event. */
  eviction: number;
  /** Of a call between objects. */
  refused: number;
  answerLost: number;
  hangs: number;
  /** Of a call of D1. */
  d1Fails: number;
  d1AnswerLost: number;
  d1Hangs: number;
  /** Of an alarm. */
  alarmEarly: number;
  alarmLate: number;
  alarmTwice: number;
  alarmLost: number;
}

export const NO_FAULTS: FaultRates = {
  crash: 0,
  eviction: 0,
  refused: 0,
  answerLost: 0,
  hangs: 0,
  d1Fails: 0,
  d1AnswerLost: 0,
  d1Hangs: 0,
  alarmEarly: 0,
  alarmLate: 0,
  alarmTwice: 0,
  alarmLost: 0,
};

export type FaultKind =
  Exclude<keyof FaultRates, "eviction"> | "d1Down" | "serverDown" | "clockJump" | "lateMessage";

/** A fault that happened: from when to when things may have been amiss. True times, ms. */
export interface Fault {
  kind: FaultKind;
  from: number;
  to: number;
  /** When at the latest the watchdog has to come by, of an alarm that is lost. */
  foundBy?: number;
  /** When an alarm that is lost was set. What the index said then is what `foundBy` goes by. */
  setAt?: number;
}

/** Where every host dies before it is done nothing ever gets done. */
const MOST_CRASHES = 50;

export class Faults {
  readonly happened: Fault[] = [];
  evictions = 0;
  private crashes = 0;
  rates: FaultRates = NO_FAULTS;
  serverDown = false;
  d1Down = false;

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly trace: (text: string) => void,
  ) {}

  /** Whether this fault comes about here. */
  strikes(kind: keyof FaultRates): boolean {
    const rate = this.rates[kind];
    return rate > 0 && this.random.chance(rate);
  }

  /** Steps until the next death of a host. */
  stepsToLive(): number {
    const { crash } = this.rates;
    return crash === 0 || this.crashes >= MOST_CRASHES
      ? Infinity
      : Math.ceil(Math.log(1 - this.random.draw()) / Math.log(1 - crash)) || 1;
  }

  note(kind: FaultKind, from: number, to: number): Fault {
    if (kind === "crash") this.crashes += 1;
    this.trace(`fault: ${kind}${to > from ? ` for ${to - from} ms` : ""}`);
    const fault = { kind, from, to };
    this.happened.push(fault);
    return fault;
  }

  noteNow(kind: FaultKind): Fault {
    return this.note(kind, this.timeline.now, this.timeline.now);
  }
}
