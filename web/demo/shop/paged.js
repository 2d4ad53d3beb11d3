import { showError } from "../dom.js";

/**
 * @template T
 * @typedef {import("../../cloakroom/pages.js").Pages<T>} Pages
 */

/**
 * Shows a list one page at a time. The view has the elements `.items`, `.more`, `.empty` and `.list-error`.
 * @template T
 * @param {(selector: string) => any} part Finds elements of the view.
 * @param {AbortSignal} signal
 * @param {object} list
 * @param {() => Pages<T>} list.open Starts the list at its first page.
 * @param {(item: T) => string} list.key Identifies an item, so that none is listed twice.
 * @param {(item: T) => HTMLElement | null} list.row `null` leaves the item out.
 * @returns {Promise<void>} Resolves when the first page is shown.
 */
export function pagedList(part, signal, { open, key, row }) {
  const [items, more, empty, error] = [".items", ".more", ".empty", ".list-error"].map(part);
  /** @type {Set<string>} */
  const listed = new Set();
  let pages = open().pages();

  async function showPage() {
    more.disabled = true;
    showError(error);
    try {
      const { value } = await pages.next();
      if (signal.aborted || !value) return;
      const fresh = value.items.filter((/** @type {T} */ item) => !listed.has(key(item)));
      for (const item of fresh) listed.add(key(item));
      items.append(...fresh.flatMap((/** @type {T} */ item) => row(item) ?? []));
      more.hidden = value.next == null;
    } catch (problem) {
      if (signal.aborted) return;
      showError(error, problem);
      // A generator that has thrown cannot continue; a new one starts at the first page and skips items that are listed.
      pages = open().pages();
      more.hidden = false;
    } finally {
      more.disabled = false;
      empty.hidden = items.children.length > 0 || !more.hidden;
    }
  }
  more.addEventListener("click", showPage);
  return showPage();
}
