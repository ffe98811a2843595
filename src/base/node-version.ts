import { CairnError } from './errors.ts';

/** The oldest Node.js that has what Cairn uses, such as `registerHooks`; `engines` in package.json says the same. */
const OLDEST = [22, 15] as const;

/** @throws CairnError if this Node.js is too old. It has no stack, so that one sentence is what a person sees of it. */
export function checkNodeVersion(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  const error = new CairnError('NODE_VERSION', `Cairn needs Node.js ${OLDEST.join('.')} or newer; this is ${version}`);
  error.stack = error.message;
  throw error;
}
