/* Addresses that lead to a place as it was on a day. */

const DATED = /^\/(map|my|branches|roads|sections|sites|pitches|schools|panda-lanes|drop-off-points|bays)\//;

/**
 * The address with the day, where it leads to a page of our own that can tell of one and names none.
 * @param {string} href
 * @param {string} day
 * @param {string} origin our own
 */
export function dated(href, day, origin) {
  const address = new URL(href);
  if (address.origin !== origin || !DATED.test(address.pathname) || address.pathname.includes("/add/")) { return href; }
  if (address.searchParams.has("date")) { return href; }
  address.searchParams.set("date", day);
  return address.href;
}
