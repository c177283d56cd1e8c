import { checkOptions, Flowrra, getBackend, InvalidUrlError, registerBackend } from '@flowrra/core';
import { MapBackend } from './map-backend.js';

registerBackend('map', {
  // What an app passes: keyPrefix and ttl, if they are set, and backend.options. Refuse what you do not know.
  createBackend(url, options) {
    if (url !== 'map:') throw new InvalidUrlError('A map has no address: write "map:".');
    checkOptions(options, '', []);
    return new MapBackend();
  },
  // createBroker(url, options) belongs here when the store carries messages too.
});

console.log((await getBackend('map:')).constructor.name); // MapBackend
const app = new Flowrra({ backend: 'map:', broker: null });
const add = app.task('add', (a: number, b: number) => a + b);
await app.start();
console.log(await add.call([2, 3])); // 5
await app.stop();
