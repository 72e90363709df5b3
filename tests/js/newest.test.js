import assert from "node:assert/strict";
import { test } from "node:test";

import { Newest } from "../../gridmgr/static/js/plan/newest.js";

/** A server that answers when told to, and a clock that stands still. */
function stage() {
  const sent = [], shown = [], troubles = [], times = [], clock = { now: 0 };
  const questions = new Newest((question, signal) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    sent.push({ question, answer: () => resolve({ to: question }), refuse: (words) => reject(new Error(words)) });
  }), { staleMs: 1000, now: () => clock.now });
  questions.onAnswer = (answer) => shown.push(answer.to);
  questions.onTrouble = (words) => troubles.push(words);
  questions.onTimes = (moves, since, answered) => times.push({ moves, since, answered });
  return { questions, sent, shown, troubles, times, clock };
}
const settled = () => new Promise((resolve) => { setTimeout(resolve, 0); });

test("while one question is under way only the last of the others is asked", async () => {
  const { questions, sent, shown } = stage();
  for (const place of ["a", "b", "c"]) { questions.ask(place); }
  assert.deepEqual(sent.map((each) => each.question), ["a"]);
  sent[0].answer();
  await settled();
  assert.deepEqual(sent.map((each) => each.question), ["a", "c"]);
  assert.deepEqual(shown, ["a"]);
  sent[1].answer();
  await settled();
  assert.deepEqual(shown, ["a", "c"]);
  assert.equal(questions.isIdle, true);
});

test("an answer counts for every move that it made needless", async () => {
  const { questions, sent, times, clock } = stage();
  questions.ask("a", [1]);
  questions.ask("b", [2]);
  questions.ask("c", [3]);
  clock.now = 50;
  sent[0].answer();
  await settled();
  clock.now = 90;
  sent[1].answer();
  await settled();
  assert.deepEqual(times, [{ moves: [1], since: 0, answered: 50 }, { moves: [2, 3], since: 50, answered: 90 }]);
});

test("a question that is lost gives way, and its answer is not shown", async () => {
  const { questions, sent, shown, clock } = stage();
  questions.ask("a");
  clock.now = 1000;
  questions.ask("b");
  assert.equal(sent.length, 1); // a second is not yet too long
  clock.now = 1001;
  questions.ask("c");
  assert.equal(sent[1].question, "c");
  sent[0].answer();
  sent[1].answer();
  await settled();
  assert.deepEqual(shown, ["c"]);
});

test("what is wrong is said, and the next question is asked all the same", async () => {
  const { questions, sent, shown, troubles } = stage();
  questions.ask("a");
  questions.ask("b");
  sent[0].refuse("no such road");
  await settled();
  sent[1].answer();
  await settled();
  assert.deepEqual([troubles, shown], [["no such road"], ["b"]]);
});
