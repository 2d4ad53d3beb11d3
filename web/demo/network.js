/** Whether the browser has no network. `onLine` is reliable only when it is false. */
export const isOffline = () => navigator.onLine === false;

/**
 * Calls `listener` whenever the browser goes offline or is online again.
 * @param {(offline: boolean) => void} listener
 * @returns {() => void} Removes the listener.
 */
export function onNetworkChange(listener) {
  const stop = new AbortController();
  addEventListener("offline", () => listener(true), { signal: stop.signal });
  addEventListener("online", () => listener(false), { signal: stop.signal });
  return () => stop.abort();
}

/** Shows a banner while the browser is offline. @param {HTMLElement} banner */
export function offlineBanner(banner) {
  // A status region must exist before its text changes, or screen readers do not announce the text.
  const text = banner.textContent ?? "";
  const show = (/** @type {boolean} */ offline) => {
    banner.classList.toggle("shown", offline);
    banner.textContent = offline ? text : "";
  };
  show(isOffline());
  onNetworkChange(show);
}
