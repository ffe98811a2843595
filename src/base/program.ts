import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * A program in the folder of a module, such as that of a worker thread. Sources have sources beside them. What is published has ES modules: also beside
 * the library's CommonJS, as these programs await at their top level.
 */
export function programBeside(module: string, name: string): URL {
  return new URL(`./${name}.${module.endsWith('.ts') ? 'ts' : 'js'}`, module);
}

/** Starts a program as a thread. Processes take its path as their first argument, in the single file, too (`src/cli/single-file`). */
export function startThread(program: URL, options: WorkerOptions): Worker {
  const path = fileURLToPath(program);
  if (!path.startsWith(`${process.execPath}/`)) return new Worker(program, options);
  const start = process.getBuiltinModule('node:sea').getAsset('start.cjs', 'utf8');
  return new Worker(start, { ...options, eval: true, argv: [path] });
}
