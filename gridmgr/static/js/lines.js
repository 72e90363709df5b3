/* Answers that come line by line, each a JSON text. */

/**
 * What each whole line says, as it comes; a last one without an end is not told.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<any>}
 */
export async function* lines(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) { return; }
    const parts = (rest + value).split("\n");
    rest = parts.pop() || "";
    for (const part of parts) { yield JSON.parse(part); }
  }
}
