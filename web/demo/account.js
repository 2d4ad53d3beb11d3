import { CloakroomError } from "../cloakroom.js";
import { byId, confirmed, showError, toast } from "./dom.js";
import { clear, onSubmit, tabs } from "./forms.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @import { VersionedUser } from "../cloakroom/types.js" */

/**
 * Handles the sign-in and sign-up forms.
 * @param {Cloakroom} cloakroom
 * @param {import("./mail.js").MailPage} mail
 */
export function signInPage(cloakroom, mail) {
  tabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")));
  onSubmit(byId("sign-in"), async ({ email, password }) => {
    await cloakroom.signIn(email, password);
    byId("sign-in").reset();
  });
  onSubmit(byId("sign-up"), async ({ name, email, password }) => {
    const user = await cloakroom.signUp({ name, email, password });
    if (user) await cloakroom.signIn(email, password);
    else mail.signUpPending(email);
    byId("sign-up").reset();
  });
}

/**
 * Handles the forms for profile, password, sign-out, export and account deletion.
 * @param {Cloakroom} cloakroom
 * @param {() => Promise<boolean>} maySignOut Asks before a sign-out that would stop uploads.
 */
export function account(cloakroom, maySignOut) {
  const form = /** @type {HTMLFormElement} */ (byId("profile"));
  /** @type {VersionedUser | null} */
  let shown = null;

  /** @param {VersionedUser} versioned */
  function show(versioned) {
    shown = versioned;
    const { id, name, profile = {} } = versioned.user;
    byId("own-id").textContent = id;
    const { firstName = "", lastName = "", city = "", age = "" } = profile;
    fill({ name, "profile/firstName": firstName, "profile/lastName": lastName, "profile/city": city, "profile/age": String(age) });
  }

  /** @param {Record<string, string>} values */
  function fill(values) {
    for (const input of form.querySelectorAll("input")) input.value = values[input.name] ?? "";
  }

  onSubmit(form, async (values) => {
    const { firstName, lastName, city, age } = Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace("profile/", ""), value.trim() || null]));
    // A value that is not a number is sent unchanged: the server returns the error.
    const profile = { firstName, lastName, city, age: /** @type {any} */ (age !== null && /^\d+$/.test(age) ? Number(age) : age) };
    try {
      show(await cloakroom.updateMe({ name: values.name, profile }, { ifMatch: shown?.etag }));
      toast("Your profile was saved.");
    } catch (error) {
      if (!(error instanceof CloakroomError) || error.status !== 412) throw error;
      show(await cloakroom.me());
      throw new Error("Your profile was changed in another window. The current values are shown. Please make your change again.");
    }
  });

  onSubmit(byId("password"), async ({ currentPassword, newPassword }) => {
    await cloakroom.changePassword(currentPassword, newPassword);
    byId("password").reset();
    toast("Your password was changed.");
  });

  onSubmit(byId("leave"), async ({ password }) => {
    if (!(await confirmed("Delete your account?", "This deletes your profile. You can no longer access your files.", "Delete account"))) return;
    await cloakroom.deleteMe(password);
  });

  byId("everywhere").addEventListener("click", async () => {
    showError(byId("everywhere-error"));
    if (!(await maySignOut())) return;
    await cloakroom.signOut({ everywhere: true }).catch((error) => showError(byId("everywhere-error"), error));
  });
  byId("export").addEventListener("click", async () => {
    showError(byId("export-error"));
    byId("export").disabled = true;
    try {
      save(await cloakroom.exportMe(), "my-data.json");
      toast("Your data was downloaded.");
    } catch (error) {
      showError(byId("export-error"), error);
    } finally {
      byId("export").disabled = false;
    }
  });
  byId("sign-out").addEventListener("click", async () => {
    if (await maySignOut()) await cloakroom.signOut();
  });

  return {
    async start() {
      clear(form);
      const user = cloakroom.session.user?.id;
      try {
        const own = await cloakroom.me();
        if (cloakroom.session.user?.id !== user) return; // another user has signed in
        show(own);
        byId("password").elements.username.value = shown?.user.email ?? "";
      } catch (error) {
        showError(/** @type {HTMLElement} */ (form.querySelector(".form-error")), error);
      }
    },
    /** Removes the user's data from the page. */
    clear() {
      shown = null;
      byId("own-id").textContent = "";
      fill({});
      for (const id of ["profile", "password", "leave"]) byId(id).reset(), clear(byId(id));
      byId("account").open = false;
    },
  };
}

/**
 * Saves data as a JSON file.
 * @param {unknown} data
 * @param {string} filename
 */
function save(data, filename) {
  const file = new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = filename;
  link.click();
  URL.revokeObjectURL(link.href);
}
