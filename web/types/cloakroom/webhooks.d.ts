import { Pages } from "./pages.js";
import type { Cancellable, CreateWebhookRequest, Redelivery, RotatedWebhookSecret, UpdateWebhookRequest } from "./types.js";
import type { VersionedWebhookEndpoint, WebhookDelivery, WebhookDeliveryListOptions, WebhookEndpoint } from "./types.js";
import type { WebhookEndpointWithSecret } from "./types.js";
import type { Session } from "./session.js";
/** @import { Cancellable, CreateWebhookRequest, Redelivery, RotatedWebhookSecret, UpdateWebhookRequest } from "./types.js" */
/** @import { VersionedWebhookEndpoint, WebhookDelivery, WebhookDeliveryListOptions, WebhookEndpoint } from "./types.js" */
/** @import { WebhookEndpointWithSecret } from "./types.js" */
/** @import { ApiResponse } from "./http.js" */
/** @import { Session } from "./session.js" */
/** The endpoints that receive events, for administrators. For other users, the calls fail with 403 `forbidden`. */
export declare class Webhooks {
    #private;
    /** @param {Session} session */
    constructor(session: Session);
    /**
     * Creates an endpoint. Only this response contains the secret that verifies the signatures.
     * @param {CreateWebhookRequest} endpoint
     * @param {Cancellable} [options]
     * @returns {Promise<WebhookEndpointWithSecret>}
     */
    create(endpoint: CreateWebhookRequest, { signal }?: Cancellable): Promise<WebhookEndpointWithSecret>;
    /**
     * Lists all endpoints, newest first.
     * @param {Cancellable} [options]
     * @returns {Pages<WebhookEndpoint>}
     */
    list({ signal }?: Cancellable): Pages<WebhookEndpoint>;
    /**
     * Gets one endpoint, with the `etag` for `update`.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<VersionedWebhookEndpoint>}
     */
    get(id: string, { signal }?: Cancellable): Promise<VersionedWebhookEndpoint>;
    /**
     * Changes an endpoint. Missing fields stay unchanged. `enabled: true` also enables an endpoint that was disabled because it failed.
     * @param {string} id
     * @param {UpdateWebhookRequest} changes
     * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
     *   is not the current one.
     * @returns {Promise<VersionedWebhookEndpoint>}
     */
    update(id: string, changes: UpdateWebhookRequest, { ifMatch, signal }?: Cancellable & {
        ifMatch?: string | null;
    }): Promise<VersionedWebhookEndpoint>;
    /**
     * Deletes an endpoint. Its pending deliveries are not sent any more.
     * @param {string} id
     * @param {Cancellable} [options]
     */
    delete(id: string, { signal }?: Cancellable): Promise<void>;
    /**
     * Gives an endpoint a new secret. For 24 hours, deliveries have the signatures of both secrets.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<RotatedWebhookSecret>}
     */
    rotateSecret(id: string, { signal }?: Cancellable): Promise<RotatedWebhookSecret>;
    /**
     * Sends an event of the type `webhook.test` to an endpoint. `deliveries` shows how its delivery ends.
     * @param {string} id
     * @param {Cancellable} [options]
     * @returns {Promise<WebhookDelivery>}
     */
    test(id: string, { signal }?: Cancellable): Promise<WebhookDelivery>;
    /**
     * Lists the deliveries of the last 30 days to an endpoint, newest event first.
     * @param {string} id
     * @param {WebhookDeliveryListOptions} [options]
     * @returns {Pages<WebhookDelivery>}
     */
    deliveries(id: string, { status, limit, signal }?: WebhookDeliveryListOptions): Pages<WebhookDelivery>;
    /**
     * Sends one delivery again, or the failed deliveries since a time. If `isComplete` of the result is false, call it again.
     * @param {string} id
     * @param {{ deliveryId: string } | { since: Date }} which
     * @param {Cancellable} [options]
     * @returns {Promise<Redelivery>}
     */
    redeliver(id: string, which: {
        deliveryId: string;
    } | {
        since: Date;
    }, { signal }?: Cancellable): Promise<Redelivery>;
}
