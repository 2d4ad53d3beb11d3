import { CloakroomError } from "./errors.js";
import { Pages, withQuery } from "./pages.js";

/** @import { Cancellable, CreateWebhookRequest, Redelivery, RotatedWebhookSecret, UpdateWebhookRequest } from "./types.js" */
/** @import { VersionedWebhookEndpoint, WebhookDelivery, WebhookDeliveryListOptions, WebhookEndpoint } from "./types.js" */
/** @import { WebhookEndpointWithSecret } from "./types.js" */
/** @import { ApiResponse } from "./http.js" */
/** @import { Session } from "./session.js" */

/** The endpoints that receive events, for administrators. For other users, the calls fail with 403 `forbidden`. */
export class Webhooks {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Creates an endpoint. Only this response contains the secret that verifies the signatures.
   * @param {CreateWebhookRequest} endpoint
   * @param {Cancellable} [options]
   * @returns {Promise<WebhookEndpointWithSecret>}
   */
  async create(endpoint, { signal } = {}) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    return (await this.#session.call("POST", "/webhooks", { body: endpoint, headers, signal })).data;
  }

  /**
   * Lists all endpoints, newest first.
   * @param {Cancellable} [options]
   * @returns {Pages<WebhookEndpoint>}
   */
  list({ signal } = {}) {
    return this.#pages("/webhooks", {}, signal);
  }

  /**
   * Gets one endpoint, with the `etag` for `update`.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<VersionedWebhookEndpoint>}
   */
  async get(id, { signal } = {}) {
    return versioned(await this.#session.call("GET", pathOf(id), { signal }));
  }

  /**
   * Changes an endpoint. Missing fields stay unchanged. `enabled: true` also enables an endpoint that was disabled because it failed.
   * @param {string} id
   * @param {UpdateWebhookRequest} changes
   * @param {Cancellable & { ifMatch?: string | null }} [options] The `etag` that the changes are based on. The server returns 412 when it
   *   is not the current one.
   * @returns {Promise<VersionedWebhookEndpoint>}
   */
  async update(id, changes, { ifMatch, signal } = {}) {
    const headers = { "If-Match": ifMatch };
    return versioned(await this.#session.call("PATCH", pathOf(id), { body: changes, headers, signal }));
  }

  /**
   * Deletes an endpoint. Its pending deliveries are not sent any more.
   * @param {string} id
   * @param {Cancellable} [options]
   */
  async delete(id, { signal } = {}) {
    try {
      await this.#session.call("DELETE", pathOf(id), { signal, retry: true });
    } catch (error) {
      // A 404 on a retry means that an earlier attempt succeeded and its response was lost.
      if (!(error instanceof CloakroomError && error.status === 404 && error.attempts > 1)) throw error;
    }
  }

  /**
   * Gives an endpoint a new secret. For 24 hours, deliveries have the signatures of both secrets.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<RotatedWebhookSecret>}
   */
  async rotateSecret(id, { signal } = {}) {
    // Not retried: a second rotation ends the oldest secret, which the receiver may still use, at once.
    return (await this.#session.call("POST", `${pathOf(id)}/rotate-secret`, { signal })).data;
  }

  /**
   * Sends an event of the type `webhook.test` to an endpoint. `deliveries` shows how its delivery ends.
   * @param {string} id
   * @param {Cancellable} [options]
   * @returns {Promise<WebhookDelivery>}
   */
  async test(id, { signal } = {}) {
    // Not retried: each request sends another event.
    return (await this.#session.call("POST", `${pathOf(id)}/test`, { signal })).data.delivery;
  }

  /**
   * Lists the deliveries of the last 30 days to an endpoint, newest event first.
   * @param {string} id
   * @param {WebhookDeliveryListOptions} [options]
   * @returns {Pages<WebhookDelivery>}
   */
  deliveries(id, { status, limit, signal } = {}) {
    return this.#pages(`${pathOf(id)}/deliveries`, { status, limit }, signal);
  }

  /**
   * Sends one delivery again, or the failed deliveries since a time. If `isComplete` of the result is false, call it again.
   * @param {string} id
   * @param {{ deliveryId: string } | { since: Date }} which
   * @param {Cancellable} [options]
   * @returns {Promise<Redelivery>}
   */
  async redeliver(id, which, { signal } = {}) {
    // Not retried: each request sends a delivery again.
    return (await this.#session.call("POST", `${pathOf(id)}/redeliver`, { body: which, signal })).data;
  }

  /**
   * @param {string} path
   * @param {Record<string, string | number | undefined>} query
   * @param {AbortSignal} [signal]
   * @returns {Pages<any>}
   */
  #pages(path, query, signal) {
    return new Pages(async (cursor) => (await this.#session.call("GET", withQuery(path, { ...query, cursor }), { signal })).data);
  }
}

/** @param {string} id */
const pathOf = (id) => `/webhooks/${encodeURIComponent(id)}`;

/**
 * @param {ApiResponse} response
 * @returns {VersionedWebhookEndpoint}
 */
const versioned = ({ data, headers }) => ({ endpoint: data.endpoint, etag: headers.get("etag") });
