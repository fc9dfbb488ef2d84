// npm test [-- vitest arguments]: installs what is missing, builds, runs every test against real parts.
import { become, build, installDependencies, installPrograms, rtmpModule } from './bootstrap.mjs';

installDependencies();
installPrograms(['ffmpeg', 'ffprobe', 'redis-server', 'chromium', rtmpModule]);
installPrograms(['yt-dlp', 'streamlink']);
build();
become(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
