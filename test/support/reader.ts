import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { expect, vi } from 'vitest';
import { PATIENT } from './patience.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What a command of a page may read or change. */
const COPIED = ['examples', 'Corefile.example', 'package.json'];
const LINKED = ['node_modules', 'src'];
/** The ports that pages name. Each reader has free ones in their place. */
const PORTS = ['1053', '1054', '1055', '8080', '8181', '9153', '9154'];

/** Types the commands of a page, in a copy of the repository. */
export class Reader implements AsyncDisposable {
  private readonly home = mkdtempSync(join(tmpdir(), 'cairn-reader-'));
  private readonly clone = join(this.home, 'clone');
  private server: ChildProcess | undefined;
  /** What pages name, and what there is in its place; a name that holds another one comes first. */
  private readonly names: readonly (readonly [name: string, inPlace: string])[];

  private constructor(names: Readonly<Record<string, string>>) {
    const own = { ...names, '/run/cairn/': `${this.home}/` };
    this.names = Object.entries(own).toSorted(([a], [b]) => b.length - a.length);
    const filter = (source: string) => basename(source) !== 'node_modules';
    for (const path of COPIED) cpSync(join(ROOT, path), join(this.clone, path), { recursive: true, filter });
    for (const path of LINKED) symlinkSync(join(ROOT, path), join(this.clone, path));
    const corefiles = globSync(['Corefile.example', 'examples/*/Corefile'], { cwd: ROOT });
    for (const file of corefiles) this.save(file, readFileSync(join(ROOT, file), 'utf8'));
    mkdirSync(join(this.home, 'bin'));
    const main = join(ROOT, 'src/cli/main.ts');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`;
    writeFileSync(join(this.home, 'bin/cairn'), script, { mode: 0o755 });
  }

  /** @param more what a page names beside ports, and what is to be in its place */
  static async create(more: Readonly<Record<string, string>> = {}): Promise<Reader> {
    const ports = await freePorts(PORTS.length);
    return new Reader({ ...more, ...Object.fromEntries(PORTS.map((port, i) => [port, String(ports[i])])) });
  }

  /** What there is in the place of a name of the page. */
  inPlaceOf(name: string): string {
    return this.translated(name);
  }

  save(file: string, text: string): void {
    const path = join(this.clone, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, this.translated(text));
  }

  /** Runs a command to its end. Returns its status, and all that it prints. */
  async type(command: string): Promise<{ readonly status: number; readonly output: string }> {
    const { child, output } = this.start(command, PATIENT.timeout);
    const [status] = await once(child, 'close');
    return { status, output: output() };
  }

  /** Starts a server in the place of the last one, and waits until it serves. */
  async serve(command: string): Promise<void> {
    await this.stop();
    const { child, output } = this.start(command);
    this.server = child;
    await vi.waitFor(() => {
      if (child.exitCode !== null) throw new Error(`${command} ended:\n${output()}`);
      expect(output()).toMatch(/^Cairn-.*\n.*\n/m);
    }, PATIENT);
  }

  private start(command: string, timeout?: number) {
    const path = [join(this.home, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
    const child = spawn('sh', ['-c', this.translated(command)], {
      cwd: this.clone,
      // The cache halves the time that each later start of the command takes.
      env: { ...process.env, PATH: path, NODE_COMPILE_CACHE: join(this.home, 'compiled') },
      // With a group of its own, so that what a shell or npm starts ends, too.
      detached: true,
      timeout,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
    return { child, output: () => this.original(printed) };
  }

  private async stop(): Promise<void> {
    if (this.server === undefined || this.server.exitCode !== null) return;
    process.kill(-this.server.pid!, 'SIGKILL');
    await once(this.server, 'close');
  }

  private translated(text: string): string {
    const names = new Map(this.names);
    const pattern = new RegExp(
      `(?<!\\w)(?:${[...names.keys()].map((name) => name.replaceAll('.', '\\.')).join('|')})(?!\\d)`,
      'g',
    );
    return text.replaceAll(pattern, (name) => names.get(name)!);
  }

  private original(text: string): string {
    const inPlace = [[`${this.clone}/`, ''] as const, ...this.names.map(([name, real]) => [real, name] as const)];
    const longestFirst = inPlace.toSorted(([a], [b]) => b.length - a.length);
    return longestFirst.reduce((result, [real, name]) => result.replaceAll(real, name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }
}

/** Ports that differ, each as {@link freePort}. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** A port that stays free until a server of the page takes it: one below those that the system gives to programs by itself. */
async function freePort(): Promise<number> {
  const port = randomInt(10_000, 30_000);
  const server = createServer();
  try {
    await once(server.listen(port), 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
