/**
 * Shows the API document, and sends requests to the system that serves it.
 *
 * Swagger UI is in vendor/ (docs/adr/0043-the-reference-page.md).
 */

const { SwaggerUIBundle } = /** @type {any} */ (globalThis);

/** The operations whose responses have an access token. */
const ISSUERS = new Set(["/signin", "/session/refresh"]);

const dark = matchMedia("(prefers-color-scheme: dark)");
const setScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", setScheme);
setScheme();

const ui = SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Neither a service on the internet nor the browser's storage learns what is sent.
  validatorUrl: null,
  persistAuthorization: false,
  responseInterceptor: useAccessToken,
  plugins: [withoutNestedLinks],
});

new MutationObserver(() => describe(document)).observe(document.body, { childList: true, subtree: true });

/**
 * Uses the access token of a sign-in for later requests.
 * @param {{ ok: boolean, url: string, obj?: { accessToken?: string } }} response
 */
function useAccessToken(response) {
  const token = response.obj?.accessToken;
  if (response.ok && token && ISSUERS.has(new URL(response.url, location.href).pathname)) {
    ui.preauthorizeApiKey("access_token", token);
  }
  return response;
}

/**
 * A plugin that shows the path of an operation as text: Swagger UI puts a link into a button, which screen readers cannot read.
 * @param {{ React: any }} system
 */
function withoutNestedLinks({ React }) {
  const DeepLink = () => (/** @type {{ text: unknown }} */ { text }) => React.createElement("span", null, text);
  return { wrapComponents: { DeepLink } };
}

/**
 * Adds what screen readers and keyboards need and Swagger UI leaves out.
 * @param {Document} page
 */
function describe(page) {
  for (const [selector, name] of [[".information-container", "About the API"], [".scheme-container", "Server and access token"]]) {
    set(page, selector, "role", "region");
    set(page, selector, "aria-label", name);
  }
  // The page has a heading of its own above the title.
  set(page, "h1.title", "aria-level", "2");
  set(page, "#servers", "aria-label", "Server");
  set(page, ".examples-select-element", "aria-label", "Example");
  set(page, "textarea:not([aria-label])", "aria-label", "Request body");
  // Without a tab stop, a keyboard cannot scroll it.
  set(page, "pre.microlight", "tabindex", "0");
}

/** @param {Document} page @param {string} selector @param {string} name @param {string} value */
function set(page, selector, name, value) {
  for (const element of page.querySelectorAll(selector)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}
