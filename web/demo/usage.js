import { CloakroomError } from "../cloakroom.js";
import { byId, released, size } from "./dom.js";

/** @import { Cloakroom } from "../cloakroom.js" */

/** @typedef {ReturnType<typeof usageMeter>} UsageMeter */

/**
 * Shows how much of the quota is used.
 * @param {Cloakroom} cloakroom
 */
export function usageMeter(cloakroom) {
  const meter = byId("usage-meter");
  let latest = 0;

  return {
    /** Gets the usage and shows it. Hides the meter if there is no response: the files are more important. */
    async refresh() {
      const number = ++latest;
      const usage = await cloakroom.uploads.usage().catch(() => null);
      await released();
      if (number !== latest) return; // a later request is running
      byId("usage").hidden = usage === null;
      if (!usage) return;
      meter.max = usage.quota;
      meter.high = usage.quota * 0.9;
      meter.value = usage.used;
      const kept = usage.kept > 0 ? ` ${size(usage.kept)} of deleted files are kept in addition.` : "";
      byId("usage-text").textContent = `${size(usage.used)} of ${size(usage.quota)} used.${kept}`;
    },
    clear() {
      latest++;
      byId("usage").hidden = true;
      byId("usage-text").textContent = "";
    },
    /**
     * Adds the limit and the use to an error about the quota, and returns other errors unchanged.
     * @param {unknown} error
     * @param {number} bytes The size of the file.
     */
    async explain(error, bytes) {
      if (!(error instanceof CloakroomError) || error.code !== "quota_exceeded") return error;
      const usage = await cloakroom.uploads.usage().catch(() => null);
      if (!usage) return error;
      const { used, quota } = usage;
      if (bytes > quota) return new Error(`This file has ${size(bytes)}, and the limit for all your files is ${size(quota)}. Choose a smaller file.`);
      const free = size(Math.max(0, quota - used));
      const advice = "Delete files or discard unfinished uploads to free room.";
      return new Error(`There is no room for this file of ${size(bytes)}: ${size(used)} of ${size(quota)} are in use, ${free} are free. ${advice}`);
    },
  };
}
