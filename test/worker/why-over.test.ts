import { expect, test } from 'vitest';
import { TemporaryError, UserError } from '../../src/core/errors.ts';
import { isNotThereYet, type Loss, whyOver } from '../../src/worker/why-over.ts';

const usual: Loss = { hasBegun: true, isEndFinal: true, isPaired: false };
const told = (code: string): Partial<Loss> => ({ cause: new UserError(code) });

test.each<[string, Partial<Loss>, string | undefined]>([
  ['the source said that it is over', {}, 'source_ended'],
  ['the site said so', told('stream_ended'), 'source_ended'],
  ['the site said so of a streamer who may come back', { ...told('stream_ended'), isEndFinal: false }, undefined],
  ['the site said so of one of a pair', { ...told('stream_ended'), isPaired: true }, undefined],
  ['nothing is there: an encoder that drops looks like it', told('stream_removed'), undefined],
  ['it is offline', told('stream_offline'), undefined],
  ['it was lost', { cause: new TemporaryError('source_lost') }, undefined],
  ['it is encrypted for players', told('hls_drm'), 'hls_drm'],
  ['a name led to a private address once', told('address_refused'), undefined],
  ['its name never led anywhere else', { ...told('address_refused'), hasBegun: false }, 'address_refused'],
  ['a program is being upgraded', told('program_missing'), undefined],
  ['a program is not installed', { ...told('program_missing'), hasBegun: false }, 'program_missing'],
])('%s', (_, loss, reason) => {
  expect(whyOver({ ...usual, ...loss })).toBe(reason);
});

test('what is live by its site and nowhere to be had may only have begun', () => {
  expect(isNotThereYet(new UserError('stream_removed'))).toBe(true);
  expect(isNotThereYet(Object.assign(new Error('404'), { status: 404 }))).toBe(true);
  expect(isNotThereYet(new TemporaryError('source_lost'))).toBe(false);
});
