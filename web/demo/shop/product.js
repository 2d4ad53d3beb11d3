import { CloakroomError } from "../../cloakroom.js";
import { showError, size } from "../dom.js";
import { buy, inLibrary, isMissing, onClick } from "./buy.js";
import { formatPrice } from "./money.js";
import { fileCount } from "./status.js";

/** @import { Product, ProductFile } from "../../cloakroom/types.js" */
/** @import { View } from "./views.js" */

/** Shows one product and what the visitor can do with it. @type {View} */
export async function productView({ cloakroom, part, id, user, isSeller, signal, go, setTitle }) {
  const onError = (/** @type {unknown} */ error) => showError(part(".form-error"), error);

  /** Shows one of the actions. @param {string} selector */
  function offer(selector) {
    for (const each of [".buy", ".sign-in-to-buy", ".own", ".owned"]) part(each).hidden = each !== selector;
  }

  onClick(part(".buy"), signal, onError, async () => {
    try {
      const order = await buy(cloakroom, id, signal);
      if (order) go(`#order=${order.id}`);
    } catch (error) {
      onError(error);
      const code = error instanceof CloakroomError ? error.code : "";
      if (code === "already_purchased") offer(".owned");
      if (code === "own_product") offer(".own");
    }
  });

  /** @type {Product} */
  let product;
  try {
    ({ product } = await cloakroom.products.get(id, { fresh: isSeller, signal }));
  } catch (error) {
    if (signal.aborted) return;
    if (isMissing(error)) setTitle("This product is not for sale");
    return isMissing(error) ? void (part(".missing").hidden = false) : onError(error);
  }
  show(part, product, setTitle);
  part(".sign-in-to-buy").href = `#buy=${id}`;
  part(".own a").href = `#edit-product=${id}`;
  part(".owned").href = `#library=${id}`;
  const isFree = product.price.amount === 0;
  part(".buy").textContent = isFree ? "Get it for free" : `Buy for ${formatPrice(product.price)}`;
  part(".sign-in-to-buy").textContent = isFree ? "Sign in to get it" : "Sign in to buy";
  if (!user) return offer(".sign-in-to-buy");
  if (product.sellerId === user.id) return offer(".own");
  // If the library does not answer, the visitor can order: the API refuses what the visitor has already.
  const owned = await inLibrary(cloakroom, id, signal).catch(() => null);
  if (!signal.aborted) offer(owned ? ".owned" : ".buy");
}

/**
 * @param {(selector: string) => any} part
 * @param {Product} product
 * @param {(title: string) => void} setTitle
 */
function show(part, product, setTitle) {
  setTitle(product.title);
  part(".price").textContent = formatPrice(product.price);
  part(".description").textContent = product.description;
  part(".description").hidden = product.description === "";
  part(".file-count").textContent = fileCount(product.files.length);
  part(".files-list").replaceChildren(...product.files.flatMap(fileLine));
  part(".product").hidden = false;
}

/** @param {ProductFile} file */
function fileLine({ filename, size: bytes }) {
  if (filename === undefined) return []; // known when the product is published
  const line = document.createElement("li");
  line.textContent = bytes === undefined ? filename : `${filename}\u00a0· ${size(bytes)}`;
  return line;
}
