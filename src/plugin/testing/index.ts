/*
 * What a plugin is tested with, without a server; exported as `cairn-dns/plugin/testing`. Begin with `inFrontOf`, which puts a plugin
 * before replies that the test says; `makePlugin` makes one from the text of a server block. The clock of a test's environment stands
 * still, and nothing here is used by a server.
 */

export { answerOf, type Below, inFrontOf } from './chain.ts';
export { type FakeClock, fakeClock } from './clock.ts';
export { offered, type TestEnv, type TestEnvOptions, testEnv } from './env.ts';
export { makePlugin, nextHandler, parsePlugin, sentReply, startPlugin, warningsOf } from './plugin.ts';
export { printReply, type TestQueryOptions, testQuery } from './query.ts';
