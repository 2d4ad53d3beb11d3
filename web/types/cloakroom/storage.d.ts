/** @import { StorageLike } from "./types.js" */
import type { StorageLike } from "./types.js";
/**
 * Stores items in memory until the page is closed. Used when localStorage is not available: in Node, or when the browser
 * blocks it.
 * @implements {StorageLike}
 */
export declare class MemoryStorage implements StorageLike {
    #private;
    get length(): number;
    /** @param {number} index */
    key(index: number): string;
    /** @param {string} key */
    getItem(key: string): string | null;
    /**
     * @param {string} key
     * @param {string} value
     */
    setItem(key: string, value: string): void;
    /** @param {string} key */
    removeItem(key: string): void;
}
/** Returns localStorage, or a memory storage when it is not available. @returns {StorageLike} */
export declare function defaultStorage(): StorageLike;
/**
 * Runs `task` while holding a lock that all tabs of this origin share. Without Web Locks (old browsers, plain http) it runs
 * without a lock: the server tolerates two tabs that refresh at the same time.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export declare function withLock<T>(name: string, task: () => Promise<T>): Promise<T>;
/**
 * Acquires a lock and holds it until `release` is called or the page is closed.
 * @param {string} name
 * @returns {Promise<(() => void) | null>} `release`, or `null` when another tab has the lock.
 */
export declare function holdLock(name: string): Promise<(() => void) | null>;
/** Lists the names of all locks held in any tab. */
export declare function heldLocks(): Promise<Set<string | undefined>>;
