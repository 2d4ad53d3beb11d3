import { day, fromTemplate, showError, size } from "../dom.js";
import { isMissing, onClick } from "./buy.js";
import { pagedList } from "./paged.js";
import { pause } from "./wait.js";

/** @import { LibraryEntry, LibraryFile, UploadWithDownload } from "../../cloakroom/types.js" */
/** @import { Context, View } from "./views.js" */

/** How often a file is requested that cannot be read yet. */
const ATTEMPTS = 6;

/** Lists the products that the signed-in user has bought or was given, with their files. @type {View} */
export async function libraryView(context) {
  const { cloakroom, part, id, signal } = context;
  const open = () => cloakroom.library.list({ limit: 20, signal });
  await pagedList(part, signal, { open, key: ({ product }) => product.id, row: (entry) => card(entry, context) });
  // The product that the link names.
  part(".items").querySelector(`[data-id="${id}"] h2`)?.focus();
}

/** @param {LibraryEntry} entry @param {Context} context */
function card({ product, grantedAt, files }, context) {
  const { element, part } = fromTemplate("library-entry");
  element.dataset.id = product.id;
  part("h2").textContent = product.title;
  const isRemoved = !product.sellerId;
  part(".since").textContent = `Yours since ${day(grantedAt)}${isRemoved ? ". The seller deleted the account, and its files with it." : ""}`;
  part(".rows").append(...files.map((file) => fileRow(file, context)));
  return element;
}

/** @param {LibraryFile} file @param {Context} context */
function fileRow(file, context) {
  const { element, part } = fromTemplate("library-file");
  part(".row-name").textContent = file.filename;
  part(".row-name").title = file.filename;
  part(".row-note").textContent = size(file.size);
  part("button").setAttribute("aria-label", `Download ${file.filename}`);
  const onError = (/** @type {unknown} */ error) => showError(part(".row-error"), error);
  onClick(part("button"), context.signal, onError, async () => {
    const { download } = await readable(file, context);
    if (!download) throw new Error("The file is not stored any more. Ask the seller for help.");
    location.assign(download.url);
  });
  return element;
}

/**
 * Gets a file. Right after a purchase, the buyer may read it a moment later than the library names it.
 * @param {LibraryFile} file
 * @param {Context} context
 * @returns {Promise<UploadWithDownload>}
 */
async function readable({ uploadId }, { cloakroom, signal }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await cloakroom.uploads.get(uploadId, { signal });
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (attempt === ATTEMPTS) throw new Error("The file is not ready yet. Try again in a moment.");
      await pause(500 * attempt, signal);
    }
  }
}
