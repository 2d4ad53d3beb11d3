/** @import { StorageLike } from "./types.js" */

/**
 * Keeps nothing beyond the page. Used where there is no localStorage: in Node, or when the browser forbids it.
 * @implements {StorageLike}
 */
export class MemoryStorage {
  /** @type {Map<string, string>} */
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }
}

/** @returns {StorageLike} */
export function defaultStorage() {
  try {
    // Reading the property throws where storage is blocked; Node 22 has one that does not work.
    if (typeof window !== "undefined" && window.localStorage) return window.localStorage;
  } catch {
    // as if there were none
  }
  return new MemoryStorage();
}

/**
 * Runs `task` while no other tab of this origin runs one under the same name. Without Web Locks (old browsers, plain
 * http) it just runs: the server bears two tabs that refresh at once.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export async function exclusively(name, task) {
  const locks = globalThis.navigator?.locks;
  return locks ? await locks.request(name, task) : await task();
}

/**
 * Takes a lock until `release` is called or the page is gone.
 * @param {string} name
 * @returns {Promise<(() => void) | null>} `release`, or `null` when another tab has the lock.
 */
export function hold(name) {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(null);
        return new Promise((release) => resolve(() => release(undefined)));
      })
      .catch(reject);
  });
}

/** The names of all locks that some tab holds. */
export async function heldLocks() {
  const state = await globalThis.navigator?.locks?.query();
  return new Set(state?.held?.map((lock) => lock.name));
}
