import { CloakroomError } from "../cloakroom.js";
import { defaultStorage } from "../cloakroom/storage.js";
import { byId, fromTemplate, showError, size, toast } from "./dom.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */
/** @typedef {Pick<StoredUpload, "id" | "filename" | "size">} DeletedFile */

/** Older entries are removed. */
const MAX_ENTRIES = 50;

/**
 * Lists the files that were deleted in this browser, and restores them. The API does not list deleted files.
 * @param {Cloakroom} cloakroom
 * @param {import("./usage.js").UsageMeter} usage
 * @param {(upload: StoredUpload) => void} onRestored
 */
export function deletedFiles(cloakroom, usage, onRestored) {
  const storage = defaultStorage();
  const list = byId("deleted-list");
  let key = "";
  /** @type {DeletedFile[]} Newest first. */
  let files = [];

  function save() {
    if (files.length > 0) storage.setItem(key, JSON.stringify(files));
    else storage.removeItem(key);
    byId("deleted").hidden = files.length === 0;
    byId("deleted-count").textContent = String(files.length);
  }

  /** @param {DeletedFile} file */
  function row(file) {
    const { element, part } = fromTemplate("deleted-row");
    element.dataset.id = file.id;
    part(".row-name").textContent = file.filename;
    part(".row-note").textContent = size(file.size ?? 0);
    part(".restore").setAttribute("aria-label", `Restore ${file.filename}`);
    part(".restore").addEventListener("click", async () => {
      showError(part(".row-error"));
      try {
        await restore(file);
        byId("choose").focus(); // the focused button was removed
      } catch (error) {
        showError(part(".row-error"), error);
      }
    });
    return element;
  }

  /** @param {DeletedFile} file */
  async function restore(file) {
    try {
      const [version] = (await cloakroom.uploads.versions(file.id).page()).items;
      if (version) onRestored(await cloakroom.uploads.restore(file.id, version.versionId));
      toast(version ? `“${file.filename}” was restored.` : `“${file.filename}” was deleted permanently and can’t be restored.`);
    } catch (error) {
      if (!(error instanceof CloakroomError) || error.status !== 404) throw await usage.explain(error, file.size ?? 0);
      toast(`“${file.filename}” was deleted permanently and can’t be restored.`);
    }
    files = files.filter(({ id }) => id !== file.id);
    [...list.children].find((element) => element.dataset.id === file.id)?.remove();
    save();
  }

  return {
    restore,
    /** Adds a file that was just deleted. @param {StoredUpload} upload */
    add({ id, filename, size }) {
      files = [{ id, filename, size }, ...files].slice(0, MAX_ENTRIES);
      list.replaceChildren(...files.map(row));
      save();
    },
    /** @param {string} userId */
    start(userId) {
      key = `cloakroom:deleted:${userId}`;
      try {
        const stored = JSON.parse(storage.getItem(key) ?? "[]");
        files = Array.isArray(stored) ? stored.filter(({ id, filename }) => typeof id === "string" && typeof filename === "string") : [];
      } catch {
        files = []; // not written by this page
      }
      list.replaceChildren(...files.map(row));
      save();
    },
    clear() {
      files = [];
      list.replaceChildren();
      byId("deleted").hidden = true;
      byId("deleted").open = false;
    },
  };
}
