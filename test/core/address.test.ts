import { expect, test } from 'vitest';
import { joinAddress, splitAddress } from '../../src/core/address.ts';

test('an address is a chat, or a chat and a thread inside it', () => {
  expect(splitAddress('-100123')).toEqual({ chatId: '-100123' });
  expect(splitAddress('-100123/7')).toEqual({ chatId: '-100123', threadId: '7' });
  expect(splitAddress('-100123/')).toEqual({ chatId: '-100123' });
});

test('joining gives back what was split', () => {
  for (const address of ['main', '-100123', '-100123/7']) expect(joinAddress(splitAddress(address))).toBe(address);
  expect(joinAddress({ chatId: '5', threadId: null })).toBe('5');
});
