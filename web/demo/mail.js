import { byId } from "./dom.js";
import { clear, onSubmit } from "./forms.js";

/** @import { Cloakroom } from "../cloakroom.js" */
/** @typedef {ReturnType<typeof mailPage>} MailPage */

/** The fragment of a link in an e-mail. */
const LINK = /^#(verify-email|finish-sign-up|reset-password)=([\w-]+)$/;

/** @type {Record<string, { form: string, title: string, note: string }>} */
const PAGES = {
  forgot: { form: "forgot", title: "Forgot your password?", note: "Enter your e-mail address. We will send you a link to set a new password." },
  "reset-password": { form: "reset", title: "Choose a new password", note: "You will be signed out on all devices." },
  "finish-sign-up": { form: "finish", title: "Finish signing up", note: "Enter the password for your new account." },
  "verify-email": { form: "verify", title: "Confirm your e-mail address", note: "Confirm only if you signed up with this address." },
};

/**
 * Handles the forms that request e-mails and the forms that their links open.
 * @param {Cloakroom} cloakroom
 * @param {(note?: string) => void} changed Called when the page opens or closes, with a message to show.
 */
export function mailPage(cloakroom, changed) {
  const forms = ["forgot", "reset", "finish", "verify"];
  let open = false;
  let token = "";

  /** @param {{ form?: string, title: string, note: string }} page */
  function show({ form, title, note }) {
    open = true;
    for (const each of forms) byId(each).hidden = each !== form;
    if (form) byId(form).reset(), clear(byId(form));
    byId("mail-title").textContent = title;
    byId("mail-note").textContent = note;
    changed();
    byId("mail-title").focus();
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
    // Removes the token from the address bar and the history.
    history.replaceState(null, "", location.pathname + location.search);
    show(PAGES[what]);
  }

  onSubmit(byId("forgot"), async ({ email }) => {
    await cloakroom.forgotPassword(email);
    show({ title: "Check your e-mail", note: "If there is an account with this address, we have sent it a link." });
  });
  onSubmit(byId("reset"), async ({ newPassword }) => {
    await cloakroom.resetPassword(token, newPassword);
    await cloakroom.signOut(); // the reset has ended this session too
    close("Your password was changed. Please sign in.");
  });
  onSubmit(byId("finish"), async ({ password }) => {
    await cloakroom.verifyEmail(token, password);
    close("Your account is ready. Please sign in.");
  });
  onSubmit(byId("verify"), async () => {
    await cloakroom.verifyEmail(token);
    close("Your e-mail address is confirmed.");
  });
  byId("forgotten").addEventListener("click", () => show(PAGES.forgot));
  byId("mail-back").addEventListener("click", () => close());
  addEventListener("hashchange", follow);

  return {
    /** Whether the page is shown. */
    get open() {
      return open;
    },
    /** Opens the form for the link in the address bar, if there is one. */
    start: follow,
    /** Shows that an e-mail was sent. @param {string} title @param {string} note */
    sent: (title, note) => show({ title, note }),
  };
}
