// bundle.mjs FOLDER [TOP]: makes the pages and LICENSES of the sources beside it, with the packages that are installed in FOLDER: gallery.html,
// whose photos are in it, and examples/gallery/index.html (below TOP), which asks a server for them.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const packages = resolve(process.argv[2]);
const top = process.argv[3] ?? resolve(here, '../..');
const require = createRequire(`${packages}/package.json`);
const { buildSync, build } = require('esbuild');
const topojson = require('topojson-client');

const source = name => readFileSync(`${here}/${name}`, 'utf8');
const hash = (algorithm, encoding, text) => createHash(algorithm).update(text).digest(encoding);

// The coasts in Web Mercator, in whole units of a square of 4096: as SVG's relative lines, 25 kB.  What crosses the date line is drawn
// at both edges, and Antarctica, which goes around, is closed beneath the square.
function outline() {
  const world = JSON.parse(readFileSync(`${packages}/node_modules/world-atlas/land-110m.json`, 'utf8'));
  const project = ([longitude, latitude]) => {
    const sine = Math.sin(Math.max(Math.min(latitude, 85.05), -85.05) * Math.PI / 180);
    return [(longitude / 360 + 0.5) * 4096, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 4096].map(Math.round);
  };
  const draw = (points, shift) => points.map(([x, y], i) => (i === 0 ? `M${x + shift} ${y}l` : `${x - points[i - 1][0]} ${y - points[i - 1][1]}`))
    .filter(step => step !== '0 0').join(' ').replaceAll('l ', 'l').replaceAll(' -', '-') + 'z';
  const ring = coordinates => {
    let turn = 0;
    const points = coordinates.map(project).map(([x, y], i, all) => {
      if (i > 0 && Math.abs(x - all[i - 1][0]) > 2048) turn += x > all[i - 1][0] ? -4096 : 4096;
      return [x + turn, y];
    });
    if (turn !== 0) points.push([points.at(-1)[0], 4200], [points[0][0], 4200]);
    const xs = points.map(([x]) => x);
    return [-4096, 0, 4096].filter(shift => Math.max(...xs) + shift > 0 && Math.min(...xs) + shift < 4096).map(shift => draw(points, shift)).join('');
  };
  const { features } = topojson.feature(world, world.objects.land);
  return features.flatMap(({ geometry }) => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates)).flat().map(ring).join('');
}

const world = {
  name: 'world-outline',
  setup(bundler) {
    bundler.onResolve({ filter: /^world-outline$/ }, ({ path }) => ({ path, namespace: 'world' }));
    bundler.onLoad({ filter: /.*/, namespace: 'world' }, () => ({ contents: `export default ${JSON.stringify(outline())}` }));
  },
};

// Of the packages that are in a page, by what esbuild tells of it; thumbhash comes without the text of its license.
function licenses(metafile) {
  const mit = readFileSync(`${packages}/node_modules/esbuild/LICENSE.md`, 'utf8').replace(/^MIT License\s+Copyright.*\n/, 'MIT License\n\nCopyright (c) 2023 Evan Wallace\n');
  const names = Object.keys(metafile.inputs).map(file => /node_modules\/([^/]+)\//.exec(file)?.[1]).filter(Boolean);
  return [...new Set([...names, 'world-atlas'])].sort().map(name => {
    const folder = `${packages}/node_modules/${name}`;
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const text = existsSync(`${folder}/LICENSE`) ? readFileSync(`${folder}/LICENSE`, 'utf8') : mit;
    return `${name} ${version}\n\n${text.trim()}\n`;
  }).join('\n\n');
}

// As test/lint.sh does it, to see that the page is made of these sources.
const sources = readdirSync(here).filter(name => /\.(css|js|json|mjs)$|^page\.html$/.test(name)).sort();
const sourcesHash = hash('sha256', 'hex', Buffer.concat(sources.map(name => readFileSync(`${here}/${name}`))));

const style = buildSync({ stdin: { contents: source('gallery.css'), loader: 'css' }, minify: true, write: false }).outputFiles[0].text.trim();

// A page with the photos of one source; allowed: what its policy lets it ask for.
async function makePage(file, photoSource, allowed, parts) {
  const { outputFiles, metafile } = await build({
    entryPoints: [`${here}/main.js`], bundle: true, minify: true, write: false, format: 'iife', target: 'es2022', legalComments: 'none',
    nodePaths: [`${packages}/node_modules`], plugins: [world], alias: { 'photo-source': `${here}/${photoSource}` }, metafile: true,
  });
  const script = outputFiles[0].text.trim();
  const texts = licenses(metafile);
  const policy = ["default-src 'none'", ...allowed, `style-src 'sha256-${hash('sha256', 'base64', style)}'`,
    `script-src 'sha256-${hash('sha256', 'base64', script)}'`, "base-uri 'none'", "form-action 'none'"].join('; ');
  const page = source('page.html')
    .replace('<html', () => `<!--\nMade by "make gallery" of sources with SHA-256 ${sourcesHash}.\n\n${texts}-->\n<html`)
    .replace('{{policy}}', policy).replace('{{upload}}', parts.upload).replace('{{data}}', parts.data)
    .replace('{{style}}', () => style).replace('{{script}}', () => script);
  if (/[^\n -~]/.test(page)) throw new Error(`${file} is not in ASCII`);
  if (page.split('@@photos@@').length !== (parts.data ? 2 : 1)) throw new Error(`${file} has not one place for the photos`);
  if (/<\/script|<!--/i.test(script)) throw new Error('the script ends its own element');
  writeFileSync(file, page);
  console.log(`${file}: ${page.length} bytes: script ${script.length}, style ${style.length}`);
  return texts;
}

const texts = await makePage(`${here}/gallery.html`, 'embedded.js', ['img-src data:'],
  { upload: '', data: '<script type="application/json" id="data">@@photos@@</script>\n' });
await makePage(`${top}/examples/gallery/index.html`, 'http.js', ["img-src 'self' data:", "connect-src 'self'"],
  { upload: '<label id="upload-button" class="button" hidden>Upload<input type="file" id="upload" accept="image/*" multiple></label>\n  ', data: '' });
writeFileSync(`${here}/LICENSES`, texts); // the other page has no more packages
