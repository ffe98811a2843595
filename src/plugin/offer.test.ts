import { describe, expect, expectTypeOf, test } from 'vitest';
import { OfferKey, Offers } from './offer.ts';
import { offered, testEnv } from './testing/env.ts';

const COLOUR = new OfferKey<string>('colour');
const DEPTH = new OfferKey<() => number>('depth');

function setUp() {
  const offers = new Offers();
  return { offers, sky: offers.envOf('sky'), sea: offers.envOf('sea') };
}

test('all offers under a key are had in the order of the chain, and those of one plugin alone', () => {
  const { offers, sky, sea } = setUp();
  sky.offer(COLOUR, 'blue');
  sky.offer(DEPTH, () => 1);
  sea.offer(COLOUR, 'green');
  sea.offer(COLOUR, 'grey');
  offers.complete();
  expect(sky.ask(COLOUR)).toEqual(['blue', 'green', 'grey']);
  expect(sky.ask(COLOUR, 'sea')).toEqual(['green', 'grey']);
  expect(sky.ask(COLOUR, 'land')).toEqual([]);
  expect(sea.ask(DEPTH).map((depth) => depth())).toEqual([1]);
});

test('nothing is had where nothing is offered', () => {
  const { offers, sky } = setUp();
  offers.complete();
  expect(sky.ask(COLOUR)).toEqual([]);
});

describe('a call at the wrong time is an error that names the plugin and the key', () => {
  test('asking before all plugins are created', () => {
    const { sky, sea } = setUp();
    sea.offer(COLOUR, 'green');
    expect(() => sky.ask(COLOUR)).toThrow(
      "'sky' asks for 'colour' before all plugins are created - call env.ask in wrap, in start, or later",
    );
  });

  test('offering after that', () => {
    const { offers, sky } = setUp();
    offers.complete();
    expect(() => sky.offer(COLOUR, 'blue')).toThrow(
      "'sky' offers 'colour' after it was created - call env.offer in create",
    );
  });
});

test('keys with the same name are different keys', () => {
  const { offers, sky, sea } = setUp();
  const other = new OfferKey<number>('colour');
  sky.offer(COLOUR, 'blue');
  sea.offer(other, 7);
  offers.complete();
  expect([sky.ask(COLOUR), sky.ask(other)]).toEqual([['blue'], [7]]);
});

test('a key of another copy of Cairn is refused, as nobody else could have it', () => {
  const { sky } = setUp();
  const foreign = { name: 'colour' } as OfferKey<string>;
  const message =
    "'sky' uses a key that is not made by this copy of cairn-dns - import OfferKey from 'cairn-dns/plugin'";
  expect(() => sky.offer(foreign, 'blue')).toThrow(message);
  expect(() => sky.ask(foreign)).toThrow(message);
});

test('the type of a value follows from its key', () => {
  const { offers, sky } = setUp();
  // @ts-expect-error
  sky.offer(COLOUR, 7);
  // @ts-expect-error
  offered('sky', DEPTH, 7);
  offers.complete();
  expectTypeOf(sky.ask(COLOUR)).toEqualTypeOf<readonly string[]>();
  expectTypeOf(sky.ask(DEPTH)).toEqualTypeOf<readonly (() => number)[]>();
  expectTypeOf<OfferKey<string>>().not.toExtend<OfferKey<unknown>>();
});

test('the environment of a test has what other plugins offer', () => {
  const env = testEnv({ name: 'sea', offers: [offered('sky', COLOUR, 'blue')] });
  env.offer(COLOUR, 'green');
  expect(() => env.ask(COLOUR)).toThrow(/'sea' asks for 'colour' before/);
  env.offers.complete();
  expect(env.ask(COLOUR)).toEqual(['blue', 'green']);
});
