/** A channel as Twitch keeps it. `broadcast` is there while it is live. */
export type Channel = {
  id: string;
  login: string;
  displayName: string;
  title: string;
  category: string;
  isClosed: boolean;
  broadcast?: { id: string; startedAt: string; viewers: number };
};

/** All that the server knows; tests change it. */
export type World = { channels: Channel[]; tokens: Map<string, { clientId: string; untilMs: number }> };

const newWorld = (): World => ({ channels: [], tokens: new Map() });

export type Live = { title?: string; category?: string; broadcastId?: string; startedAt?: Date; viewers?: number };

/** A world without channels, and what a test does to it. Channels are named by their login. */
export function createWorld() {
  const world = newWorld();
  const find = (login: string) => {
    const channel = world.channels.find((one) => one.login === login);
    if (!channel) throw new Error(`no channel ${login}`);
    return channel;
  };
  let lastId = 40_000_000;
  return {
    world,
    find,
    /** Makes accounts; ids are numbers as text. */
    add(...logins: string[]) {
      for (const login of logins) {
        const id = String(++lastId);
        const facts = { displayName: login, title: `${login} says hello`, category: 'Chess', isClosed: false };
        world.channels.push({ id, login, ...facts });
      }
    },
    change(login: string, facts: Partial<Omit<Channel, 'id' | 'broadcast'>>) {
      Object.assign(find(login), facts);
    },
    goLive(login: string, { title, category, broadcastId, startedAt, viewers = 1 }: Live = {}) {
      const channel = find(login);
      if (title !== undefined) channel.title = title;
      if (category !== undefined) channel.category = category;
      const at = (startedAt ?? new Date()).toISOString().replace(/\.\d+Z$/, 'Z');
      channel.broadcast = { id: broadcastId ?? String(++lastId), startedAt: at, viewers };
    },
    goOffline(login: string) {
      find(login).broadcast = undefined;
    },
    /** Tokens given so far are refused from now on, before their time. */
    refuseTokens() {
      world.tokens.clear();
    },
  };
}
