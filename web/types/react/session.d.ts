import type { Cancellable, CloakroomError, SessionReason, SessionState, SignUpRequest, User } from "../cloakroom.js";
export type SessionHook = {
    /**
     * `unknown` until the session of an earlier page is restored, and on a server.
     */
    status: SessionState["status"];
    user: User | null;
    /**
     * The cause of the last change of the session.
     */
    reason: SessionReason | null;
    /**
     * The error of the last call of this hook, or of the restoration.
     */
    error: CloakroomError | null;
    /**
     * Whether a call of this hook is running.
     */
    isPending: boolean;
    /**
     * Resolves to `null` when it fails.
     */
    signIn: (email: string, password: string, options?: Cancellable) => Promise<User | null>;
    /**
     * Creates an
     * account and signs in, unless the user must first follow a link in an e-mail. Resolves to `null` when it fails.
     */
    signUp: (account: SignUpRequest, options?: Cancellable) => Promise<"signedIn" | "verificationPending" | null>;
    signOut: (options?: Cancellable & {
        everywhere?: boolean;
    }) => Promise<void>;
    /**
     * Restores the session again, after a failure.
     */
    restore: () => Promise<void>;
};
/**
 * The session of this browser. Its functions do not reject: see `error`.
 * @returns {SessionHook}
 */
export declare function useSession(): SessionHook;
