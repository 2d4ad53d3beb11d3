import type { ReactElement, ReactNode } from "react";
import type { Cloakroom } from "../cloakroom.js";
import type { Shared } from "./shared.js";
/**
 * Provides a client to the hooks below it, and restores the session of an earlier page.
 * @param {object} props
 * @param {Cloakroom} props.client Create it once, outside of components.
 * @param {ReactNode} [props.children]
 * @returns {ReactElement}
 */
export declare function CloakroomProvider({ client, children }: {
    client: Cloakroom;
    children?: ReactNode;
}): ReactElement;
/** Returns the client of the nearest `CloakroomProvider`. @returns {Cloakroom} */
export declare function useCloakroom(): Cloakroom;
/** Returns the shared state of the nearest `CloakroomProvider`. */
export declare function useShared(): Shared;
