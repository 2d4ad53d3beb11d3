import { CloakroomError } from "../cloakroom.js";
import { Store } from "./store.js";
import { UploadList } from "./list.js";

/** @import { Cloakroom, SessionState, StoredUpload, UploadListOptions } from "../cloakroom.js" */

/** The state of a client that all components share. */
export class Shared {
  /** @type {Store<CloakroomError | null>} The error of the last `restore`. */
  restoreError = new Store(/** @type {CloakroomError | null} */ (null));
  /** @type {Store<SessionState>} */
  session;
  /** @type {Map<string, UploadList>} By the kind of list and the number of files per page. */
  #lists = new Map();

  /** @param {Cloakroom} client */
  constructor(client) {
    this.client = client;
    this.session = new Store(client.session);
    // The lists change first, so that no component shows the files of another user.
    client.onSessionChange((session) => {
      const { user } = this.session.get();
      if (user?.id !== session.user?.id) this.#lists.forEach((list) => list.setUser(session.user?.id ?? null));
      this.session.set(session);
    });
  }

  /** Restores the session of an earlier page. Never rejects: the error is in `restoreError`. */
  restore = async () => {
    this.restoreError.set(null);
    try {
      await this.client.restore();
    } catch (error) {
      if (!(error instanceof CloakroomError)) throw error;
      this.restoreError.set(error);
    }
  };

  /**
   * Returns the list of this kind with this many files per page.
   * @param {number} limit
   * @param {UploadListOptions["shared"]} [kind] Default: the signed-in user's own files.
   */
  list(limit, kind) {
    const key = `${kind ?? "own"} ${limit}`;
    let list = this.#lists.get(key);
    if (!list) {
      list = new UploadList(this.client.uploads, { limit, shared: kind }, this.client.session.user?.id ?? null);
      this.#lists.set(key, list);
    }
    return list;
  }

  /** Shows a new file in all lists of own files. @param {StoredUpload} upload */
  add(upload) {
    this.#lists.forEach((list) => list.add(upload));
  }
}

/** @type {WeakMap<Cloakroom, Shared>} */
const known = new WeakMap();

/** Returns the shared state of a client. @param {Cloakroom} client */
export function sharedOf(client) {
  let shared = known.get(client);
  if (!shared) {
    shared = new Shared(client);
    known.set(client, shared);
  }
  return shared;
}
