/** @import { StorageLike } from "./types.js" */

/**
 * Stores items in memory until the page is closed. Used when localStorage is not available: in Node, or when the browser
 * blocks it.
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

/** Returns localStorage, or a memory storage when it is not available. @returns {StorageLike} */
export function defaultStorage() {
  try {
    // Reading the property throws when storage is blocked. Node 22 has a localStorage that does not work.
    if (typeof window !== "undefined" && window.localStorage) return window.localStorage;
  } catch {
    // treated as not available
  }
  return new MemoryStorage();
}

/**
 * Runs `task` while holding a lock that all tabs of this origin share. Without Web Locks (old browsers, plain http) it runs
 * without a lock: the server tolerates two tabs that refresh at the same time.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export async function withLock(name, task) {
  const locks = globalThis.navigator?.locks;
  return locks ? await locks.request(name, task) : await task();
}

/**
 * Acquires a lock and holds it until `release` is called or the page is closed.
 * @param {string} name
 * @returns {Promise<(() => void) | null>} `release`, or `null` when another tab has the lock.
 */
export function holdLock(name) {
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

/** Lists the names of all locks held in any tab. */
export async function heldLocks() {
  const state = await globalThis.navigator?.locks?.query();
  return new Set(state?.held?.map((lock) => lock.name));
}
