/**
 * Computes the SHA-256 of a whole file in hex. Returns `undefined` where the browser has no Web Crypto (plain http).
 * @param {Blob} file Must fit in memory.
 */
export declare function sha256(file: Blob): Promise<string>;
/**
 * Identifies a file without reading all of it: SHA-256 of its size, beginning, middle and end. It is fast for any size but
 * does not detect changes elsewhere, so resuming also compares the time of the last change.
 * @param {Blob} file
 */
export declare function fingerprint(file: Blob): Promise<string>;
