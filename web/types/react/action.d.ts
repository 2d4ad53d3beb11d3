import { CloakroomError } from "../cloakroom.js";
/**
 * Runs calls of the client and keeps the error of the last one. `run` resolves to `null` when the call fails or is cancelled,
 * so that event handlers need no try and catch.
 */
export declare function useAction(): {
    error: CloakroomError | null;
    isPending: boolean;
    run: <T>(call: () => Promise<T>) => Promise<T | null>;
};
/** @param {unknown} error */
export declare const isAbort: (error: unknown) => boolean;
