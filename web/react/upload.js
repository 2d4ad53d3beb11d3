import { useCallback, useState, useSyncExternalStore } from "react";
import { useShared } from "./provider.js";
import { UploadTask } from "./task.js";

/** @import { StoredUpload, UploadOptions } from "../cloakroom.js" */
/** @import { TaskState } from "./task.js" */

/**
 * @typedef {object} UploadActions
 * @property {(file: File, options?: UploadOptions) => Promise<StoredUpload | null>} start Uploads a file; resolves to `null` when
 *   the upload fails or is cancelled. Rejects while another file is being uploaded.
 * @property {() => void} pause
 * @property {() => void} resume
 * @property {() => Promise<void>} cancel Also deletes what was uploaded.
 * @property {() => void} reset Sets a finished upload back to `idle`.
 *
 * @typedef {TaskState & UploadActions} UploadHook
 */

/**
 * Uploads one file at a time. For several files at once, use the hook in a component for each file. The upload continues when
 * the component is unmounted, and its file appears in `useUploads`.
 * @returns {UploadHook}
 */
export function useUpload() {
  const shared = useShared();
  const [task] = useState(() => new UploadTask());
  const state = useSyncExternalStore(task.store.subscribe, task.store.get, task.store.get);
  /** @type {UploadHook["start"]} */
  const start = useCallback((file, options) => task.start(shared, file, options), [shared, task]);
  return { ...state, start, pause: task.pause, resume: task.resume, cancel: task.cancel, reset: task.reset };
}
