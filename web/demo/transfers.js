import { CloakroomError } from "../cloakroom.js";
import { byId, confirmed, released, showError, toast } from "./dom.js";
import { isOffline, onNetworkChange } from "./network.js";
import { Row } from "./row.js";
import { unfinishedUploads } from "./unfinished.js";

/** @import { Cloakroom, Upload } from "../cloakroom.js" */
/** @import { StoredUpload, UnfinishedUpload } from "../cloakroom/types.js" */

/** Files uploaded at the same time. More would share the same bandwidth, and each small file is hashed in memory. */
const MAX_PARALLEL_FILES = 2;

/**
 * Shows running uploads and unfinished uploads of earlier pages.
 * @param {Cloakroom} cloakroom
 * @param {import("./usage.js").UsageMeter} usage
 * @param {(upload: StoredUpload) => void} onStored
 */
export function transfers(cloakroom, usage, onStored) {
  const list = byId("transfers-list");
  const unfinished = unfinishedUploads(cloakroom, usage, add);
  /** @type {Set<Upload>} */
  const running = new Set();
  /** @type {(() => Promise<void>)[]} */
  let waiting = [];
  let busy = 0;
  const count = () => (byId("transfers").hidden = list.children.length === 0);

  function next() {
    while (busy < MAX_PARALLEL_FILES && waiting.length > 0 && !isOffline()) {
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
        return showError(unfinished.offer(entry).part(".row-error"), error);
      }
      const id = upload?.id;
      row.onCancel = () => {
        cancelWaiting();
        // The uploaded bytes are no longer needed. If this request fails, the server deletes them when the upload expires.
        if (id) cloakroom.uploads.delete(id).catch(() => {});
      };
      row.failed(await usage.explain(error, file.size));
    } finally {
      if (upload) running.delete(upload);
    }
  }

  onNetworkChange(next);
  // Small files restart after a reload, so the browser asks for confirmation.
  addEventListener("beforeunload", (event) => {
    if (running.size > 0 || waiting.length > 0) event.preventDefault();
  });

  return {
    add,
    /** Lists the unfinished uploads of earlier pages. */
    start: () => unfinished.start(),
    /** Shows a pending upload from the file list. @param {StoredUpload} upload */
    pending(upload) {
      if (![...running].some(({ id }) => id === upload.id)) unfinished.pending(upload);
    },
    /** Asks before a sign-out that would stop uploads. @returns {Promise<boolean>} Whether to sign out. */
    async mayStop() {
      const files = busy + waiting.length;
      if (files === 0) return true;
      const what = files === 1 ? "1 upload is not finished and stops." : `${files} uploads are not finished and stop.`;
      const text = `${what} You can resume large files after the next sign-in; files of up to 100 MiB start again.`;
      return confirmed("Sign out during an upload?", text, "Sign out");
    },
    clear() {
      waiting = [];
      // The session has ended, so the server keeps the uploads; large files can be resumed after the next sign-in.
      for (const upload of running) upload.abort().catch(() => {});
      running.clear();
      list.replaceChildren();
      unfinished.clear();
      count();
    },
  };
}
