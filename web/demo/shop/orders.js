import { confirmed, day, fromTemplate, showError } from "../dom.js";
import { buy, onClick } from "./buy.js";
import { formatPrice } from "./money.js";
import { pagedList } from "./paged.js";
import { showOrderStatus } from "./status.js";

/** @import { Order } from "../../cloakroom/types.js" */
/** @import { Context, View } from "./views.js" */

/** Lists the orders of the signed-in user, newest first. @type {View} */
export function ordersView(context) {
  const { cloakroom, part, signal } = context;
  const open = () => cloakroom.orders.list({ limit: 20, signal });
  return pagedList(part, signal, { open, key: ({ id }) => id, row: (order) => row(order, context) });
}

/** @param {Order} order @param {Context} context */
function row(order, { cloakroom, signal, go }) {
  const { element, part } = fromTemplate("order-row");
  const onError = (/** @type {unknown} */ error) => showError(part(".row-error"), error);
  const [pay, cancel] = [part(".pay"), part(".cancel")];
  part("a").textContent = order.title;
  part("a").href = `#order=${order.id}`;
  part(".row-note span").textContent = `${formatPrice(order.price)}\u00a0· ${day(order.createdAt)}`;
  pay.setAttribute("aria-label", `Pay now: ${order.title}`);
  cancel.setAttribute("aria-label", `Cancel the order of ${order.title}`);

  /** @param {Order} current */
  function show(current) {
    showOrderStatus(part(".status"), current);
    part(".row-actions").hidden = current.status !== "pending";
  }

  onClick(pay, signal, onError, async () => {
    const placed = await buy(cloakroom, order.productId, signal);
    if (placed) go(`#order=${placed.id}`);
  });
  onClick(cancel, signal, onError, async () => {
    if (!(await confirmed("Cancel this order?", `“${order.title}”: its checkout can then no longer be paid.`, "Cancel order"))) return;
    show(await cloakroom.orders.cancel(order.id, { signal }));
    part("a").focus(); // the focused button is hidden now
  });
  show(order);
  return element;
}
