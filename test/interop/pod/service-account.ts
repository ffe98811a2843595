import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, type Stops } from './folder.ts';

/** What the kubelet keeps up to date in the volume of a service account. */
export interface AccountFiles {
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

/** The volume with token, CA and namespace. */
export interface ServiceAccountVolume {
  readonly folder: string;
  /** Replaces the files that are given, as the kubelet does. */
  replace(files: Partial<AccountFiles>): void;
}

/** Makes a volume of links into a folder that is replaced as a whole. */
export function serviceAccountVolume(first: AccountFiles, stops: Stops): ServiceAccountVolume {
  const folder = folderOf({}, stops);
  let current = first;
  let version = 0;
  const replace = (files: Partial<AccountFiles>) => {
    current = { ...current, ...files };
    const name = `..${++version}`;
    mkdirSync(join(folder, name));
    const contents = { token: current.token, 'ca.crt': current.ca, namespace: 'kube-system' };
    for (const [file, content] of Object.entries(contents)) writeFileSync(join(folder, name, file), content);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, `..${version - 1}`), { recursive: true, force: true });
  };
  replace({});
  for (const file of ['token', 'ca.crt', 'namespace']) symlinkSync(`..data/${file}`, join(folder, file));
  return { folder, replace };
}
