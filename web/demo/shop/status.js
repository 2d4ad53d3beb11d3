/** @import { Order, Product } from "../../cloakroom/types.js" */

/** @type {Record<Order["status"], { label: string, text: string }>} What an order's status means for its buyer. */
export const ORDER_STATUS = {
  pending: { label: "Not paid yet", text: "This order is not paid yet." },
  paid: { label: "Paid", text: "Thank you. The order is paid." },
  failed: { label: "Payment failed", text: "The payment failed, and nothing was charged. You can order the product again." },
  expired: { label: "Expired", text: "The time to pay is over, and nothing was charged. You can order the product again." },
  cancelled: { label: "Cancelled", text: "The order was cancelled, and nothing was charged. You can order the product again." },
  refunded: { label: "Refunded", text: "The price was paid back to you." },
  disputed: { label: "Disputed", text: "Your bank disputes the payment. The order stays as it is until the bank has decided." },
};

/** @type {Record<Product["status"], string>} */
const PRODUCT_STATUS = { draft: "Draft", published: "For sale", archived: "Archived" };

/**
 * Shows a status as a short label.
 * @param {HTMLElement} element
 * @param {string} status
 * @param {string} label
 */
function label(element, status, label) {
  element.dataset.status = status;
  element.textContent = label;
}

/** @param {HTMLElement} element @param {Order} order */
export const showOrderStatus = (element, { status }) => label(element, status, ORDER_STATUS[status].label);

/** @param {HTMLElement} element @param {Product} product */
export const showProductStatus = (element, { status }) => label(element, status, PRODUCT_STATUS[status]);

/** @param {number} number */
export const fileCount = (number) => (number === 1 ? "1 file" : `${number} files`);
