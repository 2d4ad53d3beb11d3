import { CloakroomError } from "../cloakroom.js";
import { defaultStorage } from "../cloakroom/storage.js";
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
  "finish-sign-up": { form: "finish", title: "Finish signing up", note: "Choose the password of your new account. Then you are signed in." },
  "verify-email": { form: "verify", title: "Confirm your e-mail address", note: "Confirm only if you signed up with this address." },
};

const NO_LONGER_WORKS = "This link no longer works";
const REASONS = "It was used before, has expired, or was replaced by a newer link.";

/**
 * What the page offers instead of a link that does not work.
 * @type {Record<string, { form?: string, title: string, note: string, signUp?: boolean }>}
 */
const OFFERS = {
  "reset-password": { form: "forgot", title: NO_LONGER_WORKS, note: `${REASONS} Enter your e-mail address to get a new link.` },
  "finish-sign-up": {
    title: NO_LONGER_WORKS,
    note: `${REASONS} If you have finished signing up, go back and sign in. Otherwise, sign up again to get a new link.`,
    signUp: true,
  },
  "verify-email": {
    form: "forgot",
    title: NO_LONGER_WORKS,
    note: `${REASONS} If it was used before, your address is confirmed. Otherwise, request a link to set a new password, which confirms the address too.`,
  },
};

/** The address of a sign-up that a mailed link finishes. The link opens in another tab, so it is not in the session storage. */
const ADDRESS_KEY = "cloakroom:sign-up-email";

/**
 * Handles the forms that request e-mails and the forms that their links open.
 * @param {Cloakroom} cloakroom
 * @param {(note?: string) => void} changed Called when the page opens or closes, with a message to show.
 */
export function mailPage(cloakroom, changed) {
  const forms = ["forgot", "reset", "finish", "verify"];
  const storage = defaultStorage();
  let open = false;
  let token = "";

  /** @param {{ form?: string, title: string, note: string, signUp?: boolean }} page */
  function show({ form, title, note, signUp = false }) {
    open = true;
    byId("mail-sign-up").hidden = !signUp;
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

  async function follow() {
    const [, what, found] = LINK.exec(location.hash) ?? [];
    if (!found) return;
    token = found;
    // Removes the token from the address bar and the history.
    history.replaceState(null, "", location.pathname + location.search);
    if (what === "finish-sign-up" && !(await works(found))) return;
    show(PAGES[what]);
    byId("finish").elements.email.value = storage.getItem(ADDRESS_KEY) ?? "";
  }

  /**
   * Checks the link of a sign-up without using it: the API reports that the password is missing only if the token is valid.
   * There is no such request for the other links.
   * @param {string} checked
   */
  async function works(checked) {
    show({ title: PAGES["finish-sign-up"].title, note: "Checking the link…" });
    const error = await cloakroom.verifyEmail(checked).catch((error) => error);
    if (token !== checked || !open) return false; // another link or page was opened meanwhile
    if (isInvalidToken(error)) show(OFFERS["finish-sign-up"]);
    return !isInvalidToken(error);
  }

  /**
   * Sends a form that uses the token of a link.
   * @param {string} form
   * @param {string} what
   * @param {(values: Record<string, string>) => Promise<void>} send
   */
  function onUse(form, what, send) {
    onSubmit(byId(form), async (values) => {
      try {
        await send(values);
      } catch (error) {
        if (!isInvalidToken(error)) throw error;
        show(OFFERS[what]);
      }
    });
  }

  onSubmit(byId("forgot"), async ({ email }) => {
    await cloakroom.forgotPassword(email);
    show({ title: "Check your e-mail", note: "If there is an account with this address, we have sent it a link." });
  });
  onUse("reset", "reset-password", async ({ newPassword }) => {
    await cloakroom.resetPassword(token, newPassword);
    await cloakroom.signOut(); // the reset has ended this session too
    close("Your password was changed. Please sign in.");
  });
  onUse("finish", "finish-sign-up", async ({ email, password }) => {
    await cloakroom.verifyEmail(token, password);
    storage.removeItem(ADDRESS_KEY);
    // Fails if the address is not the one that the link belongs to: the API does not reveal that one.
    const signedIn = await cloakroom.signIn(email, password).then(() => true, () => false);
    close(signedIn ? "Your account is ready." : "Your account is ready. Please sign in.");
  });
  onUse("verify", "verify-email", async () => {
    await cloakroom.verifyEmail(token);
    close("Your e-mail address is confirmed.");
  });
  byId("mail-sign-up").addEventListener("click", () => {
    close();
    byId("tab-sign-up").click();
    byId("sign-up").elements.name.focus();
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
    /** Shows that a link in an e-mail finishes the sign-up. @param {string} email */
    signUpPending(email) {
      storage.setItem(ADDRESS_KEY, email);
      show({ title: "Check your e-mail", note: "We sent you an e-mail. Open its link to finish signing up." });
    },
  };
}

/** @param {unknown} error */
const isInvalidToken = (error) => error instanceof CloakroomError && error.code === "invalid_email_token";
