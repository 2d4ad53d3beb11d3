import { useMemo, useSyncExternalStore } from "react";
import { LOADING } from "./list.js";
import { useShared } from "./provider.js";

/** @import { StoredUpload, UploadListOptions } from "../cloakroom.js" */
/** @import { ListState } from "./list.js" */

/**
 * @typedef {object} UploadsOptions
 * @property {number} [limit] Files per page. Default: 50.
 * @property {StoredUpload["status"][]} [statuses] Which files to return. Default: only `stored` ones.
 * @property {UploadListOptions["shared"]} [shared] `with-me`: the files that other users share with the signed-in user. `remove` fails
 *   for them.
 *
 * @typedef {object} UploadsActions
 * @property {() => Promise<void>} refresh Loads the first page again.
 * @property {() => Promise<void>} loadMore Loads the next page.
 * @property {(id: string) => Promise<boolean>} remove Removes a file from the list at once and deletes it. If that fails, the file
 *   appears again, and the promise resolves to `false`.
 *
 * @typedef {ListState & UploadsActions} UploadsHook
 */

const loading = () => LOADING;

/**
 * The signed-in user's files, newest first, or those that others share with the user. All components with the same `limit` and
 * `shared` have one list. Its functions do not reject: see `error`.
 * @param {UploadsOptions} [options]
 * @returns {UploadsHook}
 */
export function useUploads({ limit = 50, statuses = ["stored"], shared } = {}) {
  const list = useShared().list(limit, shared);
  const { uploads, ...state } = useSyncExternalStore(list.subscribe, list.store.get, loading);
  const wanted = statuses.join();
  const filtered = useMemo(() => uploads.filter(({ status }) => wanted.split(",").includes(status)), [uploads, wanted]);
  return { ...state, uploads: filtered, refresh: list.refresh, loadMore: list.loadMore, remove: list.remove };
}
