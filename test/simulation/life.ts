/**
 * The life of one host of an object: what the object has in memory goes with it. Every effect of the object is a step, and at
 * one of its steps the host may die; from then on it does nothing more.
 */
export class HostDied extends Error {
  constructor() {
    super("the host is dead");
  }
}

/** For what waits on the dead. */
export const never = (): Promise<never> => new Promise(() => undefined);

export class Life {
  dead = false;
  /** Calls under way, and what was to be waited for. */
  busy = 0;
  private readonly end = Promise.withResolvers<never>();
  /** Rejects at the end. */
  readonly died = this.end.promise;

  /** @param stepsLeft the host dies at the last of them @param onDeath is told at once */
  constructor(
    private stepsLeft: number,
    private readonly onDeath: () => void,
  ) {
    this.died.catch(() => undefined);
  }

  /** One effect. @throws HostDied instead of it, when it is not to be */
  step(): void {
    if (this.dead) throw new HostDied();
    this.stepsLeft -= 1;
    if (this.stepsLeft > 0) return;
    this.die();
    throw new HostDied();
  }

  /** Like a step whose effect is a message: the host may die when it has left. @returns whether it will */
  lastMessage(): boolean {
    if (this.dead) throw new HostDied();
    this.stepsLeft -= 1;
    return this.stepsLeft <= 0;
  }

  die(): void {
    if (this.dead) return;
    this.dead = true;
    this.onDeath();
    this.end.reject(new HostDied());
  }

  /** Keeps the host busy until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.busy += 1;
    try {
      return await work;
    } finally {
      this.busy -= 1;
    }
  }
}
