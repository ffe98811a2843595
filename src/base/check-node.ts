import { checkNodeVersion } from './node-version.ts';

// Each file of the published library loads this first: other files may need a newer Node.js to be loaded at all.
checkNodeVersion();
