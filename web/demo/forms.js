import { CloakroomError } from "../cloakroom.js";
import { sentence, showError } from "./dom.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

/**
 * Sends a form by script, one submission at a time, and shows errors next to their fields. An input's name is the JSON
 * Pointer of its value without the first slash.
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>, action: string) => Promise<void>} send `action`: the value of the button.
 */
export function onSubmit(form, send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    clear(form);
    const empty = inputs(form).filter((input) => input.required && input.value === "");
    for (const input of empty) mark(input, "Please fill in this field.");
    if (empty.length > 0) return empty[0].focus();
    form.setAttribute("aria-busy", "true");
    try {
      const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
      await send(Object.fromEntries(inputs(form).map((input) => [input.name, input.value])), button?.value ?? "");
    } catch (error) {
      showErrors(form, error);
    } finally {
      form.removeAttribute("aria-busy");
    }
  });
}

/** Removes all errors from a form. @param {HTMLFormElement} form */
export function clear(form) {
  showError(summary(form));
  for (const input of inputs(form)) mark(input, "");
}

/**
 * Shows field errors next to their fields and other errors above the form.
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
function showErrors(form, error) {
  const fields = error instanceof CloakroomError ? error.errors : [];
  /** @type {Field[]} */
  const marked = [];
  for (const { pointer, detail } of fields) {
    const input = inputs(form).find(({ name }) => `/${name}` === pointer);
    if (!input) continue;
    mark(input, sentence(detail));
    marked.push(input);
  }
  // The summary is not needed when every error is shown at a field.
  if (fields.length === 0 || marked.length < fields.length) showError(summary(form), error);
  marked[0]?.focus();
}

/**
 * Shows or removes the error of one field.
 * @param {Field} input
 * @param {string} text Empty removes the error.
 */
function mark(input, text) {
  const id = `${input.form?.id}-${input.name.replace("/", "-")}-error`;
  const described = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  let note = document.getElementById(id);
  if (text === "") {
    note?.remove();
    described.delete(id);
    input.removeAttribute("aria-invalid");
  } else {
    note ??= Object.assign(document.createElement("span"), { id, className: "field-error" });
    note.textContent = text;
    input.after(note);
    described.add(id);
    input.setAttribute("aria-invalid", "true");
  }
  if (described.size > 0) input.setAttribute("aria-describedby", [...described].join(" "));
  else input.removeAttribute("aria-describedby");
}

/** @param {HTMLFormElement} form @returns {HTMLElement} */
function summary(form) {
  return /** @type {HTMLElement} */ (form.querySelector(".form-error"));
}

/** @param {HTMLFormElement} form */
function inputs(form) {
  /** @type {NodeListOf<Field>} */
  const all = form.querySelectorAll("input, textarea");
  return [...all].filter(({ name }) => name !== "");
}

/**
 * Makes tabs work with the keyboard: arrow keys select a tab, and only the selected tab is in the tab order.
 * @param {HTMLElement} list
 */
export function tabs(list) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const choose = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = tab !== chosen;
    }
  };
  list.addEventListener("click", (event) => {
    const tab = all.find((each) => each.contains(/** @type {Node} */ (event.target)));
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", ({ key }) => {
    const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    const current = all.findIndex((tab) => tab.tabIndex === 0);
    const next = all[(current + step + all.length) % all.length];
    if (step !== 0) choose(next), next.focus();
  });
}
