import { CloakroomError } from "../cloakroom.js";
import { byId, day, fromTemplate, showError } from "./dom.js";
import { clear, onSubmit } from "./forms.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { Grantee, ReadGrant } from "../cloakroom/types.js" */

const EVERYONE = "everyone";
const ALL_USERS = "Everyone who is signed in";

/**
 * Lists who can read a file, and shares it.
 * @param {Cloakroom} cloakroom
 * @param {(text: string) => void} say Announces what was done.
 */
export function sharing(cloakroom, say) {
  const list = byId("grants");
  let id = "";

  /** Lists the grants again. @returns {Promise<boolean>} Whether the signed-in user owns the file. */
  async function show() {
    const current = id;
    /** @type {ReadGrant[]} */
    const grants = [];
    try {
      for await (const grant of cloakroom.uploads.grants(current)) grants.push(grant);
    } catch (error) {
      if (error instanceof CloakroomError && error.status === 404) return false;
      throw error;
    }
    const names = await Promise.all(grants.map(nameOf));
    if (current !== id) return false; // another file is shown
    list.replaceChildren(...grants.map((grant, index) => row(grant, names[index])));
    byId("grants-empty").hidden = grants.length > 0;
    byId("share-everyone").hidden = grants.some(({ grantee }) => grantee === EVERYONE);
    return true;
  }

  /** Lists the grants of a file again. @param {string} file @returns {Promise<boolean>} Whether this file is still shown. */
  async function showAgain(file) {
    if (file === id) await show();
    return file === id;
  }

  /** @param {ReadGrant} grant */
  async function nameOf({ grantee, email }) {
    if (!grantee) return email ?? "";
    if (grantee === EVERYONE) return ALL_USERS;
    return cloakroom.user(grantee).then(({ name }) => name, () => grantee);
  }

  /** @param {ReadGrant} grant @param {string} name */
  function row(grant, name) {
    const { element, part } = fromTemplate("grant");
    part(".grant-name").textContent = name;
    part(".grant-since").textContent = `since ${day(grant.grantedAt)}`;
    part("button").setAttribute("aria-label", `Stop sharing with ${name}`);
    part("button").addEventListener("click", async () => {
      const file = id;
      showError(byId("details-error"));
      try {
        await cloakroom.uploads.revoke(file, grant);
        if (!(await showAgain(file))) return;
        byId("share").elements.email.focus(); // the focused button was removed
        say(`No longer shared with: ${name}. Download links that were opened before work for up to an hour.`);
      } catch (error) {
        if (file === id) showError(byId("details-error"), error);
      }
    });
    return element;
  }

  /** @param {string} file @param {Grantee} grantee @param {string} name */
  async function share(file, grantee, name) {
    await cloakroom.uploads.grant(file, grantee);
    if (await showAgain(file)) say(`Shared with: ${name}.`);
  }

  // The field is named `email`, so that the API's error about the address appears at it.
  onSubmit(byId("share"), async ({ email: typed }) => {
    const [file, text] = [id, typed.trim()];
    if (text.includes("@")) await share(file, { email: text }, text);
    else await shareWithUser(file, text);
    if (file === id) byId("share").reset();
  });

  /** @param {string} file @param {string} userId */
  async function shareWithUser(file, userId) {
    // The API accepts the id of a user who does not exist, so that a typing error would not be noticed.
    const user = await cloakroom.user(userId).catch((error) => {
      if (!(error instanceof CloakroomError) || error.status !== 404) throw error;
      throw new Error("There is no user with this id. Enter an e-mail address, or the id in the user’s profile.");
    });
    await share(file, user.id, user.name);
  }
  byId("share-everyone").addEventListener("click", () => {
    showError(byId("details-error"));
    share(id, EVERYONE, ALL_USERS).catch((error) => showError(byId("details-error"), error));
  });

  /** Suggests the users that the API lists first. */
  async function suggest() {
    const { items } = await cloakroom.users({ limit: 100 }).page();
    byId("people-ids").replaceChildren(...items.map(({ id: value, name }) => Object.assign(document.createElement("option"), { value, label: name })));
  }

  return {
    /** @param {string} upload @returns {Promise<boolean>} Whether the signed-in user owns the file. */
    start(upload) {
      this.clear();
      id = upload;
      suggest().catch(() => {}); // an id can also be typed
      return show();
    },
    clear() {
      id = "";
      list.replaceChildren();
      byId("share").reset();
      clear(byId("share"));
    },
  };
}
