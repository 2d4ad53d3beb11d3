import { announce, duration, fromTemplate, sentence, showError, size, toast } from "./dom.js";
import { isOffline, onNetworkChange } from "./network.js";

/** @import { Upload } from "../cloakroom.js" */

/** Separates the parts of a note. A line break may follow the dot, but not precede it. */
const SEPARATOR = "\u00a0· ";

const OFFLINE = "Offline, continues by itself";

/** @param {Upload} upload */
const amount = ({ progress }) => `${size(progress.loaded)} of ${size(progress.total)}`;

/** The row of one running upload. */
export class Row {
  onCancel = () => {};
  onAgain = () => {};
  #name;
  #size;
  #part;
  /** The last quarter that screen readers announced. */
  #quarter = 0;
  /** Shows the row's note again, after the network has changed. */
  #refresh = () => {};

  /**
   * @param {string} name
   * @param {number} bytes
   */
  constructor(name, bytes) {
    const { element, part } = fromTemplate("transfer-row");
    this.element = element;
    this.#part = part;
    this.#name = name;
    this.#size = bytes;
    part(".row-name").textContent = name;
    part("progress").setAttribute("aria-label", name);
    for (const [action, word] of [["pause", "Pause"], ["resume", "Resume"], ["again", "Try again:"], ["cancel", "Cancel"]]) {
      part(`.${action}`).setAttribute("aria-label", `${word} ${name}`);
    }
    part(".cancel").addEventListener("click", () => this.onCancel());
    part(".again").addEventListener("click", () => this.onAgain());
    const stop = onNetworkChange(() => (element.isConnected ? this.#refresh() : stop()));
  }

  /** Shows whether the upload is waiting for its turn. @param {boolean} waiting */
  setWaiting(waiting) {
    showError(this.#part(".row-error"));
    this.#show("cancel");
    this.#refresh = () => this.#note(waiting ? `${size(this.#size)}, waiting${isOffline() ? " for the network" : ""}` : "Preparing");
    this.#refresh();
  }

  /** @param {Upload} upload */
  follow(upload) {
    this.onCancel = () => void upload.abort().catch((error) => toast(sentence(error.message)));
    this.#part(".pause").onclick = () => (upload.pause(), this.#part(".resume").focus());
    this.#part(".resume").onclick = () => (upload.resume(), this.#part(".pause").focus());
    upload.addEventListener("progress", () => this.#progress(upload));
    upload.addEventListener("statechange", () => this.#state(upload));
    this.#refresh = () => this.#network(upload);
    this.#state(upload);
  }

  /** @param {unknown} error */
  failed(error) {
    this.#refresh = () => {};
    this.#show("again", "cancel");
    this.#note("Upload failed");
    showError(this.#part(".row-error"), error);
  }

  /** @param {Upload} upload */
  #state(upload) {
    if (upload.state === "paused") {
      this.#show("resume", "cancel");
      this.#note(`Paused at ${size(upload.progress.loaded)} of ${size(this.#size)}`);
      announce(`${this.#name}: paused`);
    } else if (upload.state === "finishing") {
      this.#show("cancel");
      this.#note(isOffline() ? OFFLINE : "Finishing");
    } else if (upload.state === "preparing" || upload.state === "uploading") {
      this.#show("pause", "cancel");
      this.#progress(upload);
    }
  }

  /**
   * Shows that the browser is offline, or online again. A paused upload stays paused.
   * @param {Upload} upload
   */
  #network(upload) {
    if (upload.state === "uploading" && !isOffline()) {
      // The speed from before the interruption is out of date.
      this.#note(["Connecting", amount(upload)].join(SEPARATOR));
    } else {
      this.#state(upload);
    }
  }

  /** @param {Upload} upload */
  #progress(upload) {
    const { state, progress } = upload;
    const { loaded, total, bytesPerSecond, remainingSeconds } = progress;
    const share = total === 0 ? 1 : loaded / total;
    this.#part("progress").value = share;
    if (state !== "uploading" && state !== "preparing") return;
    if (isOffline()) return this.#note([OFFLINE, amount(upload)].join(SEPARATOR));
    if (state === "preparing") return this.#note("Preparing");
    const parts = [`${Math.floor(share * 100)} %`, amount(upload)];
    if (bytesPerSecond > 0) parts.push(`${size(bytesPerSecond)}/s`);
    if (remainingSeconds !== null) parts.push(`${duration(remainingSeconds)} left`);
    this.#note(parts.join(SEPARATOR));
    // Screen readers announce every quarter only.
    const quarter = Math.floor(share * 4);
    if (quarter > this.#quarter && quarter < 4) announce(`${this.#name}: ${quarter * 25} percent`);
    this.#quarter = quarter;
  }

  /** @param {string} text */
  #note(text) {
    this.#part(".row-note").textContent = text;
  }

  /** Shows only these buttons. @param {...string} actions */
  #show(...actions) {
    for (const action of ["pause", "resume", "again", "cancel"]) this.#part(`.${action}`).hidden = !actions.includes(action);
  }
}
