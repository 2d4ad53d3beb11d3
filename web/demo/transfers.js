import { CloakroomError } from "../cloakroom.js";
import { announce, byId, confirmed, duration, fromTemplate, released, sentence, showError, size, toast } from "./dom.js";

/** @import { Cloakroom, Upload } from "../cloakroom.js" */
/** @import { StoredUpload, UnfinishedUpload } from "../cloakroom/types.js" */

/** Files uploaded at the same time. More would share the same bandwidth, and each small file is hashed in memory. */
const MAX_PARALLEL_FILES = 2;

/**
 * Shows running uploads and unfinished uploads of earlier pages.
 * @param {Cloakroom} cloakroom
 * @param {(upload: StoredUpload) => void} onStored
 */
export function transfers(cloakroom, onStored) {
  const list = byId("transfers-list");
  const unfinished = byId("unfinished-list");
  /** @type {Set<Upload>} */
  const running = new Set();
  /** @type {(() => Promise<void>)[]} */
  let waiting = [];
  let busy = 0;
  const count = () => {
    byId("transfers").hidden = list.children.length === 0;
    byId("unfinished").hidden = unfinished.children.length === 0;
  };

  function next() {
    while (busy < MAX_PARALLEL_FILES && waiting.length > 0) {
      busy++;
      waiting.shift()?.().finally(() => (busy--, next()));
    }
  }

  /**
   * @param {File} file
   * @param {UnfinishedUpload} [entry] The upload to resume.
   */
  function add(file, entry) {
    const row = new Row(entry?.filename ?? file.name, file.size);
    list.append(row.element);
    count();
    const begin = async () => {
      row.setWaiting(false);
      await send(file, row, entry);
      count();
    };
    const cancelWaiting = () => {
      waiting = waiting.filter((each) => each !== begin);
      row.element.remove();
      count();
    };
    row.onCancel = cancelWaiting;
    row.onAgain = () => ((row.onCancel = cancelWaiting), row.setWaiting(true), waiting.push(begin), next());
    row.setWaiting(true);
    waiting.push(begin);
    next();
  }

  /**
   * @param {File} file
   * @param {Row} row
   * @param {UnfinishedUpload} [entry]
   */
  async function send(file, row, entry) {
    /** @type {Upload | undefined} */
    let upload;
    const cancelWaiting = row.onCancel;
    row.onCancel = () => {}; // there is nothing to cancel until the upload exists
    try {
      upload = entry ? cloakroom.uploads.resume(entry, file) : await cloakroom.uploads.create(file);
      running.add(upload);
      row.follow(upload);
      const stored = await upload.done;
      await released();
      row.element.remove();
      onStored(stored);
      toast(`“${stored.filename}” was stored.`);
    } catch (error) {
      await released();
      if (upload?.state === "aborted") return row.element.remove();
      if (entry && error instanceof CloakroomError && error.code === "file_mismatch") {
        row.element.remove();
        return showError(offer(entry).part(".row-error"), error);
      }
      const id = upload?.id;
      row.onCancel = () => {
        cancelWaiting();
        // The uploaded bytes are no longer needed. If this request fails, the server deletes them when the upload expires.
        if (id) cloakroom.uploads.delete(id).catch(() => {});
      };
      row.failed(error);
    } finally {
      if (upload) running.delete(upload);
    }
  }

  /** Offers to resume an unfinished upload. @param {UnfinishedUpload} entry */
  function offer(entry) {
    const row = unfinishedRow(entry, `${size(entry.loaded)} of ${size(entry.size)} uploaded`, entry.loaded / entry.size);
    row.part(".again").addEventListener("click", () => {
      const picker = byId("again-picker");
      picker.value = "";
      picker.onchange = () => {
        const [file] = picker.files;
        if (!file) return;
        row.element.remove();
        add(file, entry);
        byId("choose").focus();
      };
      picker.click();
    });
    return row;
  }

  /** @param {{ id?: string, uploadId?: string, filename: string }} upload @param {string} note @param {number} part */
  function unfinishedRow(upload, note, part) {
    const row = fromTemplate("unfinished-row");
    const id = upload.uploadId ?? upload.id ?? "";
    row.element.dataset.id = id;
    row.part(".row-name").textContent = upload.filename;
    row.part(".row-note").textContent = note;
    row.part("progress").value = part;
    row.part("progress").setAttribute("aria-label", upload.filename);
    row.part(".again").setAttribute("aria-label", `Choose the file ${upload.filename} again`);
    row.part(".cancel").setAttribute("aria-label", `Discard ${upload.filename}`);
    row.part(".cancel").addEventListener("click", async () => {
      if (!(await confirmed("Discard this upload?", `The uploaded part of “${upload.filename}” will be deleted.`, "Discard"))) return;
      try {
        await cloakroom.uploads.delete(id);
        row.element.remove();
        count();
        byId("choose").focus();
      } catch (error) {
        showError(row.part(".row-error"), error);
      }
    });
    unfinished.append(row.element);
    count();
    return row;
  }

  // Small files restart after a reload, so the browser asks for confirmation.
  addEventListener("beforeunload", (event) => {
    if (running.size > 0 || waiting.length > 0) event.preventDefault();
  });

  return {
    add,
    async start() {
      unfinished.replaceChildren();
      const entries = await cloakroom.uploads.resumable().catch(() => []);
      for (const entry of entries) offer(entry);
      count();
    },
    /** Shows a pending upload from the file list. @param {StoredUpload} upload */
    pending(upload) {
      const known = [...unfinished.children].some((row) => row.dataset.id === upload.id) || [...running].some(({ id }) => id === upload.id);
      if (known) return;
      const row = unfinishedRow(upload, `${size(upload.size ?? 0)}, started on another page or device`, 0);
      row.part(".again").hidden = true;
      row.part("progress").hidden = true;
    },
    clear() {
      waiting = [];
      // The session has ended, so the server keeps the uploads; large files can be resumed after the next sign-in.
      for (const upload of running) upload.abort().catch(() => {});
      running.clear();
      list.replaceChildren();
      unfinished.replaceChildren();
      count();
    },
  };
}

