/**
 * @template T
 * @typedef {{ items: T[], next?: string | null }} Page
 */

/**
 * A paginated list. `for await (const item of pages)` iterates over all items and fetches pages on demand;
 * `pages.pages()` iterates over the pages, and `pages.page(cursor)` fetches one page.
 * @template T
 * @implements {AsyncIterable<T>}
 */
export class Pages {
  #fetch;

  /** @param {(cursor: string | null) => Promise<Page<T>>} fetch */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /**
   * Fetches one page.
   * @param {string | null} [cursor] The `next` of the page before. Default: the first page.
   * @returns {Promise<Page<T>>}
   */
  page(cursor = null) {
    return this.#fetch(cursor);
  }

  /** @returns {AsyncGenerator<Page<T>, void, void>} */
  async *pages() {
    /** @type {string | null} */
    let cursor = null;
    do {
      /** @type {Page<T>} */
      const page = await this.#fetch(cursor);
      yield page;
      cursor = page.next ?? null;
    } while (cursor !== null);
  }

  /** @returns {AsyncGenerator<T, void, void>} */
  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) yield* page.items;
  }
}

/**
 * Appends query parameters to a path. Parameters without a value are omitted.
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} parameters
 */
export function withQuery(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value != null) query.set(name, String(value));
  return query.size ? `${path}?${query}` : path;
}
