import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const MIB = 1024 * 1024;

/** Above the limit for one request, and not a multiple of the part size. */
export const LARGE_BYTES = 101 * MIB + 1;

export async function temporaryFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "cloakroom-files-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Writes a file in which every MiB differs, so that swapped parts are detected. The content is the same each time.
 * @param {string} file
 * @param {number} size
 */
export async function writeLarge(file, size = LARGE_BYTES) {
  const handle = await open(file, "w");
  let block = createHash("sha512").update("cloakroom").digest();
  while (block.length < MIB) block = Buffer.concat([block, block]);
  for (let at = 0; at < size; at += MIB) {
    block.writeUInt32BE(at / MIB, 0);
    await handle.write(block, 0, Math.min(MIB, size - at));
  }
  await handle.close();
}

/**
 * Writes a large file into a temporary folder.
 * @param {string} name
 */
export async function largeFile(name) {
  const { folder, remove } = await temporaryFolder();
  const file = path.join(folder, name);
  await writeLarge(file);
  return { folder, file, remove };
}

/** The size of a part of a large file. */
export const PART_BYTES = 8 * MIB;

/** The text of the row of a large file after two parts of 8 MiB are sent and the others are held back. */
export const TWO_PARTS = /16\.8 MB of 106 MB/;

/** @param {string} file */
export async function sha256(file) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** An image of 4 by 4 pixels in one colour. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR42mMQj/SCIwbiOAArUwuh1r4pvAAAAABJRU5ErkJggg==",
  "base64",
);