/** The row of one running upload. */
class Row {
  onCancel = () => {};
  onAgain = () => {};
  #name;
  #size;
  #part;
  /** The last quarter that screen readers announced. */
  #quarter = 0;

  /**
   * @param {string} name
   * @param {number} bytes
   */
  constructor(name, bytes) {
    const { element, part } = fromTemplate("transfer-row");
    this.element = element;
    this.#part = part;
    this.#name = name;
    this.#size = bytes;
    part(".row-name").textContent = name;
    part("progress").setAttribute("aria-label", name);
    for (const [action, word] of [["pause", "Pause"], ["resume", "Resume"], ["again", "Try again:"], ["cancel", "Cancel"]]) {
      part(`.${action}`).setAttribute("aria-label", `${word} ${name}`);
    }
    part(".cancel").addEventListener("click", () => this.onCancel());
    part(".again").addEventListener("click", () => this.onAgain());
  }

  /** Shows whether the upload is waiting for its turn. @param {boolean} waiting */
  setWaiting(waiting) {
    showError(this.#part(".row-error"));
    this.#show("cancel");
    this.#note(waiting ? `${size(this.#size)}, waiting` : "Preparing");
  }

  /** @param {Upload} upload */
  follow(upload) {
    this.onCancel = () => void upload.abort().catch((error) => toast(sentence(error.message)));
    this.#part(".pause").onclick = () => (upload.pause(), this.#part(".resume").focus());
    this.#part(".resume").onclick = () => (upload.resume(), this.#part(".pause").focus());
    upload.addEventListener("progress", () => this.#progress(upload));
    upload.addEventListener("statechange", () => this.#state(upload));
    this.#state(upload);
  }

  /** @param {unknown} error */
  failed(error) {
    this.#show("again", "cancel");
    this.#note("Upload failed");
    showError(this.#part(".row-error"), error);
  }

  /** @param {Upload} upload */
  #state(upload) {
    if (upload.state === "paused") {
      this.#show("resume", "cancel");
      this.#note(`Paused at ${size(upload.progress.loaded)} of ${size(this.#size)}`);
      announce(`${this.#name}: paused`);
    } else if (upload.state === "finishing") {
      this.#show("cancel");
      this.#note("Finishing");
    } else if (upload.state === "preparing" || upload.state === "uploading") {
      this.#show("pause", "cancel");
      this.#progress(upload);
    }
  }

  /** @param {Upload} upload */
  #progress({ state, progress }) {
    const { loaded, total, bytesPerSecond, remainingSeconds } = progress;
    const share = total === 0 ? 1 : loaded / total;
    this.#part("progress").value = share;
    if (state !== "uploading") return state === "preparing" ? this.#note("Preparing") : undefined;
    const parts = [`${Math.floor(share * 100)} %`, `${size(loaded)} of ${size(total)}`];
    if (bytesPerSecond > 0) parts.push(`${size(bytesPerSecond)}/s`);
    if (remainingSeconds !== null) parts.push(`${duration(remainingSeconds)} left`);
    this.#note(parts.join("\u00a0· ")); // a line break may follow the dot, but not precede it
    // Screen readers announce every quarter only.
    const quarter = Math.floor(share * 4);
    if (quarter > this.#quarter && quarter < 4) announce(`${this.#name}: ${quarter * 25} percent`);
    this.#quarter = quarter;
  }

  /** @param {string} text */
  #note(text) {
    this.#part(".row-note").textContent = text;
  }

  /** Shows only these buttons. @param {...string} actions */
  #show(...actions) {
    for (const action of ["pause", "resume", "again", "cancel"]) this.#part(`.${action}`).hidden = !actions.includes(action);
  }
}
