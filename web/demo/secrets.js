/** Adds a button to each password field that shows what is typed. */
export function showPasswordButtons() {
  for (const input of document.querySelectorAll("label > input[type=password]")) addButton(/** @type {HTMLInputElement} */ (input));
}

/** @param {HTMLInputElement} input */
function addButton(input) {
  const label = /** @type {HTMLLabelElement} */ (input.closest("label"));
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("reveal"));
  const button = /** @type {HTMLButtonElement} */ (template.content.firstElementChild?.cloneNode(true));
  button.setAttribute("aria-label", `Show ${label.textContent?.trim().toLowerCase()}`);
  // Beside the label, not in it: a click on a label goes to its field, and the button would be part of the field's name.
  const field = document.createElement("div");
  field.className = "secret";
  label.replaceWith(field);
  field.append(label, button);

  const show = (/** @type {boolean} */ shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // Browsers offer to save a password only from a password field.
  for (const event of ["submit", "reset"]) input.form?.addEventListener(event, () => show(false), true);
}
