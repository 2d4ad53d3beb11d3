import { Cloakroom } from "./cloakroom.js";
import { account, signInPage } from "./demo/account.js";
import { detailsDialog } from "./demo/details.js";
import { byId, hideToast, sentence, toast } from "./demo/dom.js";
import { gallery } from "./demo/gallery.js";
import { fileOfHash } from "./demo/link.js";
import { mailPage } from "./demo/mail.js";
import { offlineBanner } from "./demo/network.js";
import { people } from "./demo/people.js";
import { showPasswordButtons } from "./demo/secrets.js";
import { sharedFiles } from "./demo/shared.js";
import { shopViews } from "./demo/shop/views.js";
import { transfers } from "./demo/transfers.js";
import { usageMeter } from "./demo/usage.js";

/** Reads the API's URL from config.json. Default: the page's own origin. */
async function apiUrl() {
  try {
    const response = await fetch("config.json");
    return response.ok ? ((await response.json()).apiUrl ?? "") : "";
  } catch {
    return ""; // not JSON, so not the configuration file
  }
}

const cloakroom = new Cloakroom({ baseUrl: await apiUrl() });
const usage = usageMeter(cloakroom);
const details = detailsDialog(cloakroom);
const files = gallery(cloakroom, usage, { onPending: (upload) => running.pending(upload), onDetails: (upload) => details.show(upload) });
const running = transfers(cloakroom, usage, (upload) => files.add(upload));
const shared = sharedFiles(cloakroom, (upload) => details.show(upload));
const others = people(cloakroom);
const own = account(cloakroom, () => running.mayStop());
const mail = mailPage(cloakroom, (note) => render(note));
const views = shopViews(cloakroom);
signInPage(cloakroom, mail);

/** @type {Record<string, string>} The text on the sign-in page after a session, by reason. */
const GREETINGS = {
  ended: "Your session has ended. Please sign in again.",
  deleted: "Your account was deleted.",
  signedOut: "You are signed out.",
};

const PARTS = ["loading", "unreachable", "mail-page", "sign-in-page", "home", "view"];

/** The id of the user whose files are shown. @type {string | null} */
let owner = null;
/** Whether a user was signed in on this page. */
let wasSignedIn = false;
/** Whether the page has shown anything besides that it loads. */
let isStarted = false;

/** @param {"loading" | "unreachable" | "mail-page" | "sign-in-page" | "home" | "view"} id */
function show(id) {
  for (const each of PARTS) byId(each).hidden = each !== id;
  if (id !== "view") views.clear();
  isStarted ||= id !== "loading";
}

/** @param {string} [note] The text on the sign-in page after an e-mail link was used. */
function render(note) {
  const { status, user, reason } = cloakroom.session;
  if (wasSignedIn && (reason === "signedOut" || reason === "deleted")) forgetView();
  wasSignedIn = status === "signedIn";
  views.mark();
  if (mail.open) return show("mail-page");
  byId("current-user").hidden = !user;
  byId("current-user-name").textContent = user?.name ?? "";
  if (owner && user?.id !== owner) leave();
  if (status === "unknown") return void restore();
  const view = views.wanted();
  if (view && (user || view.isPublic)) {
    const isFirst = !isStarted;
    show("view");
    return views.open(view, isFirst);
  }
  if (user) return showHome(user.id, note);
  show("sign-in-page");
  const greeting = note ?? GREETINGS[reason ?? ""] ?? view?.note;
  if (!greeting) return;
  byId("sign-in-note").textContent = greeting;
  byId("main").focus();
}

/**
 * @param {string} id
 * @param {string} [note]
 */
function showHome(id, note) {
  const isElsewhere = byId("home").hidden;
  show("home");
  if (note) toast(note);
  if (id !== owner) return void enter(id);
  if (isElsewhere) byId("main").focus();
}

/** Removes the view from the URL, so that the next user does not open it. */
function forgetView() {
  if (views.wanted()) history.replaceState(null, "", location.pathname + location.search);
}

/** @param {string} id */
async function enter(id) {
  owner = id;
  byId("main").focus();
  own.start();
  others.start();
  shared.start();
  // Loads this browser's unfinished uploads first, so that the file list does not show them as another device's.
  await running.start();
  if (owner === id) await files.start();
  openLink();
}

/** Opens the file of a link to this page, when the user is signed in. */
function openLink() {
  const id = fileOfHash(location.hash);
  if (!id || !owner) return;
  // The same link can be followed again.
  history.replaceState(null, "", location.pathname + location.search);
  details.open(id);
}

function leave() {
  owner = null;
  hideToast(); // its action may belong to the previous user
  for (const part of [own, others, shared, running, files, details]) part.clear();
}

async function restore() {
  show("loading");
  try {
    await cloakroom.restore();
  } catch (error) {
    byId("unreachable-why").textContent = error instanceof Error ? sentence(error.message) : String(error);
    return show("unreachable");
  }
}

function acceptFiles() {
  const picker = byId("picker");
  const drop = byId("drop");
  byId("choose").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    for (const file of picker.files) running.add(file);
    picker.value = ""; // allows choosing the same file again
  });
  // Handles drops anywhere on the page: otherwise the browser would open the dropped file.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.toggle("over", !byId("home").hidden);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!owner || byId("home").hidden) return;
    const items = [...(event.dataTransfer?.items ?? [])];
    // Browsers pass a folder as a file that cannot be read.
    const dropped = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).flatMap((item) => item.getAsFile() ?? []);
    if (dropped.length < items.filter((item) => item.kind === "file").length) toast("Folders can’t be uploaded. Choose the files in them.");
    for (const file of dropped) running.add(file);
  });
}

cloakroom.onSessionChange(() => render());
byId("retry").addEventListener("click", restore);
addEventListener("hashchange", () => {
  render();
  openLink();
});
acceptFiles();
offlineBanner(byId("offline"));
showPasswordButtons();
mail.start();
render();
