// Draws docs/terminal.svg, or the file that is named, from what the program prints.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createAnsiSequenceParser} from 'ansi-sequence-parser';

const COLUMNS = 72;
// A character and a line in pixels. Each token is stretched to its columns, whatever font a reader has.
const CHARACTER = 8.4;
const LINE = 20;
const MARGIN = 20;
const PALETTE = {red: '#ff7b72', green: '#3fb950', yellow: '#d29922'};

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const [target = fileURLToPath(new URL('../docs/terminal.svg', import.meta.url))] = process.argv.slice(2);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'uniqueid-screenshot-')));
const options = {
  cwd: folder,
  env: {PATH: process.env.PATH, HOME: folder, COLUMNS: `${COLUMNS}`, FORCE_COLOR: '1'},
};

try {
  for (const line of ['dbsync', 'getid -m upload_job -r 3', 'getid -m file', 'reset -m file --to 251038 -y'])
    run(line);
  const screen = [
    shown('getid --mode file --range 10'),
    await shownByCurl('/getid?range=5&mode=file'),
    shown('status'),
    shown('reset --mode file --to 1000 --dry-run'),
    shown('reset --mode fil --to 300000'),
  ];
  writeFileSync(target, draw(screen.join('\n').split('\n')));
} finally {
  rmSync(folder, {recursive: true});
}

/** Returns what a command prints, on stdout and then on stderr. */
function run(line) {
  const {error, stdout, stderr} = spawnSync(process.execPath, [program, ...line.split(' ')], options);
  if (error) throw error;
  // The size of a database file differs between file systems, and an age between runs.
  return `${stdout}${stderr}`
    .trimEnd()
    .replace(/\d+ kB/, '20 kB')
    .replace(/written \d+ s ago/, 'written 1 s ago')
    .replaceAll(folder, '/srv/uniqueid');
}

function shown(line) {
  return `${prompt(`uniqueid ${line}`)}\n${run(line)}`;
}

/** Asks a service that runs for this request alone. */
async function shownByCurl(path) {
  const service = spawn(process.execPath, [program, 'serve', '--port', '0'], options);
  const exit = once(service, 'exit');
  try {
    const [started] = await Promise.race([once(service.stderr, 'data'), exit]);
    const [origin] = /http:\/\/127\.0\.0\.1:\d+/.exec(`${started}`) ?? [];
    if (origin === undefined) throw new Error(`The service did not start: ${started}`);
    const answer = await fetch(`${origin}${path}`);
    return `${prompt(`curl 'http://127.0.0.1:8051${path}'`)}\n${(await answer.text()).trimEnd()}`;
  } finally {
    service.kill();
    await exit;
  }
}

function prompt(command) {
  return `\x1b[32m$\x1b[39m \x1b[1m${command}\x1b[22m`;
}

/** Returns lines with their colours as an SVG picture. */
function draw(lines) {
  const parser = createAnsiSequenceParser();
  const texts = lines.flatMap((line, row) => drawLine(parser.parse(line), row));
  const width = COLUMNS * CHARACTER + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>A terminal with commands of UniqueID and what they print</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#e6edf3">
${texts.join('\n')}
</g>
</svg>
`;
}

function drawLine(tokens, row) {
  const y = MARGIN + (row + 0.75) * LINE;
  let column = 0;
  return tokens.flatMap(({value, foreground, decorations}) => {
    const text = value.trim();
    const x = (MARGIN + (column + value.indexOf(text)) * CHARACTER).toFixed(1);
    column += value.length;
    if (text === '') return [];
    const style = [
      foreground?.type === 'named' ? ` fill="${PALETTE[foreground.name]}"` : '',
      decorations.has('bold') ? ' font-weight="bold"' : '',
      decorations.has('dim') ? ' opacity="0.6"' : '',
    ].join('');
    const length = (text.length * CHARACTER).toFixed(1);
    return [`<text x="${x}" y="${y}" textLength="${length}"${style}>${escapeXml(text)}</text>`];
  });
}

/** Escapes text; its spaces become non-breaking, because browsers collapse others. */
function escapeXml(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(' ', '\u00a0');
}
