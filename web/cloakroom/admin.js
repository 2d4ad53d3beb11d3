import { Pages, withQuery } from "./pages.js";

/** @import { Cancellable, ManagedUser, ManagedUserDetails, Order, UserSearch } from "./types.js" */
/** @import { Session } from "./session.js" */

/** The calls for administrators. For other users, they fail with 403 `forbidden`. */
export class Admin {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Lists all users with all fields, newest first. With `email`, lists the user with this address, if there is one; with `name`, the
   * users whose names begin with it, sorted by name.
   * @param {UserSearch} [options]
   * @returns {Pages<ManagedUser>}
   */
  users({ email, name, limit, signal } = {}) {
    const path = (/** @type {string | null} */ cursor) => withQuery("/admin/users", { email, name, limit, cursor });
    return new Pages(async (cursor) => (await this.#session.call("GET", path(cursor), { signal })).data);
  }

  /**
   * Gets one user with all fields.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  user(id, options) {
    return this.#user("GET", pathOf(id), undefined, options);
  }

  /**
   * Deletes an account permanently.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async deleteUser(id, { signal } = {}) {
    await this.#session.call("DELETE", pathOf(id), { signal });
  }

  /**
   * Disables a user and ends all sessions of the user.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  disableUser(id, options) {
    return this.#user("POST", `${pathOf(id)}/disable`, undefined, options);
  }

  /**
   * Enables a disabled user.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  enableUser(id, options) {
    return this.#user("POST", `${pathOf(id)}/enable`, undefined, options);
  }

  /**
   * Replaces the roles of a user.
   * @param {string} id
   * @param {string[]} roles
   * @param {Cancellable} [options]
   */
  setRoles(id, roles, options) {
    return this.#user("PUT", `${pathOf(id)}/roles`, { roles }, options);
  }

  /**
   * Allows mail to a user again, after a bounce or a complaint had stopped it.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async allowMail(id, { signal } = {}) {
    await this.#session.call("DELETE", `${pathOf(id)}/mail-block`, { signal, retry: true });
  }

  /**
   * Gives a user a product, as if the user had bought it.
   * @param {string} id
   * @param {string} productId
   * @param {Cancellable} [options]
   */
  async giveProduct(id, productId, { signal } = {}) {
    await this.#session.call("PUT", rightOf(id, productId), { signal, retry: true });
  }

  /**
   * Takes a gift back. What the user has bought stays.
   * @param {string} id
   * @param {string} productId
   * @param {Cancellable} [options]
   */
  async takeBackProduct(id, productId, { signal } = {}) {
    await this.#session.call("DELETE", rightOf(id, productId), { signal, retry: true });
  }

  /**
   * Refunds an order. The order changes when the payment provider has confirmed the refund; a full refund then takes the product from
   * the buyer's library. Each call pays back once, also when it is retried.
   * @param {string} id The order's id.
   * @param {Cancellable & { amount?: number }} [options] `amount`: minor units. Default: all that is left.
   * @returns {Promise<Order>}
   */
  async refundOrder(id, { amount, signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const path = `/admin/orders/${encodeURIComponent(id)}/refund`;
    return (await this.#session.call("POST", path, { body: { amount }, headers, signal })).data.order;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Cancellable} [options]
   * @returns {Promise<ManagedUserDetails>}
   */
  async #user(method, path, body, { signal } = {}) {
    // All of them are idempotent.
    const { user, mailBlock } = (await this.#session.call(method, path, { body, signal, retry: true })).data;
    return { ...user, mailBlock };
  }
}

/** @param {string} id */
const pathOf = (id) => `/admin/users/${encodeURIComponent(id)}`;

/** @param {string} id @param {string} productId */
const rightOf = (id, productId) => `${pathOf(id)}/entitlements/${encodeURIComponent(productId)}`;
