/** The longest edge of a thumbnail, in pixels. */
const MAX_EDGE = 320;

/** The server's limit. */
const MAX_BYTES = 64 * 1024;

/** Decoding a larger file could take too much memory. */
const MAX_SOURCE_BYTES = 50 * 1024 * 1024;

/** Raster images that browsers decode. */
const DECODABLE = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/bmp"]);

/** Tried in this order until a thumbnail is small enough. Browsers that cannot encode WebP return a PNG, which is skipped. */
const ENCODINGS = /** @type {const} */ ([
  { type: "image/webp", quality: 0.8 },
  { type: "image/webp", quality: 0.5 },
  { type: "image/jpeg", quality: 0.8 },
  { type: "image/jpeg", quality: 0.5 },
]);

/**
 * Makes a thumbnail of an image, without the metadata of the file. Returns `null` for other files, for images that the browser
 * cannot decode, and where there is no canvas, such as in Node.
 * @param {File} file
 * @param {string} type The media type of the file.
 * @returns {Promise<Blob | null>}
 */
export async function thumbnailOf(file, type) {
  if (!DECODABLE.has(type) || file.size > MAX_SOURCE_BYTES) return null;
  if (typeof createImageBitmap === "undefined" || typeof OffscreenCanvas === "undefined") return null;
  try {
    return await encoded(await scaled(file));
  } catch {
    return null; // not an image, whatever its type says
  }
}

/** Draws an image that fits into the size of a thumbnail. @param {File} file */
async function scaled(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, MAX_EDGE / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  image.close();
  return canvas;
}

/** @param {OffscreenCanvas} canvas */
async function encoded(canvas) {
  for (const encoding of ENCODINGS) {
    const blob = await canvas.convertToBlob(encoding);
    if (blob.type === encoding.type && blob.size <= MAX_BYTES) return blob;
  }
  return null;
}
