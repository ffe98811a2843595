/**
 * What a plugin is tested with, without a server: `inFrontOf` puts it before replies that the test says, `makePlugin` makes it from the text of a server block,
 * and both give it an environment whose clock stands still. Exported as `cairn-dns/plugin/testing`; nothing here is used by a server.
 */
export { answerOf, type Below, inFrontOf } from './chain.ts';
export { type FakeClock, fakeClock } from './clock.ts';
export { offered, type TestEnv, type TestEnvOptions, testEnv } from './env.ts';
export { makePlugin, nextHandler, parsePlugin, sentReply, warningsOf } from './plugin.ts';
export { printReply, type TestQueryOptions, testQuery } from './query.ts';
