import { CloakroomError } from "../cloakroom.js";
import { byId, confirmed, day, fromTemplate, sentence, showError, size, toast } from "./dom.js";
import { clear, onSubmit } from "./forms.js";
import { downloadLink, fileHash } from "./link.js";
import { sharing } from "./sharing.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { StoredUpload } from "../cloakroom/types.js" */

/**
 * Shows one file in a dialog: its data, who can read it, and its lock. Another user's file has only its download.
 * @param {Cloakroom} cloakroom
 */
export function detailsDialog(cloakroom) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("details"));
  const shares = sharing(cloakroom, say);
  /** The ends of the locks that were set on this page: the API does not return them with the files. @type {Map<string, string>} */
  const locks = new Map();
  /** @type {StoredUpload | null} */
  let shown = null;

  /** Shows and announces a message in the dialog. The rest of the page is inert. @param {string} text */
  function say(text) {
    byId("details-status").textContent = text;
  }

  /** @param {StoredUpload} upload */
  function show(upload) {
    shown = upload;
    say("");
    showError(byId("details-error"));
    byId("details-title").textContent = upload.filename;
    const facts = [size(upload.size ?? 0), upload.contentType, `stored ${day(upload.storedAt ?? upload.createdAt)}`];
    byId("details-note").textContent = facts.join("\u00a0· ");
    const link = fromTemplate("download-link").element;
    byId("details-download").replaceChildren(link);
    const { renew } = downloadLink(/** @type {HTMLAnchorElement} */ (link), upload, cloakroom, fail);
    renew().catch(() => {}); // the click handler tries again and shows the error
    byId("lock").reset();
    clear(byId("lock"));
    showLock();
    byId("details-owner").hidden = true;
    dialog.showModal();
    shares.start(upload.id).then(
      (isOwner) => shown === upload && (byId("details-owner").hidden = !isOwner),
      (error) => shown === upload && fail(error),
    );
  }

  const fail = (/** @type {unknown} */ error) => showError(byId("details-error"), error);

  function showLock() {
    const until = shown && locks.get(shown.id);
    byId("locked").hidden = !until;
    if (until) byId("locked").textContent = `Locked until ${new Date(until).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}.`;
  }

  onSubmit(byId("lock"), async ({ until, password }) => {
    const upload = shown;
    if (!upload) return;
    const end = new Date(until);
    const text = `Until then, “${upload.filename}” cannot be deleted, and you cannot shorten or remove the lock.`;
    if (!(await confirmed("Lock this file?", text, "Lock"))) return;
    const { lockedUntil } = await cloakroom.uploads.lock(upload.id, end, { password: password || undefined });
    locks.set(upload.id, lockedUntil);
    if (shown !== upload) return;
    byId("lock").reset();
    showLock();
    say("The file is locked.");
  });

  byId("details-copy").hidden = !navigator.clipboard; // only in secure contexts
  byId("details-copy").addEventListener("click", async () => {
    if (!shown) return;
    const url = new URL(fileHash(shown.id), location.href).href;
    await navigator.clipboard.writeText(url).then(() => say("The link was copied. It opens this page for those who can read the file."), fail);
  });
  byId("details-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // a link has opened another file
    shown = null;
    shares.clear();
    byId("lock").reset();
  });

  return {
    show,
    /** Shows the file of a link. @param {string} id */
    async open(id) {
      try {
        const upload = await cloakroom.uploads.get(id);
        if (upload.status !== "stored") return toast(`“${upload.filename}” is not stored.`);
        dialog.close();
        show(upload);
      } catch (error) {
        const missing = error instanceof CloakroomError && error.status === 404;
        toast(missing ? "There is no such file, or you cannot read it." : sentence(/** @type {Error} */ (error).message));
      }
    },
    clear() {
      dialog.close();
      locks.clear();
    },
  };
}
