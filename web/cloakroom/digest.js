/** Bytes that `fingerprint` reads at each of three places. */
const SAMPLE_BYTES = 64 * 1024;

/**
 * SHA-256 of a whole file, in hex, or `undefined` where the browser offers no cryptography (plain http).
 * @param {Blob} file Has to fit in memory.
 */
export async function sha256(file) {
  return crypto.subtle && hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

/**
 * Knows a file again without reading all of it: SHA-256 of its size, beginning, middle and end. Cheap for any size, but
 * blind to a change elsewhere, which is why resuming also compares the time of the last change.
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
  // Without cryptography the bytes would have to be kept themselves; the size and the time have to do then.
  return (await sha256(sample)) ?? `size-${file.size}`;
}

/** @param {ArrayBuffer} bytes */
function hex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
