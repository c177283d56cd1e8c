// Changes the product's code while a process loads it: `node --import 'plant.mjs?bug=<JSON of a PlantedBug>'`.
import { register } from 'node:module';

register('./plant-hooks.mjs', import.meta.url, {
  data: JSON.parse(new URL(import.meta.url).searchParams.get('bug') ?? ''),
});
