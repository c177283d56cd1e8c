/** @type {import('../plan.js').PlantedBug} */
let bug;

/** @param {import('../plan.js').PlantedBug} data */
export function initialize(data) {
  bug = data;
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!url.includes(`/packages/${bug.package}/dist/`)) return loaded;
  let source = String(loaded.source);
  for (const { find, replace } of bug.edits) source = source.replace(find, () => replace);
  return { ...loaded, source };
}
