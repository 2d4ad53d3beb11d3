import { day, fromTemplate, size } from "./dom.js";
import { downloadLink } from "./link.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */

/** @type {WeakMap<Element, () => void>} Called when a tile first scrolls into view. */
const onFirstView = new WeakMap();

// Download URLs expire, so they are requested only for tiles that are visible.
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      onFirstView.get(target)?.();
    }
  },
  { rootMargin: "200px" },
);

/**
 * Creates the tile of a stored file.
 * @param {StoredUpload} upload
 * @param {Cloakroom} cloakroom
 * @param {{ onDelete: () => void, onDetails: () => void, onError: (error: unknown) => void }} handlers
 */
export function tile(upload, cloakroom, { onDelete, onDetails, onError }) {
  const { element, part } = fromTemplate("tile");
  element.dataset.id = upload.id;
  part(".tile-name").textContent = upload.filename;
  part(".tile-name").title = upload.filename;
  part(".tile-note").textContent = `${size(upload.size ?? 0)} · ${day(upload.storedAt ?? upload.createdAt)}`;
  for (const [action, label, run] of /** @type {const} */ ([["details", "Details of", onDetails], ["delete", "Delete", onDelete]])) {
    part(`.${action}`).setAttribute("aria-label", `${label} ${upload.filename}`);
    part(`.${action}`).addEventListener("click", run);
  }
  const { renew } = downloadLink(part(".download"), upload, cloakroom, onError);
  const image = part("img");
  image.addEventListener("load", () => element.classList.add("has-image"));
  onFirstView.set(element, async () => {
    const renewed = await renew().catch(() => null); // the click handler tries again and shows the error
    if (!renewed || !upload.contentType.startsWith("image/")) return;
    const { url, thumbnail } = renewed;
    image.hidden = false;
    // The thumbnail may not have been sent.
    if (thumbnail) image.addEventListener("error", () => (image.src = url), { once: true });
    image.src = thumbnail ?? url;
  });
  watcher.observe(element);
  return element;
}
