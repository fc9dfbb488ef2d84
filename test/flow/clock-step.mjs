// Loaded with --import before the product's first line: its clock is off by the milliseconds in the file CLOCK_FILE,
// from the moment that file is written. What is counted by performance.now() goes on as before, as with a real clock.
import { readFileSync } from 'node:fs';

const RealDate = Date;
const realNow = Date.now.bind(Date);
let offsetMs = 0;

setInterval(() => {
  try {
    offsetMs = Number(readFileSync(process.env.CLOCK_FILE ?? '', 'utf8'));
  } catch {
    // Not yet.
  }
}, 50).unref();

globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length > 0 ? args : [realNow() + offsetMs]));
  }
  static now() {
    return realNow() + offsetMs;
  }
};
