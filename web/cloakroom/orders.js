import { Pages, withQuery } from "./pages.js";

/** @import { Cancellable, ListOptions, Order, OrderWithCheckout } from "./types.js" */
/** @import { Session } from "./session.js" */

/** The signed-in user's orders. */
export class Orders {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Orders a product at its current price. If there is a pending order of the product, returns that order.
   * @param {string} productId
   * @param {Cancellable} [options]
   * @returns {Promise<OrderWithCheckout>} Send the buyer to `checkout.url`. `checkout` is `null` if nothing has to be paid.
   */
  async create(productId, { signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const { order, checkout } = (await this.#session.call("POST", "/orders", { body: { productId }, headers, signal })).data;
    return { order, checkout: checkout ?? null };
  }

  /**
   * Lists the orders, newest first. The list may be a moment behind a change; `get` is not.
   * @param {ListOptions} [options]
   * @returns {Pages<Order>}
   */
  list({ limit, signal } = {}) {
    const path = (/** @type {string | null} */ cursor) => withQuery("/orders", { limit, cursor });
    return new Pages(async (cursor) => (await this.#session.call("GET", path(cursor), { signal })).data);
  }

  /**
   * Gets one order.
   * @param {string} id
   * @param {Cancellable & { refresh?: boolean }} [options] `refresh`: the server asks the payment provider about a pending order. Use it
   *   when the buyer returns from the checkout.
   * @returns {Promise<Order>}
   */
  async get(id, { refresh = false, signal } = {}) {
    const path = withQuery(pathOf(id), { refresh: refresh ? "true" : undefined });
    return (await this.#session.call("GET", path, { signal })).data.order;
  }

  /**
   * Cancels an order, so that its checkout can no longer be paid. Fails with `already_paid` or `payment_in_progress` when it is too late.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<Order>}
   */
  async cancel(id, { signal } = {}) {
    return (await this.#session.call("POST", `${pathOf(id)}/cancel`, { signal, retry: true })).data.order;
  }
}

/** @param {string} id */
const pathOf = (id) => `/orders/${encodeURIComponent(id)}`;
