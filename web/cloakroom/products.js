import { Pages, withQuery } from "./pages.js";

/** @import { Cancellable, CreateProductRequest, ListOptions, Product, UpdateProductRequest, VersionedProduct } from "./types.js" */
/** @import { ApiResponse, Http } from "./http.js" */
/** @import { Session } from "./session.js" */

/** What is for sale, and what the signed-in user sells. */
export class Products {
  #http;
  #session;

  /**
   * @param {Http} http
   * @param {Session} session
   */
  constructor(http, session) {
    this.#http = http;
    this.#session = session;
  }

  /**
   * Lists the products that are for sale, newest first. It needs no session.
   * @param {ListOptions & { fresh?: boolean }} [options] `fresh`: the current list. Without it, browsers may answer with a list of the last
   *   minute.
   * @returns {Pages<Product>}
   */
  list({ limit, fresh, signal } = {}) {
    const path = (/** @type {string | null} */ cursor) => withQuery("/products", { limit, cursor });
    return new Pages(async (cursor) => (await this.#http.send("GET", path(cursor), { fresh, signal })).data);
  }

  /**
   * Lists the signed-in user's own products of every status, newest first.
   * @param {ListOptions} [options]
   * @returns {Pages<Product>}
   */
  own({ limit, signal } = {}) {
    const path = (/** @type {string | null} */ cursor) => withQuery("/products", { seller: "me", limit, cursor });
    return new Pages(async (cursor) => (await this.#session.call("GET", path(cursor), { signal })).data);
  }

  /**
   * Gets a product that is for sale, or one of the signed-in user's own, with the `etag` for `update`.
   * @param {string} id
   * @param {Cancellable & { fresh?: boolean }} [options] `fresh`: the current version. Without it, browsers may answer with a version of the
   *   last minute.
   * @returns {Promise<VersionedProduct>}
   */
  async get(id, { fresh, signal } = {}) {
    const isSignedIn = this.#session.state.status === "signedIn";
    const call = isSignedIn ? this.#session.call.bind(this.#session) : this.#http.send.bind(this.#http);
    return versioned(await call("GET", pathOf(id), { fresh, signal }));
  }

  /**
   * Creates a draft, which only its seller sees. For users with the role `seller` or `admin`.
   * @param {CreateProductRequest} product
   * @param {Cancellable} [options]
   * @returns {Promise<Product>}
   */
  async create(product, { signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#session.call("POST", "/products", { body: product, headers, signal })).data.product;
  }

  /**
   * Changes a product. Missing fields stay unchanged. Files can be added to a published product, and not removed from it.
   * @param {string} id
   * @param {UpdateProductRequest} changes
   * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
   *   is not the current one.
   * @returns {Promise<VersionedProduct>}
   */
  async update(id, changes, { ifMatch, signal } = {}) {
    const headers = { "If-Match": ifMatch };
    return versioned(await this.#session.call("PATCH", pathOf(id), { body: changes, headers, signal }));
  }

  /**
   * Offers a product for sale. All its files must be stored; from then on they cannot be deleted.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<VersionedProduct>}
   */
  async publish(id, { signal } = {}) {
    return versioned(await this.#session.call("POST", `${pathOf(id)}/publish`, { signal, retry: true }));
  }

  /**
   * Takes a product out of the shop for good. Its buyers keep it.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<VersionedProduct>}
   */
  async archive(id, { signal } = {}) {
    return versioned(await this.#session.call("POST", `${pathOf(id)}/archive`, { signal, retry: true }));
  }
}

/** @param {string} id */
const pathOf = (id) => `/products/${encodeURIComponent(id)}`;

/**
 * @param {ApiResponse} response
 * @returns {VersionedProduct}
 */
const versioned = ({ data, headers }) => ({ product: data.product, etag: headers.get("etag") });
