/** From the moment somebody damages the kernel until the repair is reported: wrong verdicts are measured, not blamed. */
export class DamageWindow {
  readonly from: number;
  #to = Number.POSITIVE_INFINITY;
  #lastWrongAt: number;
  wrongCount = 0;

  constructor(from: number) {
    this.from = from;
    this.#lastWrongAt = from;
  }

  end(at: number): void {
    this.#to = at;
  }

  concerns(sentAt: number, decidedAt: number): boolean {
    return decidedAt >= this.from && sentAt <= this.#to;
  }

  note(decidedAt: number): void {
    this.wrongCount += 1;
    this.#lastWrongAt = Math.max(this.#lastWrongAt, decidedAt);
  }

  /** From the damage to the last wrong verdict. */
  get lengthMs(): number {
    return this.#lastWrongAt - this.from;
  }
}
