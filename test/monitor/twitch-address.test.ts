import { expect, test } from 'vitest';
import { matchTwitch } from '../../src/monitor/platforms/twitch/address.ts';

test.each([
  'https://www.twitch.tv/monstercat',
  'https://twitch.tv/MonsterCat/',
  'http://m.twitch.tv/monstercat?tt_medium=x',
  'https://go.twitch.tv/monstercat/videos',
  'https://www.twitch.tv/monstercat/schedule',
])('%s is a channel', (url) => {
  expect(matchTwitch(new URL(url))).toEqual({ channel: 'monstercat', url: 'https://www.twitch.tv/monstercat' });
});

test.each([
  'https://www.twitch.tv/',
  'https://www.twitch.tv/videos/1234567',
  'https://www.twitch.tv/directory/category/chess',
  'https://www.twitch.tv/p/legal',
  'https://www.twitch.tv/monstercat/clip/FunnyName',
  'https://www.twitch.tv/monstercat/v/1234567',
  'https://clips.twitch.tv/FunnyName',
  'https://www.twitch.tv/two%20words',
  'https://www.twitch.tv/%D0%B8%D0%BC%D1%8F',
  'https://twitch.tv.example/monstercat',
  'rtmp://www.twitch.tv/monstercat',
])('%s is none', (url) => {
  expect(matchTwitch(new URL(url))).toBeUndefined();
});
