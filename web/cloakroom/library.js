import { Pages, withQuery } from "./pages.js";

/** @import { Cancellable, LibraryEntry, ListOptions } from "./types.js" */
/** @import { Session } from "./session.js" */

/** The products that the signed-in user has bought or was given. `uploads.get(uploadId)` downloads a file of one. */
export class Library {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Lists the library, newest product first.
   * @param {ListOptions} [options]
   * @returns {Pages<LibraryEntry>}
   */
  list({ limit, signal } = {}) {
    const path = (/** @type {string | null} */ cursor) => withQuery("/library", { limit, cursor });
    return new Pages(async (cursor) => (await this.#session.call("GET", path(cursor), { signal })).data);
  }

  /**
   * Gets one product of the library.
   * @param {string} productId
   * @param {Cancellable} [options]
   * @returns {Promise<LibraryEntry>}
   */
  async get(productId, { signal } = {}) {
    return (await this.#session.call("GET", `/library/${encodeURIComponent(productId)}`, { signal })).data.item;
  }
}
