import { byId } from "./dom.js";

/** @import { StoredUpload } from "../cloakroom/types.js" */
/** @typedef {{ upload: StoredUpload, element: HTMLElement }} Entry */

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const time = (/** @type {Entry} */ { upload }) => Date.parse(upload.storedAt ?? upload.createdAt);

/** @type {Record<string, (a: Entry, b: Entry) => number>} */
const ORDERS = {
  newest: (a, b) => time(b) - time(a),
  oldest: (a, b) => time(a) - time(b),
  name: (a, b) => names.compare(a.upload.filename, b.upload.filename),
  largest: (a, b) => (b.upload.size ?? 0) - (a.upload.size ?? 0),
};

/** Removes case and accents. @param {string} text */
export const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

/**
 * Searches and sorts the loaded files.
 * @param {HTMLElement} list
 * @param {() => Entry[]} entries The loaded files.
 * @param {() => boolean} hasMore Whether more files exist that are not loaded.
 */
export function sift(list, entries, hasMore) {
  const query = byId("search");
  const order = byId("sort");

  function apply() {
    const all = entries().sort(ORDERS[order.value]);
    const searched = folded(query.value);
    // Moving an element takes the focus from it.
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    if (all.some(({ element }, index) => list.children[index] !== element)) list.append(...all.map(({ element }) => element));
    if (focused && list.contains(focused)) focused.focus();
    let found = 0;
    for (const { upload, element } of all) {
      element.hidden = !folded(upload.filename).includes(searched);
      if (!element.hidden) found++;
    }
    byId("sift").hidden = all.length === 0;
    byId("sift-note").textContent = note(searched ? found : null, all.length);
  }

  /** @param {number | null} found `null`: nothing is searched. @param {number} loaded */
  function note(found, loaded) {
    const partial = hasMore() && (found !== null || order.value !== "newest");
    const result = found === null ? "" : found === 0 ? "No file matches." : found === 1 ? "1 file matches." : `${found} files match.`;
    return `${result} ${partial ? `Only the ${loaded} newest files are loaded. “Show more files” loads others.` : ""}`.trim();
  }

  query.addEventListener("input", apply);
  order.addEventListener("change", apply);
  return {
    apply,
    clear() {
      query.value = "";
      order.value = "newest";
      apply();
    },
  };
}
