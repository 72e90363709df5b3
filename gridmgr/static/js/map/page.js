/* What the map of this page is made from, once Folium's script has said it. */

export const page = /** @type {PageSpec} */ ({});

/** Where tiles come from in a file without a server; map/offline.js says it. @type {{ of: ((spec: GroupSpec) => InlineSource) | null }} */
export const source = { of: null };

/** @param {PageSpec} specification */
export function setPage(specification) { Object.assign(page, specification); }
