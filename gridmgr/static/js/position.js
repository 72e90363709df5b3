/* Where this device is. */

/** @typedef {{ insecure?: string, silent?: string, searching?: string, refused?: string }} PositionWords */

/**
 * Asks the device; `say` gets words of what goes on, or of why there is no position.
 * @param {PositionWords} words
 * @param {(words: string, isTrouble: boolean) => void} say
 * @param {(coords: GeolocationCoordinates) => void} found
 */
export function locate(words, say, found) {
  if (!window.isSecureContext) { say(words.insecure || "", true); return; }
  if (!navigator.geolocation) { say(words.silent || "", true); return; }
  say(words.searching || "", false);
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => found(coords),
    (error) => say((error.code === error.PERMISSION_DENIED ? words.refused : words.silent) || "", true),
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 },
  );
}
