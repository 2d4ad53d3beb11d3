import { isAbort } from "./action.js";
import { Store } from "./store.js";

/** @import { Progress, StoredUpload, Upload, UploadOptions, UploadState } from "../cloakroom.js" */
/** @import { Shared } from "./shared.js" */

/**
 * @typedef {object} TaskState
 * @property {"idle" | UploadState} state
 * @property {string | null} filename
 * @property {Progress | null} progress
 * @property {StoredUpload | null} upload The stored file, once `state` is `stored`.
 * @property {Error | null} error Why the upload failed: a CloakroomError, or a DOMException when the file cannot be read.
 */

/** @type {TaskState} */
const IDLE = { state: "idle", filename: null, progress: null, upload: null, error: null };

/** The upload of a component. It continues when the component is unmounted. */
export class UploadTask {
  /** @type {Store<TaskState>} */
  store = new Store(IDLE);
  /** @type {Upload | null} */
  #upload = null;
  #isRunning = false;
  #isCancelled = false;

  /**
   * @param {Shared} shared
   * @param {File} file
   * @param {UploadOptions} [options]
   * @returns {Promise<StoredUpload | null>} `null` when the upload fails or is cancelled.
   */
  async start(shared, file, options) {
    if (this.#isRunning) throw new Error("This hook is already uploading a file. Wait for it, or call cancel() first.");
    this.#isRunning = true;
    this.#isCancelled = false;
    this.#upload = null;
    this.store.set({ ...IDLE, state: "preparing", filename: options?.filename ?? file.name });
    try {
      const upload = await this.#run(shared, file, options);
      shared.add(upload);
      this.#change({ state: "stored", upload });
      return upload;
    } catch (error) {
      const isFailure = !isAbort(error);
      this.#change({ state: isFailure ? "failed" : "aborted", error: isFailure && error instanceof Error ? error : null });
      return null;
    } finally {
      this.#isRunning = false;
    }
  }

  /**
   * @param {Shared} shared
   * @param {File} file
   * @param {UploadOptions} [options]
   */
  async #run({ client }, file, options) {
    const upload = await client.uploads.create(file, options);
    this.#upload = upload;
    const update = () => this.#change({ state: upload.state, progress: upload.progress });
    upload.addEventListener("statechange", update);
    upload.addEventListener("progress", update);
    if (this.#isCancelled) void upload.abort().catch(() => {});
    return await upload.done;
  }

  pause = () => this.#upload?.pause();

  resume = () => this.#upload?.resume();

  /** Cancels the upload and deletes what was uploaded. If deleting fails, the server deletes it later. */
  cancel = async () => {
    this.#isCancelled = true;
    await this.#upload?.abort().catch(() => {});
  };

  /** Forgets a finished upload. */
  reset = () => {
    if (!this.#isRunning) this.store.set(IDLE);
  };

  /** @param {Partial<TaskState>} changes */
  #change(changes) {
    this.store.set({ ...this.store.get(), ...changes });
  }
}
