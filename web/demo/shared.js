import { byId, day, fromTemplate, showError, size } from "./dom.js";
import { downloadLink } from "./link.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { ListedUpload } from "../cloakroom/types.js" */

/** @type {{ limit: number, shared: "with-me" }} */
const PAGE = { limit: 12, shared: "with-me" };

/**
 * Lists the files that other users share with the signed-in user.
 * @param {Cloakroom} cloakroom
 * @param {(upload: ListedUpload) => void} onDetails
 */
export function sharedFiles(cloakroom, onDetails) {
  const list = byId("shared-list");
  const more = byId("shared-more");
  const onError = (/** @type {unknown} */ error) => showError(byId("shared-error"), error);
  /** @type {Set<string>} The ids of the listed files. */
  const listed = new Set();
  let pages = cloakroom.uploads.list(PAGE).pages();

  async function showPage() {
    const current = pages;
    more.disabled = true;
    showError(byId("shared-error"));
    try {
      const { value, done } = await current.next();
      if (current !== pages || done) return; // the list was restarted
      list.append(...value.items.filter(({ id }) => !listed.has(id)).map(row));
      more.hidden = value.next === null;
      byId("shared").hidden = listed.size === 0 && more.hidden;
    } catch (error) {
      if (current !== pages) return;
      onError(error);
      // A generator that has thrown cannot continue; a new one starts at the first page and skips files that are listed.
      pages = cloakroom.uploads.list(PAGE).pages();
      more.hidden = false;
      byId("shared").hidden = false;
    } finally {
      more.disabled = false;
    }
  }
  more.addEventListener("click", showPage);

  /** @param {ListedUpload} upload */
  function row(upload) {
    listed.add(upload.id);
    const { element, part } = fromTemplate("shared-row");
    const sharer = upload.sharedBy?.name ?? "a deleted account";
    part(".row-name").textContent = upload.filename;
    part(".row-name").title = upload.filename;
    part(".row-note").textContent = `${size(upload.size ?? 0)}\u00a0· by ${sharer}\u00a0· ${day(upload.sharedAt ?? upload.createdAt)}`;
    part(".details").setAttribute("aria-label", `Details of ${upload.filename}`);
    part(".details").addEventListener("click", () => onDetails(upload));
    downloadLink(part(".download"), upload, cloakroom, onError);
    return element;
  }

  return {
    start() {
      this.clear();
      return showPage();
    },
    clear() {
      listed.clear();
      list.replaceChildren();
      more.hidden = true;
      byId("shared").hidden = true;
      showError(byId("shared-error"));
      pages = cloakroom.uploads.list(PAGE).pages();
    },
  };
}
