#!/usr/bin/env node
import { checkNodeVersion } from '../base/node-version.ts';
import { keepHeapSmall } from './heap.ts';

// This runs before anything else is loaded: other files may need a newer Node.js to be loaded at all, and loading would make the heap large, and V8
// does not give that memory back.
try {
  checkNodeVersion();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
keepHeapSmall();
const { main } = await import('./run.ts');
await main(process.argv.slice(2));
