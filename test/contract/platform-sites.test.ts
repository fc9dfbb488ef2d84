import { createDirectPlatform } from '../../src/monitor/platforms/direct.ts';
import { createGenericPlatform } from '../../src/monitor/platforms/generic.ts';
import { createKickPlatform } from '../../src/monitor/platforms/kick.ts';
import { createMediamtxPlatform } from '../../src/monitor/platforms/mediamtx/mediamtx.ts';
import { createTwitchPlatform } from '../../src/monitor/platforms/twitch/twitch.ts';
import { createYoutubePlatform } from '../../src/monitor/platforms/youtube/youtube.ts';
import { startAnsweringYtdlp } from '../support/answering-ytdlp.ts';
import { startKick } from '../support/kick.ts';
import { startMediamtx } from '../support/mediamtx.ts';
import { startPlaylistSite } from '../support/playlist-site.ts';
import { programs } from '../support/programs.ts';
import { startTwitch } from '../support/twitch/server.ts';
import { startYoutube } from '../support/youtube/server.ts';
import { platformContract } from './platform.ts';

// Sites that answer nothing of use get no program to help.
const options = {
  programs: { ...programs, ytdlp: 'no-such-program', streamlink: 'no-such-program' },
  allowPrivate: true,
};

platformContract('twitch', async () => {
  const site = await startTwitch();
  site.add('one', 'two', 'three');
  return {
    platform: createTwitchPlatform({ ...options, ...site.app }),
    link: (name) => `https://www.twitch.tv/${name}`,
    badLink: 'https://www.twitch.tv/nobody_has_this',
    foreignLink: 'https://twitch.example/one',
    setLive: (name, isLive) => (isLive ? site.goLive(name) : site.goOffline(name)),
    setFault: (fault) => {
      if (fault === undefined) return site.mend();
      const kind = fault === 'error' ? ({ kind: 'status', status: 503 } as const) : ({ kind: 'silence' } as const);
      site.fault({ ...kind, times: 1_000 });
    },
    close: site.close,
  };
});

platformContract('youtube', async () => {
  const site = await startYoutube();
  return {
    platform: createYoutubePlatform({ ...options, root: site.root }),
    link: (name) => `https://www.youtube.com/@${name}`,
    badLink: 'https://www.youtube.com/@nobody_has_this',
    foreignLink: 'https://youtube.example/@one',
    setLive: (name, isLive) =>
      site.setChannel(`@${name}`, isLive ? { videoId: name.padEnd(11, '_'), state: 'live' } : undefined),
    setFault: (fault) => site.setFault(fault === 'error' ? 503 : fault),
    close: site.close,
  };
});

platformContract('kick', async () => {
  const site = await startKick();
  return {
    platform: createKickPlatform({ ...options, root: site.root }),
    link: (name) => `https://kick.com/${name}`,
    badLink: 'https://kick.com/nobody_has_this',
    foreignLink: 'https://kick.example/one',
    setLive: (name, isLive) => site.setChannel(name, isLive ? { slug: `1-${name}` } : undefined),
    setFault: (fault) => site.setFault(fault === 'error' ? 500 : fault),
    close: site.close,
  };
});

platformContract('mediamtx', async () => {
  const site = await startMediamtx();
  // Nobody types the address of one of its streams: they come from its list.
  const match = (url: URL) => {
    const platformId = url.pathname.slice(1);
    const port = url.port === '1' ? 1 : site.port;
    return {
      channel: `http://127.0.0.1:${port}/${platformId}`,
      url: `rtsp://127.0.0.1:8554/${platformId}`,
      platformId,
    };
  };
  return {
    platform: { ...createMediamtxPlatform(options), match },
    link: (name) => `rtsp://127.0.0.1:8554/${name}`,
    badLink: 'rtsp://127.0.0.1:1/one',
    setLive: (name, isLive) => site.set(name, isLive),
    setFault: (fault) => site.setFault(fault === 'error' ? 500 : fault),
    close: site.close,
  };
});

platformContract('direct', async () => {
  const site = await startPlaylistSite();
  return {
    platform: createDirectPlatform(options),
    link: (name) => `${site.root}/${name}.m3u8`,
    badLink: `${site.root}/broken.m3u8`,
    foreignLink: `${site.root}/page`,
    setLive: site.setLive,
    setFault: (fault) => site.setFault(fault === 'error' ? 500 : fault),
    close: site.close,
  };
});

platformContract('generic', async () => {
  const [site, ytdlp] = await Promise.all([startPlaylistSite(), startAnsweringYtdlp()]);
  // What is no playlist now is asked of yt-dlp, which gets the same answer of the site.
  const answered = (status: string) =>
    ytdlp.complain(`ERROR: [generic] Unable to download webpage: HTTP Error ${status}`);
  await answered('404: Not Found');
  return {
    platform: createGenericPlatform({ ...options, programs: { ...options.programs, ytdlp: ytdlp.path } }),
    link: (name) => `${site.root}/play?id=${name}`,
    badLink: 'ftp://files.example/one',
    setLive: site.setLive,
    setFault: async (fault) => {
      site.setFault(fault === 'error' ? 500 : fault);
      await answered(fault === 'error' ? '500: Internal Server Error' : '404: Not Found');
    },
    close: () => Promise.all([site.close(), ytdlp.close()]),
  };
});
