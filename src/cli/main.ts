#!/usr/bin/env node
import { keepHeapSmall } from './heap.ts';

// Before everything else is loaded: loading is what would make the heap large, and V8 keeps what it has taken.
keepHeapSmall();
await import('./run.ts');
