import { Cloakroom } from "./cloakroom.js";
import { account, door } from "./demo/account.js";
import { byId, hideToast, sentence, toast } from "./demo/dom.js";
import { gallery } from "./demo/gallery.js";
import { letters } from "./demo/letters.js";
import { people } from "./demo/people.js";
import { transfers } from "./demo/transfers.js";

/** The API is where the page is, unless config.json next to it says otherwise. */
async function apiUrl() {
  try {
    const response = await fetch("config.json");
    return response.ok ? ((await response.json()).apiUrl ?? "") : "";
  } catch {
    return ""; // no JSON: not our file
  }
}

const cloakroom = new Cloakroom({ baseUrl: await apiUrl() });
const files = gallery(cloakroom, (upload) => moving.pending(upload));
const moving = transfers(cloakroom, (upload) => files.add(upload));
const others = people(cloakroom);
const own = account(cloakroom);
const mail = letters(cloakroom, (note) => render(note));
door(cloakroom, mail);

/** @type {Record<string, string>} What the door says after a session. */
const GREETINGS = {
  ended: "Your session has ended. Please sign in again.",
  deleted: "Your account is deleted. Goodbye.",
  signedOut: "You are signed out.",
};

/** Whose room is shown. @type {string | null} */
let owner = null;

/** @param {"loading" | "unreachable" | "letter" | "door" | "room"} id */
function show(id) {
  for (const each of ["loading", "unreachable", "letter", "door", "room"]) byId(each).hidden = each !== id;
}

/** @param {string} [note] What the door says after a mail. */
function render(note) {
  const { status, user, reason } = cloakroom.session;
  if (mail.open) return show("letter");
  byId("who").hidden = !user;
  byId("who-name").textContent = user?.name ?? "";
  if (status === "signedIn" && user) {
    show("room");
    if (note) toast(note);
    if (user.id !== owner) enter(user.id);
    return;
  }
  if (owner) leave();
  if (status === "unknown") return void restore();
  show("door");
  const greeting = note ?? GREETINGS[reason ?? ""];
  if (!greeting) return;
  byId("door-note").textContent = greeting;
  byId("main").focus();
}

/** @param {string} id */
async function enter(id) {
  if (owner) leave();
  owner = id;
  byId("main").focus();
  own.start();
  others.start();
  // First what this browser knows of, so that the list of files does not show it as somebody else's.
  await moving.start();
  if (owner === id) await files.start();
}

function leave() {
  owner = null;
  hideToast(); // it may offer to undo something
  for (const part of [own, others, moving, files]) part.clear();
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
    for (const file of picker.files) moving.add(file);
    picker.value = ""; // so that the same file can be chosen again
  });
  // Anywhere on the page: a file that misses the target would replace the page.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.toggle("over", owner !== null);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!owner) return;
    const items = [...(event.dataTransfer?.items ?? [])];
    // A folder is handed over as a file that can't be read.
    const dropped = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).flatMap((item) => item.getAsFile() ?? []);
    if (dropped.length < items.filter((item) => item.kind === "file").length) toast("Folders can’t be uploaded, only the files in them.");
    for (const file of dropped) moving.add(file);
  });
}

cloakroom.onSessionChange(() => render());
byId("retry").addEventListener("click", restore);
acceptFiles();
mail.start();
render();
