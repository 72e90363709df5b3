import assert from "node:assert/strict";
import { test } from "node:test";

import { lines } from "../../gridmgr/static/js/lines.js";

async function read(...pieces) {
  const bytes = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  const found = [];
  for await (const line of lines(ReadableStream.from ? ReadableStream.from(bytes) : streamOf(bytes))) { found.push(line); }
  return found;
}

/** As ReadableStream.from, which Node 18 hasn't got. */
function streamOf(pieces) {
  return new ReadableStream({ start(stream) { pieces.forEach((each) => stream.enqueue(each)); stream.close(); } });
}

test("a line may come in pieces, and a piece may hold several lines", async () => {
  assert.deepEqual(await read('{"share":', '0.5}\n{"share":1}\n', "[]\n"), [{ share: 0.5 }, { share: 1 }, []]);
});

test("a character may be cut in two", async () => {
  const bytes = new TextEncoder().encode('{"words":"\u8def"}\n');
  assert.deepEqual(await read(bytes.slice(0, 12), bytes.slice(12)), [{ words: "\u8def" }]);
});

test("what has no end is not told", async () => {
  assert.deepEqual(await read('{"share":1}\n{"sha'), [{ share: 1 }]);
});
