import type { RetryPolicy, SignedPart, StoredPart } from "./types.js";
export type PartLayout = {
    size: number;
    partSize: number;
    partCount: number;
};
/** @typedef {{ size: number, partSize: number, partCount: number }} PartLayout */
/**
 * Returns the byte range of a part in the file; `end` is exclusive.
 * @param {PartLayout} layout
 * @param {number} partNumber Starts at 1.
 */
export declare function rangeOf({ size, partSize }: PartLayout, partNumber: number): {
    start: number;
    end: number;
};
/**
 * Returns the ETags of the complete parts, by part number. A part with a wrong size came from an interrupted request and is
 * sent again.
 * @param {PartLayout} layout
 * @param {Iterable<StoredPart>} parts
 */
export declare function completeParts(layout: PartLayout, parts: Iterable<StoredPart>): Map<number, string>;
/** Provides the presigned URL of each part. It requests URLs in batches. */
export declare class Signer {
    #private;
    /**
     * @param {(partNumbers: number[]) => Promise<SignedPart[]>} sign
     * @param {Iterable<number>} queue The part numbers that will be needed, in order.
     * @param {() => number} [now] Milliseconds since 1970.
     */
    constructor(sign: (partNumbers: number[]) => Promise<SignedPart[]>, queue: Iterable<number>, now?: () => number);
    /**
     * @param {number} partNumber
     * @returns {Promise<SignedPart>}
     */
    get(partNumber: number): Promise<SignedPart>;
    /**
     * Discards a URL that did not work or is no longer needed.
     * @param {number} partNumber
     */
    discard(partNumber: number): void;
}
/**
 * Sends all parts that are missing in `tags`, several at a time, and adds their ETags to it.
 * @param {object} job
 * @param {Blob} job.file
 * @param {PartLayout} job.layout
 * @param {Map<number, string>} job.tags ETags of the uploaded parts, by part number.
 * @param {(partNumbers: number[]) => Promise<SignedPart[]>} job.sign
 * @param {number} job.parallel
 * @param {RetryPolicy} job.policy
 * @param {AbortSignal} job.signal
 * @param {(loaded: number) => void} job.onProgress Called with the bytes sent, including parts in progress.
 * @param {(loaded: number) => void} job.onPart Called with the bytes of completed parts.
 */
export declare function sendParts({ file, layout, tags, sign, parallel, policy, signal, onProgress, onPart }: {
    file: Blob;
    layout: PartLayout;
    tags: Map<number, string>;
    sign: (partNumbers: number[]) => Promise<SignedPart[]>;
    parallel: number;
    policy: RetryPolicy;
    signal: AbortSignal;
    onProgress: (loaded: number) => void;
    onPart: (loaded: number) => void;
}): Promise<void>;
