/** Chance that repeats itself: every draw follows from the seed. */
export class Random {
  private readonly state: Uint32Array;

  constructor(private readonly seed: string) {
    this.state = new Uint32Array(4);
    // FNV-1a, once for each word of the state.
    for (let word = 0; word < 4; word++) {
      let hash = 0x811c9dc5 ^ word;
      for (const char of seed) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
      this.state[word] = hash;
    }
    for (let round = 0; round < 15; round++) this.draw();
  }

  /** A stream of its own, so that more draws in one place change nothing in another. */
  fork(name: string): Random {
    return new Random(`${this.seed}/${name}`);
  }

  /** At least 0, less than 1. */
  draw(): number {
    // sfc32.
    const [a = 0, b = 0, c = 0, counter = 0] = this.state;
    const sum = (a + b + counter) | 0;
    this.state[0] = b ^ (b >>> 9);
    this.state[1] = (c + (c << 3)) | 0;
    this.state[2] = (((c << 21) | (c >>> 11)) + sum) | 0;
    this.state[3] = counter + 1;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.draw() < probability;
  }

  /** A whole number, both ends included. */
  int(least: number, most: number): number {
    return Math.floor(least + this.draw() * (Math.floor(most) - least + 1));
  }

  /** A whole number of which small ones are as likely as large ones by their order of magnitude; `least` is positive. */
  magnitude(least: number, most: number): number {
    return Math.round(least * Math.max(1, most / least) ** this.draw());
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.draw() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** A few of them, in their order. */
  some<T>(items: readonly T[], most: number): T[] {
    const chosen = new Set(Array.from({ length: this.int(1, most) }, () => this.int(0, items.length - 1)));
    return items.filter((_item, index) => chosen.has(index));
  }
}
