import { app, greet } from './app.js';

const handle = await greet.submit(['Ada']);
console.log(await handle.result({ timeout: '30s' }));
await app.stop();
