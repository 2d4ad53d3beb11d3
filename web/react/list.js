import { CloakroomError } from "../cloakroom.js";
import { Store } from "./store.js";

/** @import { ListedUpload, Page, Uploads, UploadListOptions } from "../cloakroom.js" */

/**
 * @typedef {object} ListState
 * @property {ListedUpload[]} uploads Newest first; shared files by the time of sharing.
 * @property {boolean} isLoading
 * @property {boolean} hasMore Whether there are further pages; see `loadMore`.
 * @property {CloakroomError | null} error The error of the last call.
 */

/** @type {ListState} */
const EMPTY = { uploads: [], isLoading: false, hasMore: false, error: null };
/** Before the first page. */
export const LOADING = { ...EMPTY, isLoading: true };

/** The list of the signed-in user's files, or of those that others share, which all components have in common. */
export class UploadList {
  /** @type {Store<ListState>} */
  store;
  #uploads;
  #options;
  /** @type {string | null} */
  #user;
  /** Whether the first page was requested. */
  #isRequested = false;
  /** Increases with each refresh and change of the user: responses to requests before it are ignored. */
  #round = 0;
  /** @type {string | null | undefined} The cursor of the next page. */
  #cursor = null;
  /** @type {Map<string, ListedUpload>} Files that were stored since the refresh. */
  #added = new Map();
  /** @type {Set<string>} Files that were removed since the refresh. */
  #removed = new Set();
  /** @type {Set<string>} Files that are being deleted. */
  #deleting = new Set();

  /**
   * @param {Uploads} uploads
   * @param {UploadListOptions} options
   * @param {string | null} user The signed-in user's id.
   */
  constructor(uploads, options, user) {
    this.#uploads = uploads;
    this.#options = options;
    this.#user = user;
    this.store = new Store(user ? LOADING : EMPTY);
  }

  /** @param {() => void} listener */
  subscribe = (listener) => {
    const unsubscribe = this.store.subscribe(listener);
    if (!this.#isRequested) void this.refresh();
    return unsubscribe;
  };

  /** Shows the files of another user. @param {string | null} user */
  setUser(user) {
    this.#user = user;
    this.#round++;
    this.#isRequested = false;
    this.store.set(user ? LOADING : EMPTY);
    if (this.store.isUsed) void this.refresh();
  }

  /** Loads the first page again. */
  refresh = async () => {
    if (!this.#user) return;
    this.#isRequested = true;
    this.#round++;
    this.#cursor = null;
    this.#added.clear();
    this.#removed = new Set(this.#deleting);
    await this.#load([]);
  };

  /** Loads the next page. */
  loadMore = async () => {
    const { hasMore, isLoading, uploads } = this.store.get();
    if (hasMore && !isLoading) await this.#load(uploads);
  };

  /**
   * Removes a file from the list at once and deletes it. If that fails, the file appears again.
   * @param {string} id
   * @returns {Promise<boolean>} Whether the file is deleted.
   */
  remove = async (id) => {
    const user = this.#user;
    const removed = this.store.get().uploads.filter((upload) => upload.id === id);
    this.#removed.add(id);
    this.#deleting.add(id);
    this.#show(this.store.get().uploads, { error: null });
    try {
      await this.#uploads.delete(id);
      return true;
    } catch (error) {
      if (!(error instanceof CloakroomError)) throw error;
      this.#removed.delete(id);
      if (user === this.#user) this.#show(merged(removed, this.store.get().uploads), { error });
      return false;
    } finally {
      this.#deleting.delete(id);
    }
  };

  /** Shows a file of the signed-in user that was just stored. @param {ListedUpload} upload */
  add(upload) {
    if (this.#options.shared) return;
    if (!this.#isRequested) return; // the first page will have it
    this.#added.set(upload.id, upload);
    this.#show(merged(this.store.get().uploads, [upload]));
  }

  /** Loads the page at the cursor. @param {ListedUpload[]} before The files of the pages before. */
  async #load(before) {
    const round = this.#round;
    this.#change({ isLoading: true, error: null });
    try {
      const page = await this.#uploads.list(this.#options).page(this.#cursor);
      if (round !== this.#round) return;
      this.#cursor = page.next;
      // The page may be older than what was stored and removed during the request.
      this.#show(merged(merged(before, page.items), this.#added.values()), { isLoading: false, hasMore: page.next != null });
    } catch (error) {
      if (!(error instanceof CloakroomError)) throw error;
      if (round === this.#round) this.#change({ isLoading: false, error });
    }
  }

  /**
   * @param {ListedUpload[]} uploads
   * @param {Partial<ListState>} [changes]
   */
  #show(uploads, changes) {
    this.#change({ uploads: uploads.filter(({ id }) => !this.#removed.has(id)), ...changes });
  }

  /** @param {Partial<ListState>} changes */
  #change(changes) {
    this.store.set({ ...this.store.get(), ...changes });
  }
}

/**
 * Merges two lists, newest first. The second has the newer records. Of two shares of one file, the newest counts.
 * @param {Iterable<ListedUpload>} older
 * @param {Iterable<ListedUpload>} newer
 */
function merged(older, newer) {
  /** @type {Map<string, ListedUpload>} */
  const byId = new Map();
  for (const upload of [...older, ...newer]) {
    const known = byId.get(upload.id)?.sharedAt;
    if (!known || known <= (upload.sharedAt ?? "")) byId.set(upload.id, upload);
  }
  return [...byId.values()].sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
}

/** The time that a file is sorted by. @param {ListedUpload} upload */
const timeOf = ({ sharedAt, createdAt }) => sharedAt ?? createdAt;
