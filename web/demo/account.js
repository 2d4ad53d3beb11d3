import { CloakroomError } from "../cloakroom.js";
import { byId, confirmed, showError, toast } from "./dom.js";
import { clear, onSubmit, tabs } from "./forms.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { VersionedUser } from "../cloakroom/types.js" */

/**
 * The door: sign in and sign up.
 * @param {Cloakroom} cloakroom
 * @param {import("./letters.js").Letters} mail
 */
export function door(cloakroom, mail) {
  tabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")));
  onSubmit(byId("sign-in"), async ({ email, password }) => {
    await cloakroom.signIn(email, password);
    byId("sign-in").reset();
  });
  onSubmit(byId("sign-up"), async ({ name, email, password }) => {
    const user = await cloakroom.signUp({ name, email, password });
    if (user) await cloakroom.signIn(email, password);
    else mail.sent("Look into your mailbox", "A mail is on its way there. Its link finishes the sign-up.");
    byId("sign-up").reset();
  });
}

/**
 * Profile, password, leaving.
 * @param {Cloakroom} cloakroom
 */
export function account(cloakroom) {
  const form = /** @type {HTMLFormElement} */ (byId("profile"));
  /** @type {VersionedUser | null} */
  let shown = null;

  /** @param {VersionedUser} versioned */
  function show(versioned) {
    shown = versioned;
    const { name, profile = {} } = versioned.user;
    const { firstName = "", lastName = "", city = "", age = "" } = profile;
    fill({ name, "profile/firstName": firstName, "profile/lastName": lastName, "profile/city": city, "profile/age": String(age) });
  }

  /** @param {Record<string, string>} values */
  function fill(values) {
    for (const input of form.querySelectorAll("input")) input.value = values[input.name] ?? "";
  }

  onSubmit(form, async (values) => {
    const { firstName, lastName, city, age } = Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace("profile/", ""), value.trim() || null]));
    // What is no number is sent as it is: the server says what would be right.
    const profile = { firstName, lastName, city, age: /** @type {any} */ (age !== null && /^\d+$/.test(age) ? Number(age) : age) };
    try {
      show(await cloakroom.updateMe({ name: values.name, profile }, { ifMatch: shown?.etag }));
      toast("Your profile is saved.");
    } catch (error) {
      if (!(error instanceof CloakroomError) || error.status !== 412) throw error;
      show(await cloakroom.me());
      throw new Error("Your profile was changed elsewhere meanwhile. This is what it says now; please make your change again.");
    }
  });

  onSubmit(byId("password"), async ({ currentPassword, newPassword }) => {
    await cloakroom.changePassword(currentPassword, newPassword);
    byId("password").reset();
    toast("Your password is changed.");
  });

  onSubmit(byId("leave"), async ({ password }) => {
    if (!(await confirmed("Delete your account?", "Your profile goes, and you can’t get at your files any more.", "Delete account"))) return;
    await cloakroom.deleteMe(password);
  });

  byId("everywhere").addEventListener("click", async () => {
    showError(byId("everywhere-error"));
    await cloakroom.signOut({ everywhere: true }).catch((error) => showError(byId("everywhere-error"), error));
  });
  byId("sign-out").addEventListener("click", () => cloakroom.signOut());

  return {
    async start() {
      clear(form);
      try {
        show(await cloakroom.me());
        byId("password").elements.username.value = shown?.user.email ?? "";
      } catch (error) {
        showError(/** @type {HTMLElement} */ (form.querySelector(".form-error")), error);
      }
    },
    /** Leaves nothing of one person to the next. */
    clear() {
      shown = null;
      fill({});
      for (const id of ["profile", "password", "leave"]) byId(id).reset(), clear(byId(id));
      byId("account").open = false;
    },
  };
}
