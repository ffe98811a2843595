import { basename, dirname, resolve } from 'node:path';
import { inTurns } from '../base/in-turns.ts';
import { readTextNow } from '../base/read-file.ts';
import { foldName, type Name } from '../dns/name.ts';
import { isOfType, SOA } from '../dns/rr.ts';
import { zoneFileSteps } from '../dns/zone-file.ts';
import { ZoneBuilder, ZoneError } from './builder.ts';
import type { Zone } from './zone.ts';

/** The maximum size of a zone file. */
export const MAX_ZONE_FILE_OCTETS = 64 * 1024 * 1024;

/**
 * Reads the text of a master file, and the files that it includes, as a zone. Other work gets its turn in between.
 *
 * @throws ZoneFileError, ZoneError
 */
export async function readZone(origin: Name, file: string, text: string): Promise<Zone> {
  const builder = new ZoneBuilder(origin);
  let room = MAX_ZONE_FILE_OCTETS - text.length;
  const steps = zoneFileSteps(text, {
    ...{ file, origin },
    include(path, from) {
      const included = resolve(dirname(from), path);
      const found = readTextNow(included, MAX_ZONE_FILE_OCTETS);
      room -= found.length;
      if (room < 0) throw new ZoneError(`a zone has at most ${MAX_ZONE_FILE_OCTETS} octets of text`);
      return { file: included, text: found };
    },
    add(record) {
      if (isOfType(record, SOA)) checkApex(foldName(record.name), origin, file);
      builder.add(record);
    },
  });
  await inTurns(steps);
  return builder.finish();
}

/** @throws ZoneError with the correct line for the zone of the file. */
function checkApex(apex: Name, origin: Name, file: string): void {
  if (apex === origin) return;
  const fix = `name its zone, as in 'file ${basename(file)} ${apex}', or serve it in a block of that zone`;
  throw new ZoneError(`the file has the zone ${apex}, but is read as the zone ${origin}: ${fix}`);
}
