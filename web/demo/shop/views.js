import { byId, fromTemplate, showError } from "../dom.js";
import { editorView } from "./editor.js";
import { libraryView } from "./library.js";
import { shopView } from "./list.js";
import { orderView } from "./order.js";
import { ordersView } from "./orders.js";
import { productView } from "./product.js";
import { sellingView } from "./selling.js";

/** @import { Cloakroom } from "../../cloakroom.js" */
/** @import { User } from "../../cloakroom/types.js" */

/**
 * @typedef {object} Context What a view gets.
 * @property {Cloakroom} cloakroom
 * @property {(selector: string) => any} part Finds elements of the view.
 * @property {string} id What the link names: a product or an order. Empty: nothing.
 * @property {User | null} user The signed-in user.
 * @property {boolean} isSeller Whether the user may sell.
 * @property {"paid" | "closed" | null} arrival How the buyer left the checkout of this order.
 * @property {AbortSignal} signal Aborts when the page shows something else.
 * @property {(hash: string) => void} go Opens another view.
 * @property {(title: string) => void} setTitle Sets the heading and the title of the window.
 *
 * @typedef {(context: Context) => Promise<void> | void} View
 * @typedef {{ view: View, template: string, isPublic?: boolean, note?: string }} Route `note`: the text on the sign-in page.
 */

/** @type {Record<string, Route>} The views by the name in the URL's fragment: `#product=<id>`. */
const ROUTES = {
  shop: { view: shopView, template: "shop-view", isPublic: true },
  product: { view: productView, template: "product-view", isPublic: true },
  // The same page for visitors who want to buy.
  buy: { view: productView, template: "product-view", note: "Sign in or create an account to buy." },
  order: { view: orderView, template: "order-view", note: "Sign in to see your order." },
  orders: { view: ordersView, template: "orders-view", note: "Sign in to see your orders." },
  library: { view: libraryView, template: "library-view", note: "Sign in to see your library." },
  sell: { view: sellingView, template: "selling-view", note: "Sign in to see your products." },
  "new-product": { view: editorView, template: "editor-view", note: "Sign in to offer a product." },
  "edit-product": { view: editorView, template: "editor-view", note: "Sign in to edit your product." },
};

const HASH = /^#([a-z-]+)(?:=([\w-]+))?$/;

/** The views that the links at the top lead to, by the views below them. @type {Record<string, string>} */
const SECTIONS = { product: "shop", buy: "shop", order: "orders", "new-product": "sell", "edit-product": "sell" };

/** Returns the view in the URL's fragment, or `null` for the page of the files. */
function wanted() {
  const [, name = "", id = ""] = HASH.exec(location.hash) ?? [];
  return Object.hasOwn(ROUTES, name) ? { name, id, ...ROUTES[name] } : null;
}

/**
 * Turns the address to which the payment provider sends a buyer back, `?order=<id>&checkout=paid`, into the link of the order.
 * @returns {{ order: string, checkout: "paid" | "closed" } | null}
 */
function arrive() {
  const query = new URLSearchParams(location.search);
  const [order, checkout] = [query.get("order") ?? "", query.get("checkout")];
  if (!/^[\w-]+$/.test(order) || (checkout !== "paid" && checkout !== "closed")) return null;
  history.replaceState(null, "", `${location.pathname}#order=${order}`);
  return { order, checkout };
}

/**
 * Shows the views of the shop.
 * @param {Cloakroom} cloakroom
 */
export function shopViews(cloakroom) {
  const root = byId("view");
  const arrival = arrive();
  /** What is shown: the fragment, the user and the user's roles. */
  let shown = "";
  let current = new AbortController();

  /**
   * Shows a view, unless it is shown already.
   * @param {NonNullable<ReturnType<typeof wanted>>} route
   * @param {boolean} isFirst Whether the page has shown nothing before. Then the focus stays at the start of the page.
   */
  function open({ name, id, view, template }, isFirst) {
    const { user } = cloakroom.session;
    const now = [location.hash, user?.id, user?.roles].join(" ");
    if (now === shown) return;
    clear();
    shown = now;
    const { signal } = current;
    const { element, part } = fromTemplate(template);
    const setTitle = (/** @type {string} */ title) => {
      part("h1").textContent = title;
      document.title = `${title} – Cloakroom`;
    };
    root.replaceChildren(element);
    setTitle(name === "edit-product" ? "Edit product" : part("h1").textContent);
    if (!isFirst) part("h1").focus();
    scrollTo(0, 0);
    const isSeller = user?.roles.some((role) => role === "seller" || role === "admin") ?? false;
    const go = (/** @type {string} */ hash) => void (location.hash = hash);
    const came = arrival?.order === id && name === "order" ? arrival.checkout : null;
    const running = view({ cloakroom, part, id, user: user ?? null, isSeller, arrival: came, signal, go, setTitle });
    Promise.resolve(running).catch((error) => {
      if (!signal.aborted) showError(part(".view-error"), error);
    });
  }

  function clear() {
    current.abort();
    current = new AbortController();
    root.replaceChildren();
    document.title = "Cloakroom";
    shown = "";
  }

  /** Shows which links the visitor has, and which one is open. */
  function mark() {
    const { status } = cloakroom.session;
    const name = wanted()?.name ?? "files";
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".views a"))) {
      const section = link.hash.slice(1);
      const isFor = link.dataset.for;
      link.hidden = isFor !== undefined && isFor !== status;
      const isCurrent = section === (SECTIONS[name] ?? name) || (section === "sign-in" && !wanted()?.isPublic);
      if (isCurrent) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    byId("sell-link").hidden ||= !cloakroom.session.user?.roles.some((role) => role === "seller" || role === "admin");
  }

  return { wanted, open, clear, mark };
}
