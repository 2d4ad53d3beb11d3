import { CloakroomError } from "../../cloakroom.js";
import { showError, toast } from "../dom.js";
import { clear, onSubmit } from "../forms.js";
import { isMissing } from "./buy.js";
import { filePicker } from "./files.js";
import { COMMON_CURRENCIES, digits, fromInput, toInput } from "./money.js";

/** @import { CreateProductRequest, VersionedProduct } from "../../cloakroom/types.js" */
/** @import { View } from "./views.js" */

/** Edits a product of the signed-in seller, or a new one. @type {View} */
export async function editorView({ cloakroom, part, id, signal, go, setTitle, isSeller }) {
  const form = /** @type {HTMLFormElement} */ (part("form"));
  part(".not-seller").hidden = isSeller;
  if (!isSeller) return;
  const options = COMMON_CURRENCIES.map((code) => Object.assign(document.createElement("option"), { value: code }));
  part("datalist").append(...options);
  const files = filePicker(cloakroom, part, signal);
  /** @type {VersionedProduct | null} */
  let saved = null;

  /** @param {VersionedProduct} versioned */
  function show(versioned) {
    saved = versioned;
    const { title, description, price, status, files: chosen } = versioned.product;
    const values = { title, description, "price/amount": toInput(price), "price/currency": price.currency };
    for (const [name, value] of Object.entries(values)) /** @type {any} */ (form.elements.namedItem(name)).value = value;
    files.choose(chosen.map(({ uploadId }) => uploadId), status === "published");
    setTitle(`Edit “${title}”`);
    part(".save").textContent = status === "draft" ? "Save draft" : "Save";
    part(".publish").hidden = status !== "draft";
    part(".archived").hidden = status !== "archived";
    part(".save").hidden = status === "archived";
  }

  /** @param {CreateProductRequest} product */
  async function save(product) {
    if (!saved) {
      const created = await cloakroom.products.create(product, { signal });
      return show({ product: created, etag: null });
    }
    try {
      show(await cloakroom.products.update(saved.product.id, product, { ifMatch: saved.etag, signal }));
    } catch (error) {
      if (!(error instanceof CloakroomError) || error.status !== 412) throw error;
      show(await cloakroom.products.get(saved.product.id, { fresh: true, signal }));
      throw new Error("The product was changed in another window. The current values are shown. Please make your change again.");
    }
  }

  onSubmit(form, async (values, action) => {
    const currency = values["price/currency"].trim().toUpperCase();
    const price = { amount: parsed(values["price/amount"], currency), currency };
    try {
      await save({ title: values.title, description: values.description, price, files: files.chosen() });
      if (action === "publish" && saved) await cloakroom.products.publish(saved.product.id, { signal });
    } catch (error) {
      throw files.explain(error);
    }
    toast(action === "publish" ? `“${values.title}” is for sale.` : `“${values.title}” was saved.`);
    go("#sell");
  });

  if (id) {
    try {
      show(await cloakroom.products.get(id, { fresh: true, signal }));
    } catch (error) {
      if (signal.aborted) return;
      part(".missing").hidden = !isMissing(error);
      if (!isMissing(error)) showError(part(".load-error"), error);
      return;
    }
  }
  clear(form);
  form.hidden = false;
  await files.start();
}

/**
 * Parses a typed price into minor units.
 * @param {string} text
 * @param {string} currency
 */
function parsed(text, currency) {
  const amount = fromInput(text, currency);
  if (amount !== null) return amount;
  const example = { 0: "500", 2: "4.99", 3: "4.990" }[digits(currency)];
  const detail = `Write the price in ${currency} as a number, such as ${example}. 0 is free.`;
  const errors = [{ pointer: "/price/amount", code: "invalid_amount", detail }];
  throw new CloakroomError({ status: 0, code: "validation_failed", message: detail, errors });
}
