import { createContext, createElement, useContext, useEffect } from "react";
import { sharedOf } from "./shared.js";

/** @import { ReactElement, ReactNode } from "react" */
/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { Shared } from "./shared.js" */

const Context = createContext(/** @type {Shared | null} */ (null));

/**
 * Provides a client to the hooks below it, and restores the session of an earlier page.
 * @param {object} props
 * @param {Cloakroom} props.client Create it once, outside of components.
 * @param {ReactNode} [props.children]
 * @returns {ReactElement}
 */
export function CloakroomProvider({ client, children }) {
  const shared = sharedOf(client);
  useEffect(() => void shared.restore(), [shared]);
  return createElement(Context.Provider, { value: shared }, children);
}

/** Returns the client of the nearest `CloakroomProvider`. @returns {Cloakroom} */
export function useCloakroom() {
  return useShared().client;
}

/** Returns the shared state of the nearest `CloakroomProvider`. */
export function useShared() {
  const shared = useContext(Context);
  if (!shared) throw new Error("There is no CloakroomProvider above this component. Add one.");
  return shared;
}
