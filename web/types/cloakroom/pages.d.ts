/**
 * @template T
 * @typedef {{ items: T[], next?: string | null }} Page
 */
export type Page<T> = {
    items: T[];
    next?: string | null;
};
/**
 * A paginated list. `for await (const item of pages)` iterates over all items and fetches pages on demand;
 * `pages.pages()` iterates over the pages, and `pages.page(cursor)` fetches one page.
 * @template T
 * @implements {AsyncIterable<T>}
 */
export declare class Pages<T> implements AsyncIterable<T> {
    #private;
    /** @param {(cursor: string | null) => Promise<Page<T>>} fetch */
    constructor(fetch: (cursor: string | null) => Promise<Page<T>>);
    /**
     * Fetches one page.
     * @param {string | null} [cursor] The `next` of the page before. Default: the first page.
     * @returns {Promise<Page<T>>}
     */
    page(cursor?: string | null): Promise<Page<T>>;
    /** @returns {AsyncGenerator<Page<T>, void, void>} */
    pages(): AsyncGenerator<Page<T>, void, void>;
    /** @returns {AsyncGenerator<T, void, void>} */
    [Symbol.asyncIterator](): AsyncGenerator<T, void, void>;
}
/**
 * Appends query parameters to a path. Parameters without a value are omitted.
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} parameters
 */
export declare function withQuery(path: string, parameters: Record<string, string | number | null | undefined>): string;
