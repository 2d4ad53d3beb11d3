export type PutRequest = {
    /**
     * The presigned URL.
     */
    url: string;
    /**
     * The signed headers.
     */
    headers?: Record<string, string>;
    body: Blob;
    signal: AbortSignal;
    /**
     * Called with the bytes sent of this body.
     */
    onProgress?: (loaded: number) => void;
};
/**
 * @typedef {object} PutRequest
 * @property {string} url The presigned URL.
 * @property {Record<string, string>} [headers] The signed headers.
 * @property {Blob} body
 * @property {AbortSignal} signal
 * @property {(loaded: number) => void} [onProgress] Called with the bytes sent of this body.
 */
/**
 * Sends bytes to a presigned URL. Uses XMLHttpRequest, because fetch does not report upload progress.
 * @param {PutRequest} request
 * @returns {Promise<{ etag: string | null }>}
 */
export declare function put(request: PutRequest): Promise<{
    etag: string | null;
}>;
