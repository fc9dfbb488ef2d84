// npm run build: src → dist. htmx and hls.js are served from node_modules, so nothing is copied.
import { build, installDependencies } from './bootstrap.mjs';

installDependencies();
build({ force: true });
