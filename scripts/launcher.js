import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';

/**
 * Makes `npx cairn` work in a clone, after each `npm ci`: the command runs the sources, until `npm run build` puts the bundle in its place. This is
 * JavaScript since npm may run it with a Node.js that reads no TypeScript.
 */
const COMMAND = new URL('../bin/cairn.js', import.meta.url);

if (!existsSync(COMMAND)) {
  mkdirSync(new URL('.', COMMAND), { recursive: true });
  writeFileSync(COMMAND, "#!/usr/bin/env node\nimport '../src/cli/main.ts';\n");
  chmodSync(COMMAND, 0o755);
}
