import { deletedFiles } from "./deleted.js";
import { byId, confirmed, showError, size, toast } from "./dom.js";
import { sift } from "./sift.js";
import { tile } from "./tile.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */
/** @import { Entry } from "./sift.js" */

const PAGE = { limit: 24 };

/**
 * Shows the stored files.
 * @param {Cloakroom} cloakroom
 * @param {import("./usage.js").UsageMeter} usage
 * @param {object} handlers
 * @param {(upload: StoredUpload) => void} handlers.onPending Called for each upload that is not finished.
 * @param {(upload: StoredUpload) => void} handlers.onDetails
 */
export function gallery(cloakroom, usage, { onPending, onDetails }) {
  const deleted = deletedFiles(cloakroom, usage, add);
  const list = byId("gallery");
  const more = byId("gallery-more");
  const onError = (/** @type {unknown} */ error) => showError(byId("gallery-error"), error);
  /** @type {Map<string, Entry>} The loaded files, by id. */
  const entries = new Map();
  const view = sift(list, () => [...entries.values()], () => !more.hidden);
  let pages = cloakroom.uploads.list(PAGE).pages();

  async function showPage() {
    const current = pages;
    more.disabled = true;
    showError(byId("gallery-error"));
    try {
      const { value, done } = await current.next();
      if (current !== pages || done) return; // the list was restarted
      more.hidden = value.next === null;
      for (const upload of value.items) {
        if (upload.status === "pending") onPending(upload);
        if (upload.status === "stored") insert(upload);
      }
      count();
    } catch (error) {
      if (current !== pages) return;
      onError(error);
      // A generator that has thrown cannot continue; a new one starts at the first page and skips files that are shown.
      pages = cloakroom.uploads.list(PAGE).pages();
      more.hidden = false;
    } finally {
      more.disabled = false;
    }
  }
  more.addEventListener("click", showPage);

  /** @param {StoredUpload} upload */
  function insert(upload) {
    if (entries.has(upload.id)) return;
    const handlers = { onDelete: () => remove(upload), onDetails: () => onDetails(upload), onError };
    entries.set(upload.id, { upload, element: tile(upload, cloakroom, handlers) });
  }

  function count() {
    view.apply();
    byId("gallery-empty").hidden = entries.size > 0;
  }

  /** @param {StoredUpload} upload */
  async function remove(upload) {
    if (!(await confirmed("Delete this file?", `“${upload.filename}”, ${size(upload.size ?? 0)}.`, "Delete"))) return;
    showError(byId("gallery-error"));
    try {
      await cloakroom.uploads.delete(upload.id);
    } catch (error) {
      return onError(error);
    }
    const element = entries.get(upload.id)?.element;
    if (!element) return; // the user has signed out
    // The focused button was removed, so the focus moves to the next tile.
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    entries.delete(upload.id);
    /** @type {HTMLElement} */ (neighbour?.querySelector(".delete") ?? byId("choose")).focus();
    count();
    usage.refresh();
    deleted.add(upload);
    const run = () => deleted.restore(upload).catch(onError);
    toast(`“${upload.filename}” was deleted.`, { label: "Undo", run });
  }

  /** Adds a file that was just stored or restored. @param {StoredUpload} upload */
  function add(upload) {
    insert(upload);
    count();
    usage.refresh();
  }

  return {
    add,
    start() {
      this.clear();
      deleted.start(cloakroom.session.user?.id ?? "");
      usage.refresh();
      return showPage();
    },
    clear() {
      entries.clear();
      list.replaceChildren();
      more.hidden = true;
      view.clear();
      usage.clear();
      deleted.clear();
      byId("gallery-empty").hidden = true;
      showError(byId("gallery-error"));
      pages = cloakroom.uploads.list(PAGE).pages();
    },
  };
}
