import type { LookupAddress } from 'node:dns';
import { lookup as dnsLookup } from 'node:dns';
import ipaddr from 'ipaddr.js';
import { UserError } from '../core/errors.ts';

/** Whether an address is anything but public unicast (private, loopback, link-local, CGNAT, mapped, reserved …). */
export function isPrivateAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return true;
  const parsed = ipaddr.process(address);
  // Outside 2000::/3 nothing is public; `::7f00:1` is an old spelling of 127.0.0.1. Source: RFC 4291 §2.4.
  const isOdd = parsed.kind() === 'ipv6' && (parsed.toByteArray()[0] ?? 0) >> 5 !== 1;
  return isOdd || parsed.range() !== 'unicast';
}

type Lookup = (
  hostname: string,
  options: { all?: boolean },
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/**
 * DNS whose answer is checked: the address that is connected to is the one that was looked at (no rebinding).
 *
 * @throws UserError `address_refused` (through the callback)
 */
export const guardedLookup: Lookup = (hostname, options, callback) => {
  dnsLookup(hostname, { all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const refused = addresses.find(({ address }) => isPrivateAddress(address));
    if (refused || addresses.length === 0) return callback(new UserError('address_refused', { host: hostname }), []);
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};
