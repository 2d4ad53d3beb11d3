import { useCallback, useSyncExternalStore } from "react";
import { useAction } from "./action.js";
import { useShared } from "./provider.js";

/** @import { Cancellable, CloakroomError, SessionReason, SessionState, SignUpRequest, User } from "../cloakroom.js" */

/**
 * @typedef {object} SessionHook
 * @property {SessionState["status"]} status `unknown` until the session of an earlier page is restored, and on a server.
 * @property {User | null} user
 * @property {SessionReason | null} reason The cause of the last change of the session.
 * @property {CloakroomError | null} error The error of the last call of this hook, or of the restoration.
 * @property {boolean} isPending Whether a call of this hook is running.
 * @property {(email: string, password: string, options?: Cancellable) => Promise<User | null>} signIn Resolves to `null` when it fails.
 * @property {(account: SignUpRequest, options?: Cancellable) => Promise<"signedIn" | "verificationPending" | null>} signUp Creates an
 *   account and signs in, unless the user must first follow a link in an e-mail. Resolves to `null` when it fails.
 * @property {(options?: Cancellable & { everywhere?: boolean }) => Promise<void>} signOut
 * @property {() => Promise<void>} restore Restores the session again, after a failure.
 */

/** @type {SessionState} */
const UNKNOWN = { status: "unknown", user: null, reason: null };
const unknown = () => UNKNOWN;
const none = () => null;

/**
 * The session of this browser. Its functions do not reject: see `error`.
 * @returns {SessionHook}
 */
export function useSession() {
  const shared = useShared();
  const { client, session, restoreError, restore } = shared;
  const { status, user, reason } = useSyncExternalStore(session.subscribe, session.get, unknown);
  const notRestored = useSyncExternalStore(restoreError.subscribe, restoreError.get, none);
  const { error, isPending, run } = useAction();

  /** @type {SessionHook["signIn"]} */
  const signIn = useCallback((email, password, options) => run(() => client.signIn(email, password, options)), [client, run]);

  /** @type {SessionHook["signUp"]} */
  const signUp = useCallback(
    (account, options) =>
      run(async () => {
        if (!(await client.signUp(account, options))) return "verificationPending";
        await client.signIn(account.email, account.password, options);
        return "signedIn";
      }),
    [client, run],
  );

  /** @type {SessionHook["signOut"]} */
  const signOut = useCallback(async (options) => void (await run(() => client.signOut(options))), [client, run]);

  return { status, user, reason, error: error ?? notRestored, isPending, signIn, signUp, signOut, restore };
}
