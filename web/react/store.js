/**
 * A value that components read with `useSyncExternalStore`.
 * @template T
 */
export class Store {
  #value;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  get = () => this.#value;

  /** @param {T} value */
  set(value) {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Whether any component reads the value. */
  get isUsed() {
    return this.#listeners.size > 0;
  }

  /** @param {() => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}
