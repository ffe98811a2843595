import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FakeClock, fakeClock } from '../clock.ts';
import type { TestServer } from '../server.ts';
import { type Received, type ScriptedUpstream, startUpstream } from '../upstream.ts';
import { printQuery } from './message.ts';

/** A scripted upstream, and how far the scenario has followed it. */
export interface Actor {
  readonly server: ScriptedUpstream;
  /** How many of its queries the scenario has mentioned. */
  seen: number;
  /** The one that was mentioned last. */
  query: Received | undefined;
}

/** All that a scenario plays with. */
export interface Stage {
  readonly clock: FakeClock;
  /** Where the files of the scenario are. */
  readonly folder: string;
  readonly actors: Map<string, Actor>;
  /** The replies that clients wait for, the oldest first. */
  readonly asked: Promise<Buffer>[];
  /** Undefined until there is a Corefile. */
  server: TestServer | undefined;
  /** How many lines of the log the scenario has passed. */
  linesSeen: number;
}

export async function createStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'scenario-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return { clock: fakeClock(), folder, actors: new Map(), asked: [], server: undefined, linesSeen: 0 };
}

/** The upstream of this name, which comes on stage when it is named first. */
export async function actorOf({ actors }: Stage, name: string): Promise<Actor> {
  const known = actors.get(name);
  if (known) return known;
  const server = await startUpstream();
  onTestFinished(server.close);
  const actor: Actor = { server, seen: 0, query: undefined };
  actors.set(name, actor);
  return actor;
}

export function serverOf({ server }: Stage): TestServer {
  return server ?? fail('there is no server yet: a scenario begins with a corefile');
}

/** @throws Error if an upstream has received what the scenario does not mention. */
export function checkNothingUnseen({ actors }: Stage): void {
  for (const [name, { server, seen }] of actors) {
    const unseen = server.received[seen];
    if (unseen) fail(`${name} has received ${printQuery(unseen.message, unseen.protocol, [])}, which is not foreseen`);
  }
}

export function fail(message: string): never {
  throw new Error(message);
}
