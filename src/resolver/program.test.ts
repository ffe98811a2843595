import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.restoreAllMocks());

/** A module that has not looked at the process yet. */
async function freshly() {
  vi.resetModules();
  return import('./program.ts');
}

test.each([
  [{ glibcVersionRuntime: '2.36' }, 'glibc'],
  [{}, 'musl'],
])('the image is that of the process: %j is %s', async (header, libc) => {
  vi.spyOn(process, 'platform', 'get').mockReturnValue('linux');
  vi.spyOn(process.report, 'getReport').mockReturnValue({ header });
  const { stubsOfProgram } = await freshly();
  expect(stubsOfProgram()).toEqual({ stub: libc, recordsStub: 'node' });
  expect(stubsOfProgram({ runtime: 'libc' })).toEqual({ stub: libc, recordsStub: libc });
  expect(stubsOfProgram({ image: 'alpine-3.17' })).toEqual({ stub: 'musl-1.2.3', recordsStub: 'node' });
});

test('without Linux it is debian', async () => {
  vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin');
  expect((await freshly()).stubsOfProgram().stub).toBe('glibc');
});
