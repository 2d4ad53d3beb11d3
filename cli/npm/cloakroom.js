#!/usr/bin/env node
// Runs the program of this machine's platform, which npm installed as an optional dependency.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `cloakroom-cli-${process.platform}-${process.arch}`;

function program() {
  try {
    const file = process.platform === "win32" ? "cloakroom.exe" : "cloakroom";
    return require.resolve(`${name}/${file}`);
  } catch {
    const { optionalDependencies } = require("./package.json");
    const problem = Object.hasOwn(optionalDependencies, name)
      ? `its program for this platform is missing. Install ${name}: npm leaves out optional dependencies with --omit=optional`
      : `there is none for ${process.platform} on ${process.arch}. Build it from source code with cargo`;
    console.error(`error: cloakroom cannot run: ${problem}.`);
    process.exit(1);
  }
}

const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => {
  console.error(`error: cloakroom cannot run: ${error.message}`);
  process.exit(1);
});

// A terminal sends Ctrl-C to both processes; other signals reach only this one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}

child.on("exit", (code, signal) => {
  process.exit(signal === null ? code : 128 + constants.signals[signal]);
});
