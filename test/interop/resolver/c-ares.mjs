// Answers each name on standard input with what the addon, given as argument, says of it.
import { dlopen } from 'node:process';
import { createInterface } from 'node:readline';

const addon = { exports: {} };
dlopen(addon, process.argv[2]);
for await (const name of createInterface({ input: process.stdin }))
  process.stdout.write(`${addon.exports.lookUp(name)}\n`);
