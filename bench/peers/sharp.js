// sharp.js MODE SIZE FOLDER FILE...: thumbnails by sharp, as a service would make them; prints the seconds that they took.
const path = require('path');
const sharp = require('sharp');
const [mode, size, folder, ...files] = process.argv.slice(2);
const [, lanes, concurrency, sequential] = mode.split('-').map(Number);

sharp.concurrency(concurrency);
sharp.cache(false);

const thumbnail = (file) =>
	sharp(file, { sequentialRead: sequential === 1 })
		.autoOrient()
		.resize(+size, +size, { fit: 'inside', withoutEnlargement: true })
		.jpeg({ quality: 85 })
		.toFile(path.join(folder, path.parse(file).name + '.jpg'));

// the clock's, or the processor's divided by two threads
const seconds = () => {
	const { user, system } = process.cpuUsage();
	return process.env.MEASURE === 'cpu' ? (user + system) / 2e6 : performance.now() / 1e3;
};

(async () => {
	await thumbnail(files[0]);	// its start is not counted
	const start = seconds();
	let next = 0;
	const lane = async () => {
		while (next < files.length)
			await thumbnail(files[next++]);
	};
	await Promise.all(Array.from({ length: lanes }, lane));
	console.log((seconds() - start).toFixed(3));
})().catch((error) => {
	console.error(error);
	process.exit(1);
});
