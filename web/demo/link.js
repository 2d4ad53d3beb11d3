/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */

/** A download URL is renewed when it expires within this time. */
const MARGIN_MILLISECONDS = 30_000;

const FILE = /^#file=([\w-]+)$/;

/** Returns the link that opens a file on this page. @param {string} id */
export const fileHash = (id) => `#file=${id}`;

/** Returns the id in a link that opens a file on this page. @param {string} hash */
export const fileOfHash = (hash) => FILE.exec(hash)?.[1] ?? null;

/**
 * Makes a link download a file. Until the download URL is known, the link opens the file on this page, so that it can be
 * opened in another tab and copied at any time.
 * @param {HTMLAnchorElement} link
 * @param {StoredUpload} upload
 * @param {Cloakroom} cloakroom
 * @param {(error: unknown) => void} onError
 */
export function downloadLink(link, upload, cloakroom, onError) {
  let until = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let expiry;
  const isFresh = () => until - Date.now() > MARGIN_MILLISECONDS;
  link.setAttribute("aria-label", `Download ${upload.filename}`);
  link.href = fileHash(upload.id);

  async function renew() {
    const { download, thumbnail } = await cloakroom.uploads.get(upload.id);
    if (!download) return null;
    until = Date.parse(download.expiresAt);
    link.href = download.url;
    clearTimeout(expiry);
    expiry = setTimeout(() => (link.href = fileHash(upload.id)), until - Date.now() - MARGIN_MILLISECONDS);
    return { url: download.url, thumbnail: thumbnail?.url };
  }

  link.addEventListener("click", async (event) => {
    if (isFresh() || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const renewed = await renew();
      // Uses this tab: a pop-up would be blocked here, and a download does not leave the page.
      if (renewed) location.assign(renewed.url);
    } catch (error) {
      onError(error);
    }
  });
  return { renew };
}
