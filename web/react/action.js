import { useCallback, useState } from "react";
import { CloakroomError } from "../cloakroom.js";

/**
 * Runs calls of the client and keeps the error of the last one. `run` resolves to `null` when the call fails or is cancelled,
 * so that event handlers need no try and catch.
 */
export function useAction() {
  const [state, setState] = useState({ error: /** @type {CloakroomError | null} */ (null), running: 0 });
  const run = useCallback(
    /** @template T @param {() => Promise<T>} call @returns {Promise<T | null>} */
    async (call) => {
      setState(({ running }) => ({ error: null, running: running + 1 }));
      /** @type {CloakroomError | null} */
      let failure = null;
      try {
        return await call();
      } catch (error) {
        if (error instanceof CloakroomError) failure = error;
        else if (!isAbort(error)) throw error;
        return null;
      } finally {
        setState(({ error, running }) => ({ error: failure ?? error, running: running - 1 }));
      }
    },
    [],
  );
  return { error: state.error, isPending: state.running > 0, run };
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";
