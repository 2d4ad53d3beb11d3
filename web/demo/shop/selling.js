import { confirmed, fromTemplate, showError, toast } from "../dom.js";
import { onClick } from "./buy.js";
import { isNotStored } from "./files.js";
import { formatPrice } from "./money.js";
import { pagedList } from "./paged.js";
import { fileCount, showProductStatus } from "./status.js";

/** @import { Product } from "../../cloakroom/types.js" */
/** @import { Context, View } from "./views.js" */

const NOT_STORED = "Some of the files are not stored any more. Edit the product to take them out.";

/** Lists the products of the signed-in seller, newest first. @type {View} */
export function sellingView(context) {
  const { cloakroom, part, signal, isSeller } = context;
  part(".not-seller").hidden = isSeller;
  part(".seller").hidden = !isSeller;
  if (!isSeller) return;
  const open = () => cloakroom.products.own({ limit: 20, signal });
  return pagedList(part, signal, { open, key: ({ id }) => id, row: (product) => row(product, context) });
}

/** @param {Product} product @param {Context} context */
function row(product, { cloakroom, signal }) {
  const { element, part } = fromTemplate("selling-row");
  const { id, title } = product;
  const onError = (/** @type {unknown} */ error) => showError(part(".row-error"), isNotStored(error) ? new Error(NOT_STORED) : error);
  const [edit, publish, archive] = [part(".edit"), part(".publish"), part(".archive")];
  part(".row-name a").textContent = title;
  part(".row-name a").href = `#product=${id}`;
  edit.href = `#edit-product=${id}`;
  edit.setAttribute("aria-label", `Edit ${title}`);
  publish.setAttribute("aria-label", `Publish ${title}`);
  archive.setAttribute("aria-label", `Archive ${title}`);

  /** @param {Product} current */
  function show(current) {
    showProductStatus(part(".status"), current);
    part(".row-note span").textContent = `${formatPrice(current.price)}\u00a0· ${fileCount(current.files.length)}`;
    publish.hidden = current.status !== "draft";
    archive.hidden = edit.hidden = current.status === "archived";
  }

  onClick(publish, signal, onError, async () => {
    show((await cloakroom.products.publish(id, { signal })).product);
    toast(`“${title}” is for sale.`);
    archive.focus(); // the focused button is hidden now
  });
  onClick(archive, signal, onError, async () => {
    const text = `“${title}” leaves the shop for good. Its buyers keep it.`;
    if (!(await confirmed("Archive this product?", text, "Archive"))) return;
    show((await cloakroom.products.archive(id, { signal })).product);
    toast(`“${title}” is archived.`);
    part(".row-name a").focus();
  });
  show(product);
  return element;
}
