import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';
import { refusedPort } from '../support/upstream.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const sharing = test.runIf(await loadMachinery());

/** The path of a Corefile for a port, on one address if nothing else is said. */
function corefile(port: number, bind = 'bind 127.0.0.1'): string {
  const text = `.:${port} {
    ${bind}
    health 127.0.0.1:0 {
        lameduck 500ms
    }
    hosts /dev/null {
        192.0.2.1 www.example.org
    }
}
`;
  return join(folderWith({ Corefile: text }), 'Corefile');
}

async function start(file: string, ...flags: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, '-conf', file, ...flags]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toMatch(/^Cairn-/m), PATIENT);
  return child;
}

async function end(child: ChildProcess): Promise<unknown> {
  child.kill('SIGTERM');
  return once(child, 'exit');
}

/** Clients that ask without a pause, over one protocol, each question from a port of its own; the function returned stops them and tells what came. */
function askOnAndOn(port: number, tcp: boolean): () => Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let goesOn = true;
  const client = async () => {
    while (goesOn) {
      const outcome = await ask(port, 'www.example.org', 'A', { tcp }).then(
        ({ answer }) => answer.join(),
        (error: Error) => error.message,
      );
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      await pause(1);
    }
  };
  const clients = Array.from({ length: 8 }, client);
  return async () => {
    goesOn = false;
    await Promise.all(clients);
    return outcomes;
  };
}

sharing.each([
  ['one address', 'bind 127.0.0.1', []],
  ['all addresses', '', []],
  ['two threads', 'bind 127.0.0.1', ['-workers', '2']],
])('a process that takes over from another loses no query over UDP or TCP: %s', async (_, bind, flags) => {
  const port = await refusedPort();
  const file = corefile(port, bind);
  let serving = await start(file, '-reuseport', ...flags);
  const stops = [askOnAndOn(port, false), askOnAndOn(port, true)];
  for (let upgrade = 0; upgrade < 2; upgrade++) {
    const next = await start(file, '-reuseport', ...flags);
    expect(await end(serving)).toEqual([0, null]);
    serving = next;
  }
  for (const stop of stops) expect(Object.keys(await stop())).toEqual(['192.0.2.1']);
});

sharing('the port is shared only where both say so', async () => {
  const port = await refusedPort();
  const file = corefile(port);
  const first = await start(file, '-reuseport');
  const without = await run(process.execPath, [MAIN, '-conf', file]);
  expect(without.code).toBe(1);
  expect(without.stderr + without.stdout).toMatch(/already in use/);
  await end(first);
  await start(file);
  const withFlag = await run(process.execPath, [MAIN, '-conf', file, '-reuseport']);
  expect(withFlag.code).toBe(1);
  expect(withFlag.stderr + withFlag.stdout).toMatch(/already in use/);
});

sharing('where UDP is portable, the flag is an error that says what it takes', async () => {
  vi.stubEnv('CAIRN_UDP', 'portable');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { code, stderr, stdout } = await run(process.execPath, [
    MAIN,
    '-conf',
    corefile(await refusedPort()),
    '-reuseport',
  ]);
  expect(code).toBe(1);
  expect(stderr + stdout).toMatch(/only Linux on x64 or arm64, .* can share a port/);
});
