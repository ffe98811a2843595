/** Runs in the namespaces of a pod, with Cairn on port 53: makes the calls of the table with Node's own functions, and prints what came of them. */
import { nodeDns, outcomesOf } from './rows.ts';

process.stdout.write(JSON.stringify(await outcomesOf(nodeDns)), () => process.exit());
