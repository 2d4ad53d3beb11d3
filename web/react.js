"use client";

// The React hooks, as `cloakroom/react`. They need React 18 or later.
export { CloakroomProvider, useCloakroom } from "./react/provider.js";
export { useSession } from "./react/session.js";
export { useUpload } from "./react/upload.js";
export { useUploads } from "./react/uploads.js";

/**
 * The types that applications can import.
 *
 * @typedef {import("./react/session.js").SessionHook} SessionHook
 * @typedef {import("./react/upload.js").UploadHook} UploadHook
 * @typedef {import("./react/uploads.js").UploadsHook} UploadsHook
 * @typedef {import("./react/uploads.js").UploadsOptions} UploadsOptions
 */
