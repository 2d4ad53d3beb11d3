import { Pages } from "./pages.js";
import type { Cancellable, CreateProductRequest, ListOptions, Product, UpdateProductRequest, VersionedProduct } from "./types.js";
import type { Http } from "./http.js";
import type { Session } from "./session.js";
/** @import { Cancellable, CreateProductRequest, ListOptions, Product, UpdateProductRequest, VersionedProduct } from "./types.js" */
/** @import { ApiResponse, Http } from "./http.js" */
/** @import { Session } from "./session.js" */
/** What is for sale, and what the signed-in user sells. */
export declare class Products {
    #private;
    /**
     * @param {Http} http
     * @param {Session} session
     */
    constructor(http: Http, session: Session);
    /**
     * Lists the products that are for sale, newest first. It needs no session.
     * @param {ListOptions & { fresh?: boolean }} [options] `fresh`: the current list. Without it, browsers may answer with a list of the last
     *   minute.
     * @returns {Pages<Product>}
     */
    list({ limit, fresh, signal }?: ListOptions & {
        fresh?: boolean;
    }): Pages<Product>;
    /**
     * Lists the signed-in user's own products of every status, newest first.
     * @param {ListOptions} [options]
     * @returns {Pages<Product>}
     */
    own({ limit, signal }?: ListOptions): Pages<Product>;
    /**
     * Gets a product that is for sale, or one of the signed-in user's own, with the `etag` for `update`.
     * @param {string} id
     * @param {Cancellable & { fresh?: boolean }} [options] `fresh`: the current version. Without it, browsers may answer with a version of the
     *   last minute.
     * @returns {Promise<VersionedProduct>}
     */
    get(id: string, { fresh, signal }?: Cancellable & {
        fresh?: boolean;
    }): Promise<VersionedProduct>;
    /**
     * Creates a draft, which only its seller sees. For users with the role `seller` or `admin`.
     * @param {CreateProductRequest} product
     * @param {Cancellable} [options]
     * @returns {Promise<Product>}
     */
    create(product: CreateProductRequest, { signal }?: Cancellable): Promise<Product>;
    /**
     * Changes a product. Missing fields stay unchanged. Files can be added to a published product, and not removed from it.
     * @param {string} id
     * @param {UpdateProductRequest} changes
     * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
     *   is not the current one.
     * @returns {Promise<VersionedProduct>}
     */
    update(id: string, changes: UpdateProductRequest, { ifMatch, signal }?: Cancellable & {
        ifMatch?: string | null;
    }): Promise<VersionedProduct>;
    /**
     * Offers a product for sale. All its files must be stored; from then on they cannot be deleted.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<VersionedProduct>}
     */
    publish(id: string, { signal }?: Cancellable): Promise<VersionedProduct>;
    /**
     * Takes a product out of the shop for good. Its buyers keep it.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<VersionedProduct>}
     */
    archive(id: string, { signal }?: Cancellable): Promise<VersionedProduct>;
}
