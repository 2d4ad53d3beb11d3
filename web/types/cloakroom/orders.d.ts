import { Pages } from "./pages.js";
import type { Cancellable, ListOptions, Order, OrderWithCheckout } from "./types.js";
import type { Session } from "./session.js";
/** @import { Cancellable, ListOptions, Order, OrderWithCheckout } from "./types.js" */
/** @import { Session } from "./session.js" */
/** The signed-in user's orders. */
export declare class Orders {
    #private;
    /** @param {Session} session */
    constructor(session: Session);
    /**
     * Orders a product at its current price. If there is a pending order of the product, returns that order.
     * @param {string} productId
     * @param {Cancellable} [options]
     * @returns {Promise<OrderWithCheckout>} Send the buyer to `checkout.url`. `checkout` is `null` if nothing has to be paid.
     */
    create(productId: string, { signal }?: Cancellable): Promise<OrderWithCheckout>;
    /**
     * Lists the orders, newest first. The list may be a moment behind a change; `get` is not.
     * @param {ListOptions} [options]
     * @returns {Pages<Order>}
     */
    list({ limit, signal }?: ListOptions): Pages<Order>;
    /**
     * Gets one order.
     * @param {string} id
     * @param {Cancellable & { refresh?: boolean }} [options] `refresh`: the server asks the payment provider about a pending order. Use it
     *   when the buyer returns from the checkout.
     * @returns {Promise<Order>}
     */
    get(id: string, { refresh, signal }?: Cancellable & {
        refresh?: boolean;
    }): Promise<Order>;
    /**
     * Cancels an order, so that its checkout can no longer be paid. Fails with `already_paid` or `payment_in_progress` when it is too late.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<Order>}
     */
    cancel(id: string, { signal }?: Cancellable): Promise<Order>;
}
