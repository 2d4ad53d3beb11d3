import { byId } from "./dom.js";
import { clear, onSubmit } from "./forms.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @typedef {ReturnType<typeof letters>} Letters */

/** What a mailed link has behind its address. */
const LINK = /^#(verify-email|finish-sign-up|reset-password)=([\w-]+)$/;

/** @type {Record<string, { form: string, title: string, note: string }>} */
const PAGES = {
  forgot: { form: "forgot", title: "Forgot your password?", note: "Say for which address, and a link goes there." },
  "reset-password": { form: "reset", title: "Choose a new password", note: "It signs you out everywhere." },
  "finish-sign-up": { form: "finish", title: "Finish signing up", note: "The account gets this password." },
  "verify-email": { form: "verify", title: "Is this your address?", note: "Confirm it if it was you who signed up with it." },
};

/**
 * What has to do with mail: asking for one, and what its links lead to.
 * @param {Cloakroom} cloakroom
 * @param {(note?: string) => void} changed Something opened or closed, and what is to be said about it.
 */
export function letters(cloakroom, changed) {
  const forms = ["forgot", "reset", "finish", "verify"];
  let open = false;
  let token = "";

  /** @param {{ form?: string, title: string, note: string }} page */
  function show({ form, title, note }) {
    open = true;
    for (const each of forms) byId(each).hidden = each !== form;
    if (form) byId(form).reset(), clear(byId(form));
    byId("letter-title").textContent = title;
    byId("letter-note").textContent = note;
    changed();
    byId("letter-title").focus();
  }

  /** @param {string} [note] */
  function close(note) {
    open = false;
    token = "";
    for (const each of forms) byId(each).reset();
    changed(note);
  }

  function follow() {
    const [, what, found] = LINK.exec(location.hash) ?? [];
    if (!found) return;
    token = found;
    // Whoever looks at the address later, or goes back to it, finds no token.
    history.replaceState(null, "", location.pathname + location.search);
    show(PAGES[what]);
  }

  onSubmit(byId("forgot"), async ({ email }) => {
    await cloakroom.forgotPassword(email);
    show({ title: "Look into your mailbox", note: "If there is an account with this address, a link is on its way there." });
  });
  onSubmit(byId("reset"), async ({ newPassword }) => {
    await cloakroom.resetPassword(token, newPassword);
    await cloakroom.signOut(); // this session has ended, too
    close("Your password is changed. Please sign in.");
  });
  onSubmit(byId("finish"), async ({ password }) => {
    await cloakroom.verifyEmail(token, password);
    close("Your account is ready. Please sign in.");
  });
  onSubmit(byId("verify"), async () => {
    await cloakroom.verifyEmail(token);
    close("Your address is confirmed.");
  });
  byId("forgotten").addEventListener("click", () => show(PAGES.forgot));
  byId("letter-back").addEventListener("click", () => close());
  addEventListener("hashchange", follow);

  return {
    /** Whether it is what is to be seen now. */
    get open() {
      return open;
    },
    /** Takes up the link that led here, if one did. */
    start: follow,
    /** @param {string} title @param {string} note */
    sent: (title, note) => show({ title, note }),
  };
}
