// npm start [-- role …]: everything in one process (or the roles given) on a machine with Node and npm.
import { become, build, installDependencies, installPrograms } from './bootstrap.mjs';

installDependencies();
installPrograms([process.env.FFMPEG || 'ffmpeg', process.env.FFPROBE || 'ffprobe']);
if (!process.env.YTDLP) installPrograms(['yt-dlp'], { isOptional: true });
build();
const args = process.argv.slice(2);
become(process.execPath, ['dist/main.js', ...(args.length > 0 ? args : ['all'])]);
