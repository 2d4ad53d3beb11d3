import { CloakroomError } from "../../cloakroom.js";
import { day, fromTemplate, size } from "../dom.js";
import { pagedList } from "./paged.js";
import { fileCount } from "./status.js";

/** @import { Cloakroom } from "../../cloakroom.js" */
/** @import { ListedUpload } from "../../cloakroom/types.js" */

const ID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/**
 * Lets a seller choose the files of a product among the own stored uploads.
 * @param {Cloakroom} cloakroom
 * @param {(selector: string) => any} part
 * @param {AbortSignal} signal
 */
export function filePicker(cloakroom, part, signal) {
  /** The ids of the chosen files, in the order in which they were chosen. @type {Set<string>} */
  const chosen = new Set();
  /** The ids of files that buyers may have bought, which stay in the product. @type {Set<string>} */
  const fixed = new Set();

  function count() {
    part(".chosen").textContent = chosen.size === 0 ? "Choose at least one file." : `${fileCount(chosen.size)} chosen.`;
  }

  /** @param {HTMLInputElement} box @param {string} id */
  function reflect(box, id) {
    box.checked = chosen.has(id);
    box.disabled = fixed.has(id);
  }

  /**
   * @param {string} id
   * @param {string} name
   * @param {string} note
   */
  function choice(id, name, note) {
    const { element, part: inRow } = fromTemplate("file-choice");
    const box = inRow("input");
    box.value = id;
    inRow(".choice-name").textContent = name;
    inRow(".hint").textContent = note;
    reflect(box, id);
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(id);
      else chosen.delete(id);
      count();
    });
    return element;
  }

  /** @param {ListedUpload} upload */
  function row({ id, filename, size: bytes, status, storedAt, createdAt }) {
    if (status !== "stored") return null;
    return choice(id, filename, `${size(bytes ?? 0)}\u00a0· ${day(storedAt ?? createdAt)}`);
  }

  /** Lists chosen files that are not stored any more, so that they can be taken out. @param {Iterable<string>} ids */
  function listMissing(ids) {
    const list = part(".items");
    for (const id of ids) {
      if (!chosen.has(id) || list.querySelector(`[value="${id}"]`)) continue;
      list.append(choice(id, "Deleted file", "not stored"));
      part(".empty").hidden = true;
    }
  }

  return {
    /** Lists the uploads. */
    async start() {
      count();
      await pagedList(part, signal, { open: () => cloakroom.uploads.list({ limit: 50, signal }), key: ({ id }) => id, row });
      if (part(".more").hidden) listMissing(chosen);
    },
    /**
     * Chooses the files of a product.
     * @param {string[]} ids
     * @param {boolean} isPublished Whether the product was published, so that no file can be taken out of it.
     */
    choose(ids, isPublished) {
      for (const id of ids) chosen.add(id);
      fixed.clear();
      for (const id of isPublished ? ids : []) fixed.add(id);
      part(".fixed").hidden = !isPublished;
      for (const box of part(".items").querySelectorAll("input")) reflect(box, box.value);
      count();
    },
    chosen: () => [...chosen],
    /**
     * Shows the files that an error is about, and says what to do. Returns other errors unchanged.
     * @param {unknown} error
     */
    explain(error) {
      if (!isNotStored(error)) return error;
      listMissing(error.message.match(ID) ?? []);
      return new Error("Some of the files are not stored any more. Take the deleted files out of the list.");
    },
  };
}

/**
 * Whether an error says that files of a product are not stored. Its message has their ids.
 * @param {unknown} error
 * @returns {error is CloakroomError}
 */
export const isNotStored = (error) => error instanceof CloakroomError && error.code === "files_not_stored";
