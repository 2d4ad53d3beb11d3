import { byId, confirmed, fromTemplate, showError, size, toast } from "./dom.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload, UnfinishedUpload } from "../cloakroom/types.js" */

/**
 * Lists the unfinished uploads, each with buttons to choose its file again and to discard it.
 * @param {Cloakroom} cloakroom
 * @param {import("./usage.js").UsageMeter} usage
 * @param {(file: File, entry?: UnfinishedUpload) => void} onFile Called with a chosen file, and with the upload to resume if
 *   there is one.
 */
export function unfinishedUploads(cloakroom, usage, onFile) {
  const list = byId("unfinished-list");
  const count = () => {
    byId("unfinished").hidden = list.children.length === 0;
    byId("discard-all").hidden = list.children.length < 2;
  };

  /** @param {HTMLElement} element */
  function drop(element) {
    element.remove();
    count();
    byId("choose").focus();
  }

  /** Offers to resume an upload of an earlier page. @param {UnfinishedUpload} entry */
  function offer(entry) {
    const row = add(entry.uploadId, entry.filename, `${size(entry.loaded)} of ${size(entry.size)} uploaded`, entry.loaded / entry.size);
    row.part(".again").addEventListener("click", async () => {
      const file = await chosenFile();
      drop(row.element);
      onFile(file, entry);
    });
    return row;
  }

  /**
   * Offers to start an upload again that another page or device started: this browser cannot know whether a file is the same.
   * @param {StoredUpload} upload
   */
  function pending(upload) {
    const row = add(upload.id, upload.filename, `${size(upload.size ?? 0)}, started on another page or device. It starts again from the beginning.`);
    row.part("progress").hidden = true;
    row.part(".again").addEventListener("click", async () => {
      const file = await chosenFile();
      showError(row.part(".row-error"));
      if (upload.size != null && file.size !== upload.size) {
        const message = `“${file.name}” has another size than “${upload.filename}”. Choose the original file.`;
        return showError(row.part(".row-error"), new Error(message));
      }
      const text = `If another page or device is still uploading “${upload.filename}”, that upload is cancelled.`;
      if (!(await confirmed("Start this upload again?", text, "Start again"))) return;
      if (!(await discard(upload.id, row))) return;
      drop(row.element);
      onFile(file);
    });
  }

  /** @param {string} id @param {string} filename @param {string} note @param {number} [share] */
  function add(id, filename, note, share = 0) {
    const row = fromTemplate("unfinished-row");
    row.element.dataset.id = id;
    row.part(".row-name").textContent = filename;
    row.part(".row-note").textContent = note;
    row.part("progress").value = share;
    row.part("progress").setAttribute("aria-label", filename);
    row.part(".again").setAttribute("aria-label", `Choose the file ${filename} again`);
    row.part(".cancel").setAttribute("aria-label", `Discard ${filename}`);
    row.part(".cancel").addEventListener("click", async () => {
      if (!(await confirmed("Discard this upload?", `The uploaded part of “${filename}” will be deleted.`, "Discard"))) return;
      if (await discard(id, row)) drop(row.element);
    });
    list.append(row.element);
    count();
    return row;
  }

  /**
   * Deletes an upload, and shows an error in its row.
   * @param {string} id
   * @param {{ part: (selector: string) => any }} row
   */
  async function discard(id, row) {
    try {
      await cloakroom.uploads.delete(id);
      usage.refresh();
      return true;
    } catch (error) {
      showError(row.part(".row-error"), error);
      return false;
    }
  }

  byId("discard-all").addEventListener("click", async () => {
    const rows = /** @type {HTMLElement[]} */ ([...list.children]);
    const text = `The uploaded parts of ${rows.length} files will be deleted. Uploads that run on another page or device are cancelled.`;
    if (!(await confirmed("Discard all unfinished uploads?", text, "Discard all"))) return;
    let discarded = 0;
    for (const element of rows) {
      const part = (/** @type {string} */ selector) => element.querySelector(selector);
      if (!element.isConnected || !(await discard(element.dataset.id ?? "", { part }))) continue;
      element.remove();
      discarded++;
    }
    count();
    byId("choose").focus();
    toast(discarded === 1 ? "1 unfinished upload was discarded." : `${discarded} unfinished uploads were discarded.`);
  });

  /** Counts what makes the answer of an earlier start void. */
  let starts = 0;

  return {
    offer,
    /** Shows a pending upload from the file list, unless it is listed. @param {StoredUpload} upload */
    pending(upload) {
      if (![...list.children].some((row) => row.dataset.id === upload.id)) pending(upload);
    },
    async start() {
      this.clear();
      const number = starts;
      const entries = await cloakroom.uploads.resumable().catch(() => []);
      if (number !== starts) return; // the user has signed out
      for (const entry of entries) offer(entry);
    },
    clear() {
      starts++;
      list.replaceChildren();
      count();
    },
  };
}

/** Opens the file dialog. @returns {Promise<File>} Never resolves if the dialog is cancelled. */
function chosenFile() {
  const picker = byId("again-picker");
  picker.value = "";
  return new Promise((resolve) => {
    picker.onchange = () => picker.files[0] && resolve(picker.files[0]);
    picker.click();
  });
}
