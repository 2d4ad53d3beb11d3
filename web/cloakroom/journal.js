/** @import { StorageLike, Unfinished } from "./types.js" */

/** Remembers uploads of many parts beyond the page, one storage key each, so that tabs do not overwrite each other. */
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

  /** @param {Unfinished} entry */
  write(entry) {
    try {
      this.#storage.setItem(this.#prefix + entry.uploadId, JSON.stringify(entry));
    } catch {
      // A full storage costs the chance to resume after a reload, not the upload.
    }
  }

  /** @param {string} uploadId */
  remove(uploadId) {
    this.#storage.removeItem(this.#prefix + uploadId);
  }

  /**
   * Newest first.
   * @param {string | undefined} userId Other people may have used this browser.
   */
  of(userId) {
    return this.#all()
      .filter((entry) => entry.userId === userId)
      .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  /** @returns {Unfinished[]} */
  #all() {
    const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    return keys.flatMap((key) => {
      if (!key?.startsWith(this.#prefix)) return [];
      try {
        return [JSON.parse(this.#storage.getItem(key) ?? "")];
      } catch {
        return []; // removed by another tab just now
      }
    });
  }
}

/**
 * Whether a file the person picked is the one that the upload began with. Its name may have changed, its content not.
 * @param {Unfinished} entry
 * @param {{ size: number, lastModified: number }} file
 * @param {string} print
 */
export function isSameFile(entry, file, print) {
  return entry.size === file.size && entry.lastModified === file.lastModified && entry.fingerprint === print;
}
