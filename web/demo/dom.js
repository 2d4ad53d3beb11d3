/**
 * Returns the element with this id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * Copies the only element of a template. `part` finds elements inside the copy.
 * @param {string} id
 */
export function fromTemplate(id) {
  const element = /** @type {HTMLElement} */ (byId(id).content.firstElementChild.cloneNode(true));
  /** @param {string} selector @returns {any} */
  const part = (selector) => element.querySelector(selector);
  return { element, part };
}

/**
 * Shows an error in `target`, or hides `target` when there is none.
 * @param {HTMLElement} target
 * @param {unknown} [error]
 */
export function showError(target, error) {
  target.hidden = error === undefined;
  target.textContent = error instanceof Error ? sentence(error.message) : "";
}

/**
 * Capitalizes a text and ends it with a full stop.
 * @param {string} text
 */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let toastTimer;

/**
 * Shows a short message, which screen readers also read out.
 * @param {string} text
 * @param {{ label: string, run: () => void }} [action]
 */
export function toast(text, action) {
  const button = byId("toast-action");
  byId("toast-text").textContent = text;
  button.hidden = !action;
  button.textContent = action?.label ?? "";
  button.onclick = () => (hideToast(), action?.run());
  byId("toast").classList.add("shown");
  clearTimeout(toastTimer);
  // The message stays while its button has the focus.
  const hide = () => {
    if (button.matches(":focus")) toastTimer = setTimeout(hide, 5_000);
    else hideToast();
  };
  toastTimer = setTimeout(hide, action ? 12_000 : 6_000);
}

export function hideToast() {
  byId("toast").classList.remove("shown");
  byId("toast-text").textContent = "";
  byId("toast-action").hidden = true;
}

/** Reads a text out with screen readers only. @param {string} text */
export function announce(text) {
  byId("progress-text").textContent = text;
}

/** The pointers that are pressed. @type {Set<number>} */
const pressed = new Set();
/** @type {(() => void)[]} */
const onRelease = [];

/**
 * Resolves when no pointer is pressed. What changes the layout without an action of the user waits for this: a control that
 * moves between the press and the release of a pointer gets no click.
 * @returns {Promise<void>}
 */
export function released() {
  return pressed.size === 0 ? Promise.resolve() : new Promise((resolve) => onRelease.push(resolve));
}

addEventListener("pointerdown", ({ pointerId }) => pressed.add(pointerId), true);
for (const type of ["pointerup", "pointercancel", "blur"]) {
  addEventListener(
    type,
    (event) => {
      if (event instanceof PointerEvent) pressed.delete(event.pointerId);
      else if (event.target === window) pressed.clear();
      if (pressed.size > 0) return;
      // The click event follows the release in the same task.
      setTimeout(() => onRelease.splice(0).forEach((resolve) => resolve()));
    },
    true,
  );
}

/** Ends the last question with the answer in the dialog. */
let answered = () => {};

/**
 * Asks for confirmation in a dialog.
 * @param {string} title
 * @param {string} text
 * @param {string} yes The label of the confirming button.
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  // The event of the last answer can come after the next question.
  answered();
  dialog.returnValue = "no"; // the value after Escape
  dialog.showModal();
  return new Promise((resolve) => {
    answered = () => resolve(dialog.returnValue === "yes");
    dialog.onclose = () => dialog.open || answered();
  });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** @param {number} bytes */
export function size(bytes) {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toLocaleString("en", { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${UNITS[power]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** @param {string} time RFC 3339. */
export function day(time) {
  const date = new Date(time);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en", { day: "numeric", month: "short", year });
}
