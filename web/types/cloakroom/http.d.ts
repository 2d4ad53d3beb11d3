import { CloakroomError } from "./errors.js";
import type { RetryPolicy } from "./types.js";
export type CallOptions = {
    /**
     * Sent as JSON.
     */
    body?: unknown;
    /**
     * Headers without a value are omitted.
     */
    headers?: Record<string, string | null | undefined>;
    signal?: AbortSignal;
    /**
     * Whether the request may be retried. Default: GET requests and those with an Idempotency-Key.
     */
    retry?: boolean;
    /**
     * Asks the server, even if the browser has a response that may be used again.
     */
    fresh?: boolean;
    /**
     * Waits for the network while the browser is offline, instead of failing.
     */
    waitsForNetwork?: boolean;
};
export type ApiResponse = {
    status: number;
    headers: Headers;
    data: any;
};
/**
 * @typedef {object} CallOptions
 * @property {unknown} [body] Sent as JSON.
 * @property {Record<string, string | null | undefined>} [headers] Headers without a value are omitted.
 * @property {AbortSignal} [signal]
 * @property {boolean} [retry] Whether the request may be retried. Default: GET requests and those with an Idempotency-Key.
 * @property {boolean} [fresh] Asks the server, even if the browser has a response that may be used again.
 * @property {boolean} [waitsForNetwork] Waits for the network while the browser is offline, instead of failing.
 *
 * @typedef {{ status: number, headers: Headers, data: any }} ApiResponse
 */
/** Sends JSON requests, retries them and converts errors. It does not handle sessions. */
export declare class Http {
    #private;
    baseUrl: string;
    policy: RetryPolicy;
    /**
     * @param {string} baseUrl
     * @param {RetryPolicy} policy
     */
    constructor(baseUrl: string, policy: RetryPolicy);
    /**
     * @param {string} method
     * @param {string} path
     * @param {CallOptions} [options]
     * @returns {Promise<ApiResponse>}
     */
    send(method: string, path: string, options?: CallOptions): Promise<ApiResponse>;
}
/** @param {unknown} [cause] */
export declare function networkError(cause?: unknown): CloakroomError;
