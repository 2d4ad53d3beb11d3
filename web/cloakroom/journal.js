/** @import { StorageLike, UnfinishedUpload } from "./types.js" */

/** Stores multipart uploads so that a later page can resume them. Each has its own key, so tabs do not overwrite each other. */
export class Journal {
  #storage;
  #prefix;

  /**
   * @param {StorageLike} storage
   * @param {string} baseUrl
   */
  constructor(storage, baseUrl) {
    this.#storage = storage;
    this.#prefix = `cloakroom:${baseUrl}:upload:`;
  }

  /** @param {UnfinishedUpload} entry */
  write(entry) {
    try {
      this.#storage.setItem(this.#prefix + entry.uploadId, JSON.stringify(entry));
    } catch {
      // If the storage is full, the upload continues but cannot be resumed after a reload.
    }
  }

  /** @param {string} uploadId */
  remove(uploadId) {
    this.#storage.removeItem(this.#prefix + uploadId);
  }

  /**
   * Lists a user's unfinished uploads, newest first.
   * @param {string | undefined} userId Other users may have used this browser.
   */
  of(userId) {
    return this.#all()
      .filter((entry) => entry.userId === userId)
      .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  /** @returns {UnfinishedUpload[]} */
  #all() {
    const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    return keys.flatMap((key) => {
      if (!key?.startsWith(this.#prefix)) return [];
      try {
        return [JSON.parse(this.#storage.getItem(key) ?? "")];
      } catch {
        return []; // another tab has just removed it
      }
    });
  }
}

/**
 * Whether a chosen file is the one that the upload started with. Its name may have changed, but not its content.
 * @param {UnfinishedUpload} entry
 * @param {{ size: number, lastModified: number }} file
 * @param {string} print
 */
export function isSameFile(entry, file, print) {
  return entry.size === file.size && entry.lastModified === file.lastModified && entry.fingerprint === print;
}
