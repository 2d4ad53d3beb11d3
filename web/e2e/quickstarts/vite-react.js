// The app of docs/quickstarts/vite-react.md: sign-up, uploads with progress, deletion, reload, sign-out and sign-in. Then the
// types of all exports in that app, and its build for production.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { fill, folder, large, newPerson, small, visit } from "./visit.js";

await visit(async (page, profile) => {
  const ada = newPerson();
  const files = page.getByRole("listitem");

  // A wrong password first.
  await fill(page, ada);
  profile.expect(401);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();

  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("heading", { name: "Ada’s files" }).waitFor();

  await page.getByLabel("Upload").setInputFiles(small("green.png"));
  await files.filter({ hasText: "green.png" }).waitFor();

  // The upload is slow enough to see its progress.
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4 << 20 });
  await page.getByLabel("Upload").setInputFiles(large("film.mov", 8 << 20));
  await page.waitForFunction(() => {
    const { value = 0, max = 0 } = document.querySelector("progress") ?? {};
    return value > 0 && value < max;
  });
  await files.filter({ hasText: "film.mov" }).waitFor();
  assert.equal(await files.count(), 2);

  await page.getByRole("button", { name: "Delete green.png" }).click();
  await files.filter({ hasText: "green.png" }).waitFor({ state: "detached" });

  await page.reload();
  await files.filter({ hasText: "film.mov, 8388608 bytes" }).waitFor();
  assert.equal(await files.count(), 1);

  await page.getByRole("button", { name: "Sign out" }).click();
  await fill(page, ada);
  await page.getByRole("button", { name: "Sign in" }).click();
  await files.filter({ hasText: "film.mov" }).waitFor();
});

copyFileSync(path.join(import.meta.dirname, "../../packaging/consumer/every-export.tsx"), path.join(folder, "src/every-export.tsx"));
execFileSync("npm", ["run", "build"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
