// consumer/every-export.tsx, whose types are checked, uses all of the package.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import * as client from "cloakroom";
import * as hooks from "cloakroom/react";

const used = await readFile("every-export.tsx", "utf8");

test("every export is used", () => {
  const names = [...Object.keys(client), ...Object.keys(hooks)];
  assert.ok(names.length > 10);
  assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(used)), []);
});

test("every exported type is used", async () => {
  for (const module of ["cloakroom", "react"]) {
    const types = await readFile(`node_modules/cloakroom/types/${module}.d.ts`, "utf8");
    const names = [...types.matchAll(/^export type (\w+)/gm)].map(([, name]) => name);
    assert.ok(names.length > 3);
    assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(used)), []);
  }
});

test("every method is used", () => {
  const classes = Object.values(client).filter((value) => value !== client.MemoryStorage && value !== client.StorageError);
  for (const { prototype } of classes) {
    const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
    assert.ok(names.length > 0);
    assert.deepEqual(names.filter((name) => !used.includes(`.${name}`)), []);
  }
});
