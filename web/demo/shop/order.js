import { confirmed, day, showError } from "../dom.js";
import { buy, inLibrary, isMissing, onClick } from "./buy.js";
import { format, formatPrice } from "./money.js";
import { ORDER_STATUS, showOrderStatus } from "./status.js";
import { poll } from "./wait.js";

/** @import { Order } from "../../cloakroom/types.js" */
/** @import { Context, View } from "./views.js" */

/** After so many questions, the payment is not one by card: those are confirmed within seconds. */
const CARD_POLLS = 8;

const ON_ITS_WAY = "The payment is on its way. A bank can take some days for it. You can close this page.";

/** Shows one order, and follows it until it is paid or ends. @type {View} */
export async function orderView(context) {
  const { cloakroom, part, id, signal } = context;
  const onError = (/** @type {unknown} */ error) => showError(part(".form-error"), error);
  /** @type {Order | null} */
  let order = null;

  /**
   * @param {Order} current
   * @param {string} [text] What to say instead of what the status means.
   */
  function show(current, text) {
    order = current;
    showOrder(context, current);
    say(context, text ?? meaning(current));
  }

  async function follow() {
    part(".again").hidden = true;
    let polls = 0;
    const settled = await poll(async () => {
      const before = order;
      const current = await cloakroom.orders.get(id, { refresh: context.arrival === "paid", signal });
      if (order !== before) return order?.status !== "pending"; // it was cancelled or paid meanwhile
      const isOpen = current.status === "pending";
      const waiting = ++polls > CARD_POLLS ? ON_ITS_WAY : "Waiting for the payment provider to confirm the payment…";
      show(current, isOpen && context.arrival === "paid" ? waiting : undefined);
      return !isOpen;
    }, signal);
    if (!settled && !signal.aborted) part(".again").hidden = false;
    if (order?.status === "paid") await waitForLibrary(context, order);
  }

  onClick(part(".again"), signal, onError, follow);
  onClick(part(".pay"), signal, onError, async () => {
    const placed = await buy(cloakroom, order?.productId ?? "", signal);
    if (placed && placed.id !== id) context.go(`#order=${placed.id}`);
    if (placed?.id === id) show(placed, ON_ITS_WAY);
  });
  onClick(part(".cancel"), signal, onError, async () => {
    if (!(await confirmed("Cancel this order?", "Its checkout can then no longer be paid.", "Cancel order"))) return;
    show(await cloakroom.orders.cancel(id, { signal }));
  });

  part(".closed").hidden = context.arrival !== "closed";
  try {
    await follow();
  } catch (error) {
    if (signal.aborted) return;
    if (order) part(".again").hidden = false;
    if (isMissing(error)) context.setTitle("There is no such order");
    if (isMissing(error)) part(".missing").hidden = false;
    else onError(error);
  }
}

/**
 * @param {Context} context
 * @param {Order} order
 */
function showOrder({ part, setTitle, arrival }, order) {
  const { status, price } = order;
  setTitle(order.title);
  part(".price").textContent = formatPrice(price);
  part(".ordered").textContent = `Ordered ${day(order.createdAt)}`;
  showOrderStatus(part(".status"), order);
  // A completed checkout can be neither paid again nor cancelled.
  for (const action of [".pay", ".cancel"]) part(action).hidden = status !== "pending" || arrival === "paid";
  if (status !== "pending") part(".closed").hidden = true;
  part(".to-product").href = `#product=${order.productId}`;
  part(".to-product").hidden = !["failed", "expired", "cancelled"].includes(status);
  part(".to-library").href = `#library=${order.productId}`;
  part(".order").hidden = false;
}

/** What the status of an order means. @param {Order} order */
function meaning({ status, refundedAmount, price: { currency } }) {
  const isPartlyRefunded = status !== "refunded" && refundedAmount > 0;
  const refund = isPartlyRefunded ? ` ${format({ amount: refundedAmount, currency })} was paid back to you.` : "";
  return ORDER_STATUS[status].text + refund;
}

/**
 * Shows a text. Screen readers read it out when it changes.
 * @param {Context} context
 * @param {string} text
 */
function say({ part }, text) {
  if (part(".order-text").textContent !== text) part(".order-text").textContent = text;
}

/**
 * Waits until a paid product is in the library, where it arrives a moment after the payment.
 * @param {Context} context
 * @param {Order} order
 */
async function waitForLibrary(context, order) {
  const { cloakroom, part, signal } = context;
  const paid = meaning(order);
  const isThere = await poll(async () => {
    if (await inLibrary(cloakroom, order.productId, signal)) return true;
    say(context, `${paid} The product is on its way to your library…`);
    return false;
  }, signal);
  if (signal.aborted) return;
  say(context, `${paid} ${isThere ? "The product is in your library." : "The product will be in your library soon."}`);
  part(".to-library").hidden = !isThere;
}
