import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Platform } from '../../src/core/ports.ts';
import { codeSentence } from '../../src/core/text/text.ts';
import { createDirectPlatform } from '../../src/monitor/platforms/direct.ts';
import { createGenericPlatform } from '../../src/monitor/platforms/generic.ts';
import { createKickPlatform } from '../../src/monitor/platforms/kick.ts';
import { createMediamtxPlatform } from '../../src/monitor/platforms/mediamtx/mediamtx.ts';
import { createTwitchPlatform } from '../../src/monitor/platforms/twitch/twitch.ts';
import { createYoutubePlatform } from '../../src/monitor/platforms/youtube/youtube.ts';
import { programs } from '../support/programs.ts';

const text = readFileSync(new URL('../../docs/platforms.md', import.meta.url), 'utf8');
const options = { programs, allowPrivate: false };
const roots = { apiRoot: 'https://api.twitch.tv/helix', authRoot: 'https://id.twitch.tv/oauth2' };

const rowOf = (name: string, { everyMs, batchSize, checksAtOnce, isEndFinal }: Platform) =>
  `| ${name} | ${everyMs / 1000} s | ${batchSize} | ${checksAtOnce} | ${isEndFinal ? 'yes' : 'no'} |`;

test('the table of docs/platforms.md is what the platforms want', () => {
  const twitch = createTwitchPlatform({ ...options, ...roots, clientId: 'a', clientSecret: 'b' });
  const slow = createTwitchPlatform({ ...options, ...roots });
  const both = [`${slow.everyMs / 1000} s without an application`, `${slow.batchSize}`, `${slow.checksAtOnce}`];
  const pairs = [`60 s (${both[0]})`, `${twitch.batchSize} (${both[1]})`, `${twitch.checksAtOnce} (${both[2]})`];
  expect(text).toContain(`| Twitch | ${pairs.join(' | ')} | no |`);
  expect(text).toContain(rowOf('YouTube', createYoutubePlatform({ ...options, root: 'https://www.youtube.com' })));
  expect(text).toContain(rowOf('Kick', createKickPlatform(options)));
  expect(text).toContain(rowOf('MediaMTX (`auto=`)', createMediamtxPlatform(options)));
  expect(text).toContain(rowOf('addresses of media', createDirectPlatform(options)));
  expect(text).toContain(rowOf('any other page', createGenericPlatform(options)));
});

test('each code it names has a sentence', () => {
  const codes = [...text.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code = '']) => code);
  const ours = codes.filter((code) => !['curl_cffi'].includes(code));
  expect(ours.length).toBeGreaterThan(10);
  expect(ours.filter((code) => codeSentence('en', code) === undefined)).toEqual([]);
});
