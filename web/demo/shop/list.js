import { fromTemplate } from "../dom.js";
import { formatPrice } from "./money.js";
import { pagedList } from "./paged.js";
import { fileCount } from "./status.js";

/** @import { Product } from "../../cloakroom/types.js" */
/** @import { View } from "./views.js" */

/** Lists what is for sale, newest first. @type {View} */
export function shopView({ cloakroom, part, isSeller, signal }) {
  // Sellers see at once what they have published.
  const open = () => cloakroom.products.list({ limit: 24, fresh: isSeller, signal });
  return pagedList(part, signal, { open, key: ({ id }) => id, row: card });
}

/** @param {Product} product */
function card(product) {
  const { element, part } = fromTemplate("product-card");
  part("a").textContent = product.title;
  part("a").href = `#product=${product.id}`;
  part(".price").textContent = formatPrice(product.price);
  part(".hint").textContent = fileCount(product.files.length);
  return element;
}
