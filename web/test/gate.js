/** Holds what waits for it, until it is released. */
export function gate() {
  let release = () => {};
  /** @type {Promise<void>} */
  const held = new Promise((resolve) => (release = resolve));
  return { held, release };
}
