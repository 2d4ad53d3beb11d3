// The page of docs/quickstarts/plain-page.md.
import { fill, newPerson, small, visit } from "./visit.js";

await visit(async (page, profile) => {
  const ada = newPerson();
  await fill(page, ada);
  profile.expect(401);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("heading", { name: "Ada’s files" }).waitFor();
  await page.getByLabel("Upload").setInputFiles(small("green.png"));
  await page.getByRole("listitem").filter({ hasText: "green.png" }).waitFor();
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "green.png" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});
