export { CloakroomProvider, useCloakroom } from "./react/provider.js";
export { useSession } from "./react/session.js";
export { useUpload } from "./react/upload.js";
export { useUploads } from "./react/uploads.js";
export type SessionHook = import("./react/session.js").SessionHook;
export type UploadHook = import("./react/upload.js").UploadHook;
export type UploadsHook = import("./react/uploads.js").UploadsHook;
export type UploadsOptions = import("./react/uploads.js").UploadsOptions;
/**
 * The types that applications can import.
 *
 * @typedef {import("./react/session.js").SessionHook} SessionHook
 * @typedef {import("./react/upload.js").UploadHook} UploadHook
 * @typedef {import("./react/uploads.js").UploadsHook} UploadsHook
 * @typedef {import("./react/uploads.js").UploadsOptions} UploadsOptions
 */
