/* One question at a time, always the newest. */

/**
 * @template Q, A
 * @typedef {(question: Q, signal: AbortSignal) => Promise<A>} Send
 */

/**
 * While an answer is awaited, later questions wait, and the last of them is asked. A question older than `staleMs` is lost: it
 * gives way to a newer one. Each question carries the moments of the moves that it answers for.
 * @template Q, A
 */
export class Newest {
  /**
   * @param {Send<Q, A>} send
   * @param {{ staleMs: number, now?: () => number }} options
   */
  constructor(send, { staleMs, now = () => performance.now() }) {
    this.send = send;
    this.staleMs = staleMs;
    this.now = now;
    /** @type {{ since: number, moves: number[], abort: AbortController } | null} */
    this.asking = null;
    /** @type {{ question: Q, moves: number[] } | null} */
    this.next = null;
    /** What to do with an answer, and with words about why there is none; then with the times. */
    this.onAnswer = (/** @type {A} */ _answer) => {};
    this.onTrouble = (/** @type {string} */ _words) => {};
    this.onTimes = (/** @type {number[]} */ _moves, /** @type {number} */ _sent, /** @type {number} */ _answered) => {};
  }

  /** Whether nothing is asked and nothing waits. */
  get isIdle() { return !this.asking && !this.next; }

  /**
   * @param {Q} question
   * @param {number[]} [moves]
   */
  ask(question, moves = [this.now()]) {
    const stale = this.asking && this.now() - this.asking.since > this.staleMs ? this.asking : null;
    if (stale) { stale.abort.abort(); this.asking = null; }
    this.next = { question, moves: [...(stale ? stale.moves : []), ...(this.next ? this.next.moves : []), ...moves] };
    if (!this.asking) { this.sendNext(); }
  }

  async sendNext() {
    if (!this.next) { return; }
    const { question, moves } = this.next, mine = { since: this.now(), moves, abort: new AbortController() };
    this.next = null;
    this.asking = mine;
    /** @type {A | null} */
    let answer = null;
    let trouble = "";
    try {
      answer = await this.send(question, mine.abort.signal);
    } catch (error) {
      if (error.name === "AbortError") { return; }
      trouble = error.message;
    }
    if (this.asking !== mine) { return; }
    const answered = this.now();
    this.asking = null;
    if (this.next) { this.sendNext(); } // the next question is under way while this answer is drawn
    if (answer) { this.onAnswer(answer); } else { this.onTrouble(trouble); }
    this.onTimes(moves, mine.since, answered);
  }
}
