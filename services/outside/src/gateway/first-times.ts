/** Tells whether something is seen for the first time, as far back as `limit` things. */
export class FirstTimes {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns true the first time */
  add(thing: string): boolean {
    if (this.#seen.has(thing)) return false;
    const [oldest] = this.#seen;
    if (oldest !== undefined && this.#seen.size >= this.#limit) this.#seen.delete(oldest);
    this.#seen.add(thing);
    return true;
  }
}
