/**
 * A program in the folder of a module, such as that of a worker thread. Sources have sources beside them. What is published has ES modules: also beside
 * the library's CommonJS, as these programs await at their top level.
 */
export function programBeside(module: string, name: string): URL {
  return new URL(`./${name}.${module.endsWith('.ts') ? 'ts' : 'js'}`, module);
}
