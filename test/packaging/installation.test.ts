import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect, it} from 'vitest';
import {settings} from '../../src/lib/config/settings.js';
import {entryScript} from '../helpers/programs/docker-entry.js';
import {root} from '../helpers/folders/workspace.js';

const page = join(root, 'docs', 'operate', 'install.md');
const text = readFileSync(page, 'utf8');

/** Returns the code blocks in one language. */
function blocks(kind: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${kind}\\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block);
}

it('the installation page names existing files, the current version and known variables', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(existsSync(join(dirname(page), link)), link).toBe(true);
  const commands = blocks('sh').join('\n');
  for (const [path] of commands.matchAll(/docs\/[\w./-]+/g))
    expect(existsSync(join(root, path)), path).toBe(true);

  const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
  for (const [, named] of text.matchAll(/uniqueid[-_](\d[\d.]*\d)(?:_amd64\.deb|\.tgz)/g))
    expect(named).toBe(version);

  const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
  const known = [
    readFileSync(entryScript, 'utf8'),
    compose,
    ...Object.values(settings).map(({env}) => env),
  ].join('\n');
  for (const [name] of text.matchAll(/\b(?:PEEWEE|UNIQUEID)_[A-Z_]+/g)) expect(known).toContain(name);
  for (const [, service] of commands.matchAll(/docker compose exec (\w+)/g))
    expect(compose).toContain(`  ${service}:`);
});
