import type { App } from '../app.ts';

/** Owner of the monitor's short leases. Not the worker's: its beat renews all it owns, and these must run out. */
export const monitorOf = (app: App): string => `${app.owner}/monitor`;
