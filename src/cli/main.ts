#!/usr/bin/env node
import { keepHeapSmall } from './heap.ts';

// This runs before anything else is loaded: loading would make the heap large, and V8 does not give that memory back.
keepHeapSmall();
const { main } = await import('./run.ts');
await main(process.argv.slice(2));
