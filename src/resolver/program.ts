import { checksWith, oneOf } from '../base/check.ts';
import type { StubName } from './stub.ts';

/** The C libraries of images, by what the images are made of. */
const LIBCS = {
  debian: 'glibc',
  alpine: 'musl',
  'alpine-3.17': 'musl-1.2.3',
} as const satisfies Readonly<Record<string, StubName>>;

/** Resolvers that runtimes bring along. A runtime without one for a kind of lookup uses the C library's. */
const OWN = {
  node: { records: 'node' },
  libc: {},
  go: { addresses: 'go', records: 'go' },
  'c-ares': { addresses: 'c-ares', records: 'c-ares' },
  busybox: { addresses: 'busybox', records: 'busybox' },
} as const satisfies Readonly<Record<string, { readonly addresses?: StubName; readonly records?: StubName }>>;

/**
 * What a container's image is made of: `debian` stands for all images with glibc, such as Ubuntu, RHEL and distroless, and `alpine-3.17`
 * for Alpine up to that version.
 */
export type ImageName = keyof typeof LIBCS;

/**
 * What a program asks with: `node` is Node.js, `go` is Go without cgo, `libc` is everything that calls getaddrinfo and res_search (Python,
 * Ruby, PHP, .NET, Java, Go with cgo), `c-ares` is curl, Envoy and gRPC, `busybox` is its nslookup.
 */
export type RuntimeName = keyof typeof OWN;

export const IMAGE_NAMES = Object.keys(LIBCS) as readonly ImageName[];
export const RUNTIME_NAMES = Object.keys(OWN) as readonly RuntimeName[];

/** The stub resolvers of a program: for addresses (`lookup`), and for the records of one type (`resolve*`). */
export interface ProgramStubs {
  readonly stub: StubName;
  readonly recordsStub: StubName;
}

/** Which stub resolvers a program uses. Image and runtime are those of this process by default. @throws CairnError for unknown names */
export function stubsOfProgram(options: ProgramOptions = {}): ProgramStubs {
  checksWith('PROGRAM').options('stubsOfProgram', options, {
    image: oneOf(IMAGE_NAMES),
    runtime: oneOf(RUNTIME_NAMES),
  });
  const { image = imageOfProcess(), runtime = 'node' } = options;
  const libc = LIBCS[image];
  const own: { readonly addresses?: StubName; readonly records?: StubName } = OWN[runtime];
  return { stub: own.addresses ?? libc, recordsStub: own.records ?? libc };
}

export interface ProgramOptions {
  readonly image?: ImageName | undefined;
  readonly runtime?: RuntimeName | undefined;
}

let detected: ImageName | undefined;

/** The image whose C library this process runs with. Systems other than Linux count as `debian`. */
function imageOfProcess(): ImageName {
  detected ??= process.platform !== 'linux' || usesGlibc() ? 'debian' : 'alpine';
  return detected;
}

function usesGlibc(): boolean {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const { excludeNetwork = false } = report;
  report.excludeNetwork = true; // or it looks up the names of all peers
  const { header } = report.getReport() as unknown as { readonly header: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime !== undefined;
}
