/**
 * A value that components read with `useSyncExternalStore`.
 * @template T
 */
export declare class Store<T> {
    #private;
    /** @param {T} value */
    constructor(value: T);
    get: () => T;
    /** @param {T} value */
    set(value: T): void;
    /** Whether any component reads the value. */
    get isUsed(): boolean;
    /** @param {() => void} listener */
    subscribe: (listener: () => void) => () => undefined;
}
