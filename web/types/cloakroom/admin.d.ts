import { Pages } from "./pages.js";
import type { Cancellable, ManagedUser, ManagedUserDetails, Order, UserSearch } from "./types.js";
import type { Session } from "./session.js";
/** @import { Cancellable, ManagedUser, ManagedUserDetails, Order, UserSearch } from "./types.js" */
/** @import { Session } from "./session.js" */
/** The calls for administrators. For other users, they fail with 403 `forbidden`. */
export declare class Admin {
    #private;
    /** @param {Session} session */
    constructor(session: Session);
    /**
     * Lists all users with all fields, newest first. With `email`, lists the user with this address, if there is one; with `name`, the
     * users whose names begin with it, sorted by name.
     * @param {UserSearch} [options]
     * @returns {Pages<ManagedUser>}
     */
    users({ email, name, limit, signal }?: UserSearch): Pages<ManagedUser>;
    /**
     * Gets one user with all fields.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    user(id: string, options?: Cancellable): Promise<ManagedUserDetails>;
    /**
     * Deletes an account permanently.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    deleteUser(id: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Disables a user and ends all sessions of the user.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    disableUser(id: string, options?: Cancellable): Promise<ManagedUserDetails>;
    /**
     * Enables a disabled user.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    enableUser(id: string, options?: Cancellable): Promise<ManagedUserDetails>;
    /**
     * Replaces the roles of a user.
     * @param {string} id
     * @param {string[]} roles
     * @param {Cancellable} [options]
     */
    setRoles(id: string, roles: string[], options?: Cancellable): Promise<ManagedUserDetails>;
    /**
     * Allows mail to a user again, after a bounce or a complaint had stopped it.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    allowMail(id: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Gives a user a product, as if the user had bought it.
     * @param {string} id
     * @param {string} productId
     * @param {Cancellable} [options]
     */
    giveProduct(id: string, productId: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Takes a gift back. What the user has bought stays.
     * @param {string} id
     * @param {string} productId
     * @param {Cancellable} [options]
     */
    takeBackProduct(id: string, productId: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Refunds an order. The order changes when the payment provider has confirmed the refund; a full refund then takes the product from
     * the buyer's library. Each call pays back once, also when it is retried.
     * @param {string} id The order's id.
     * @param {Cancellable & { amount?: number }} [options] `amount`: minor units. Default: all that is left.
     * @returns {Promise<Order>}
     */
    refundOrder(id: string, { amount, signal }?: Cancellable & {
        amount?: number;
    }): Promise<Order>;
}
