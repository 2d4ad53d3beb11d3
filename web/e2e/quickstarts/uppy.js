import { small, visit } from "./visit.js";

await visit(async (page) => {
  await page.locator("#files input[type=file]").first().setInputFiles(small("green.png"));
  await page.getByRole("button", { name: /^Upload \d/ }).click();
  await page.getByText("Complete", { exact: true }).waitFor();
});
