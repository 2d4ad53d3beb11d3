import { byId, confirmed, day, fromTemplate, showError, size, toast } from "./dom.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */

const PAGE = { limit: 24 };

/** A download link is renewed when it expires within this time. */
const MARGIN_MILLISECONDS = 30_000;

/**
 * Shows the stored files.
 * @param {Cloakroom} cloakroom
 * @param {(upload: StoredUpload) => void} onPending Called for each upload that is not finished.
 */
export function gallery(cloakroom, onPending) {
  const list = byId("gallery");
  const more = byId("gallery-more");
  let pages = cloakroom.uploads.list(PAGE).pages();
  /** @type {WeakMap<Element, () => void>} Called when a tile first scrolls into view. */
  const onFirstView = new WeakMap();
  // Download links expire, so they are requested only for tiles that are visible.
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

  async function showPage() {
    const current = pages;
    more.disabled = true;
    showError(byId("gallery-error"));
    try {
      const { value, done } = await current.next();
      if (current !== pages || done) return; // the list was restarted
      for (const upload of value.items) {
        if (upload.status === "pending") onPending(upload);
        if (upload.status === "stored" && !tileOf(upload.id)) list.append(tile(upload));
      }
      more.hidden = value.next === null;
      count();
    } catch (error) {
      if (current !== pages) return;
      showError(byId("gallery-error"), error);
      // A generator that has thrown cannot continue; a new one starts at the first page and skips tiles that are shown.
      pages = cloakroom.uploads.list(PAGE).pages();
      more.hidden = false;
    } finally {
      more.disabled = false;
    }
  }
  more.addEventListener("click", showPage);

  const count = () => (byId("gallery-empty").hidden = list.children.length > 0);
  const tileOf = (/** @type {string} */ id) => [...list.children].find((child) => child.dataset.id === id);

  /** @param {StoredUpload} upload */
  function tile(upload) {
    const { element, part } = fromTemplate("tile");
    element.dataset.id = upload.id;
    part(".tile-name").textContent = upload.filename;
    part(".tile-name").title = upload.filename;
    part(".tile-note").textContent = `${size(upload.size ?? 0)} · ${day(upload.storedAt ?? upload.createdAt)}`;
    const link = part(".download");
    const image = part("img");
    link.setAttribute("aria-label", `Download ${upload.filename}`);
    part(".delete").setAttribute("aria-label", `Delete ${upload.filename}`);
    let until = 0;

    async function fetchLink() {
      const { download } = await cloakroom.uploads.get(upload.id);
      if (!download) return;
      until = Date.parse(download.expiresAt);
      link.href = download.url;
    }
    image.addEventListener("load", () => element.classList.add("has-image"));
    onFirstView.set(element, async () => {
      await fetchLink().catch(() => {}); // the click handler retries and shows the error
      if (!upload.contentType.startsWith("image/") || !link.href) return;
      image.hidden = false;
      image.src = link.href;
    });
    watcher.observe(element);

    link.addEventListener("click", async (/** @type {MouseEvent} */ event) => {
      if (link.href && until - Date.now() > MARGIN_MILLISECONDS) return;
      event.preventDefault();
      try {
        await fetchLink();
        // Uses this tab: a pop-up would be blocked here, and a download does not leave the page.
        if (link.href) location.assign(link.href);
      } catch (error) {
        showError(byId("gallery-error"), error);
      }
    });
    // Keeps the link focusable while it has no href; the click handler fetches one.
    link.tabIndex = 0;
    part(".delete").addEventListener("click", () => remove(upload, element));
    return element;
  }

  /**
   * @param {StoredUpload} upload
   * @param {HTMLElement} element
   */
  async function remove(upload, element) {
    if (!(await confirmed("Delete this file?", `“${upload.filename}”, ${size(upload.size ?? 0)}.`, "Delete"))) return;
    showError(byId("gallery-error"));
    try {
      await cloakroom.uploads.delete(upload.id);
    } catch (error) {
      return showError(byId("gallery-error"), error);
    }
    // The focused button was removed, so the focus moves to the next tile.
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    (neighbour?.querySelector("button") ?? byId("choose")).focus();
    count();
    toast(`“${upload.filename}” was deleted.`, { label: "Undo", run: () => undo(upload) });
  }

  /** @param {StoredUpload} upload */
  async function undo(upload) {
    try {
      for await (const { versionId } of cloakroom.uploads.versions(upload.id)) {
        await cloakroom.uploads.restore(upload.id, versionId);
        list.prepend(tile(upload));
        count();
        return toast(`“${upload.filename}” was restored.`);
      }
      toast(`“${upload.filename}” was deleted permanently and can’t be restored.`);
    } catch (error) {
      showError(byId("gallery-error"), error);
    }
  }

  return {
    start() {
      this.clear();
      return showPage();
    },
    clear() {
      list.replaceChildren();
      more.hidden = true;
      byId("gallery-empty").hidden = true;
      showError(byId("gallery-error"));
      pages = cloakroom.uploads.list(PAGE).pages();
    },
    /** Adds a file that was just stored. @param {StoredUpload} upload */
    add(upload) {
      if (!tileOf(upload.id)) list.prepend(tile(upload));
      count();
    },
  };
}
