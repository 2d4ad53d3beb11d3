import { byId, day, fromTemplate, showError } from "./dom.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { User } from "../cloakroom/types.js" */

/**
 * Lists the other users, one page at a time.
 * @param {Cloakroom} cloakroom
 */
export function people(cloakroom) {
  const list = byId("people");
  const more = byId("people-more");
  let pages = cloakroom.users({ limit: 8 }).pages();

  async function showPage() {
    const current = pages;
    more.disabled = true;
    showError(byId("people-error"));
    try {
      const { value, done } = await current.next();
      if (current !== pages || done) return; // the list was restarted
      const rows = value.items.map(row);
      list.append(...rows);
      byId("people-empty").hidden = list.children.length > 0;
      more.hidden = value.next === null;
    } catch (error) {
      if (current !== pages) return;
      showError(byId("people-error"), error);
      // A generator that has thrown cannot continue.
      pages = cloakroom.users({ limit: 8 }).pages();
      more.hidden = false;
      list.replaceChildren();
    } finally {
      more.disabled = false;
    }
  }
  more.addEventListener("click", showPage);

  return {
    start() {
      this.clear();
      return showPage();
    },
    clear() {
      list.replaceChildren();
      byId("people-empty").hidden = true;
      more.hidden = true;
      pages = cloakroom.users({ limit: 8 }).pages();
    },
  };
}

/** @param {User} user */
function row(user) {
  const { element, part } = fromTemplate("person");
  const words = user.name.trim().split(/\s+/);
  // Takes code points, so that surrogate pairs stay whole.
  part(".initials").textContent = [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => [...word][0] ?? "").join("").toUpperCase();
  part(".person-name").textContent = user.name;
  part(".person-since").textContent = day(user.createdAt);
  part(".person-since").dateTime = user.createdAt;
  return element;
}
