/** Bytes that `fingerprint` reads at each of three positions. */
const SAMPLE_BYTES = 64 * 1024;

/**
 * Computes the SHA-256 of a whole file in hex. Returns `undefined` where the browser has no Web Crypto (plain http).
 * @param {Blob} file Must fit in memory.
 */
export async function sha256(file) {
  return crypto.subtle && hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

/**
 * Identifies a file without reading all of it: SHA-256 of its size, beginning, middle and end. It is fast for any size but
 * does not detect changes elsewhere, so resuming also compares the time of the last change.
 * @param {Blob} file
 */
export async function fingerprint(file) {
  const middle = Math.max(0, Math.floor(file.size / 2) - SAMPLE_BYTES / 2);
  const sample = new Blob([
    `${file.size};`,
    file.slice(0, SAMPLE_BYTES),
    file.slice(middle, middle + SAMPLE_BYTES),
    file.slice(Math.max(0, file.size - SAMPLE_BYTES)),
  ]);
  // Without Web Crypto, the size and the time of the last change must suffice.
  return (await sha256(sample)) ?? `size-${file.size}`;
}

/** @param {ArrayBuffer} bytes */
function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
