import { CloakroomError } from "../../cloakroom.js";
import { pause } from "./wait.js";

/** @import { Cloakroom } from "../../cloakroom.js" */
/** @import { LibraryEntry, Order } from "../../cloakroom/types.js" */

/** How often an order is attempted. */
const ATTEMPTS = 6;

/**
 * Orders a product and goes to the page where it is paid.
 * @param {Cloakroom} cloakroom
 * @param {string} productId
 * @param {AbortSignal} signal
 * @returns {Promise<Order | null>} The order, when there is no page to go to: it is free, or its payment is on its way.
 */
export async function buy(cloakroom, productId, signal) {
  const { order, checkout } = await placed(cloakroom, productId, signal);
  if (!checkout) return order;
  location.assign(checkout.url);
  return null;
}

/**
 * Orders a product. Orders hear of a new product a moment after it is in the shop.
 * @param {Cloakroom} cloakroom
 * @param {string} productId
 * @param {AbortSignal} signal
 */
async function placed(cloakroom, productId, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await cloakroom.orders.create(productId, { signal });
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (attempt === ATTEMPTS) throw new Error("This product cannot be ordered. It may have been taken out of the shop.");
      await pause(500 * attempt, signal);
    }
  }
}

/**
 * Finds a product in the library. A request for the one product would log an error in the browser when it is not there.
 * @param {Cloakroom} cloakroom
 * @param {string} productId
 * @param {AbortSignal} signal
 * @returns {Promise<LibraryEntry | null>}
 */
export async function inLibrary(cloakroom, productId, signal) {
  for await (const entry of cloakroom.library.list({ limit: 100, signal })) {
    if (entry.product.id === productId) return entry;
  }
  return null;
}

/**
 * Runs the action of a button, one at a time. The button is not disabled meanwhile: it would lose the focus.
 * @param {HTMLButtonElement} button
 * @param {AbortSignal} signal
 * @param {(error?: unknown) => void} onError Called without an error when the action starts.
 * @param {() => Promise<void>} action
 */
export function onClick(button, signal, onError, action) {
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    onError();
    try {
      await action();
    } catch (error) {
      if (!signal.aborted) onError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/** Whether the API has no such item, or hides it from the caller. @param {unknown} error */
export const isMissing = (error) => error instanceof CloakroomError && error.status === 404;
