import { basename, dirname, resolve } from 'node:path';
import { inTurns } from '../base/in-turns.ts';
import { readTextNow } from '../base/read-file.ts';
import { foldName, type Name } from '../dns/name.ts';
import { isOfType, SOA } from '../dns/rr.ts';
import { zoneFileSteps } from '../dns/zone-file.ts';
import { ZoneBuilder, ZoneError } from './builder.ts';
import type { Zone } from './zone.ts';

/** A larger zone file is not read. */
export const MAX_ZONE_FILE_OCTETS = 64 * 1024 * 1024;

/**
 * The zone that the text of a master file holds; files that it includes are read. Others have their turn on the way.
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

/** @throws ZoneError with the line to write for the zone that the file holds. */
function checkApex(apex: Name, origin: Name, file: string): void {
  if (apex === origin) return;
  const fix = `name its zone, as in 'file ${basename(file)} ${apex}', or serve it in a block of that zone`;
  throw new ZoneError(`the file holds the zone ${apex}, but is read as the zone ${origin}: ${fix}`);
}
