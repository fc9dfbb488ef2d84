// npm run demo [-- --once]: shows Aircheck at work on a machine with Node and npm; the demo itself is src/demo.ts.
import { become, build, installDependencies, installPrograms } from './bootstrap.mjs';

installDependencies();
installPrograms([process.env.FFMPEG || 'ffmpeg', process.env.FFPROBE || 'ffprobe']);
if (!process.env.YTDLP) installPrograms(['yt-dlp'], { isOptional: true });
build();
become(process.execPath, ['dist/main.js', 'demo', ...process.argv.slice(2)]);
